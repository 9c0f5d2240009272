import type { LogView } from '../history/tracked.ts'
import type { Arrival, BlobRef } from '../session/entry.ts'
import { QUEUE_BYTES, QUEUE_EVENTS } from '../session/settle.ts'
import { weigh, weighQueue } from '../session/weight.ts'

/** Signals that one run takes; a run ends long before, unless it is flooded faster than it can. */
const RUN_SIGNALS = 2_000
/** So many events are let in on one reading of a log; then it is read again. */
const UNREAD_EVENTS = 64
/** What is not in the log by then never reached it. */
const LOST_MS = 15_000
/** Sessions whose backlog is kept; one that is forgotten may get a queue that is fuller than it should be. */
const KEPT_SESSIONS = 10_000

type Read = Pick<LogView, 'session' | 'state' | 'signals'>

/** An event as it would wait, and what of it is kept elsewhere. */
type Wanted = Arrival & { readonly blobs?: readonly BlobRef[] }

/** What an api process has let into queues and has not read in their logs yet. */
export interface Backlog {
  /**
   * Takes up room in a queue, for all of the events or none: false when what the view shows and what was let in since
   * leave too little. `isFresh` says that the view shows the log as it is now. An interrupt needs no room.
   */
  take(view: Read, events: readonly Wanted[], isFresh: boolean): boolean
  /** Gives the room back, because nothing was sent. */
  giveBack(session: string, events: readonly Arrival[]): void
}

interface Waiting {
  readonly bytes: number
  readonly at: number
}

export function createBacklog(now: () => number): Backlog {
  const sessions = new Map<string, Map<string, Waiting>>()

  /** What was let into a session's queue, by id; the map of sessions is in the order of last use. */
  function find(session: string): Map<string, Waiting> {
    const waiting = sessions.get(session) ?? new Map<string, Waiting>()
    sessions.delete(session)
    sessions.set(session, waiting)
    for (const [id] of sessions) {
      if (sessions.size <= KEPT_SESSIONS) break
      sessions.delete(id)
    }
    return waiting
  }

  return {
    take({ session, state, signals }, events, isFresh) {
      const messages = events.filter(({ type }) => type !== 'user.interrupt')
      if (messages.length === 0) return true
      const waiting = find(session)
      const seen = new Set(waiting.size > 0 ? state.seen : [])
      for (const [id, { at }] of waiting) {
        if (seen.has(id) || (isFresh && now() - at >= LOST_MS)) waiting.delete(id)
      }
      const wanted = messages.map(({ blobs, ...event }) => ({ id: event.id, bytes: weigh(event, blobs) }))
      const unread = waiting.size + wanted.length
      const bytes = [...waiting.values(), ...wanted].reduce((total, one) => total + one.bytes, 0)
      const isTooMuch =
        (!isFresh && unread > UNREAD_EVENTS) ||
        signals >= RUN_SIGNALS ||
        state.queue.length + unread > QUEUE_EVENTS ||
        weighQueue(state) + bytes > QUEUE_BYTES
      if (isTooMuch) return false
      for (const one of wanted) waiting.set(one.id, { bytes: one.bytes, at: now() })
      return true
    },
    giveBack(session, events) {
      for (const { id } of events) sessions.get(session)?.delete(id)
    },
  }
}
