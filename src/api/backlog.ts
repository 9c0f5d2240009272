import type { LogView } from '../history/tracked.ts'
import type { Arrival, BlobRef } from '../session/entry.ts'
import { isQueued } from '../session/entry.ts'
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
   * leave too little. `isFresh` says that the view shows the log as it is now. An interrupt needs no room, and an
   * answer to a call none in the queue: a session that waits for it would never empty a full one.
   */
  take(view: Read, events: readonly Wanted[], isFresh: boolean): boolean
  /** Gives the room back, because nothing was sent. */
  giveBack(session: string, events: readonly Arrival[]): void
}

interface Waiting {
  /** What it takes of the queue, with the comma before it; null for what never stands in it. */
  readonly bytes: number | null
  readonly at: number
  /** The same for all of one signal. */
  readonly signal: object
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
      const others = events.filter(({ type }) => type !== 'user.interrupt')
      if (others.length === 0) return true
      const waiting = find(session)
      const seen = new Set(waiting.size > 0 ? state.seen : [])
      for (const [id, { at }] of waiting) {
        if (seen.has(id) || (isFresh && now() - at >= LOST_MS)) waiting.delete(id)
      }
      const unreadSignals = new Set([...waiting.values()].map(({ signal }) => signal)).size
      const wanted = others.map(({ blobs, ...event }) => ({
        id: event.id,
        bytes: isQueued(event) ? weigh(event, blobs) + 1 : null,
      }))
      const unread = [...waiting.values(), ...wanted]
      const queued = unread.flatMap(({ bytes }) => bytes ?? [])
      const isQueueFull =
        wanted.some(({ bytes }) => bytes !== null) &&
        (state.queue.length + queued.length > QUEUE_EVENTS ||
          queued.reduce((total, bytes) => total + bytes, weighQueue(state)) > QUEUE_BYTES)
      if ((!isFresh && unread.length > UNREAD_EVENTS) || signals + unreadSignals >= RUN_SIGNALS || isQueueFull)
        return false
      const signal = {}
      for (const { id, bytes } of wanted) waiting.set(id, { bytes, at: now(), signal })
      return true
    },
    giveBack(session, events) {
      for (const { id } of events) sessions.get(session)?.delete(id)
    },
  }
}
