import type { HistoryItem } from '../../src/history/item.ts'
import type { LogItem } from '../../src/history/project.ts'
import { Projection } from '../../src/history/project.ts'
import type { HistorySource, Polled } from '../../src/history/source.ts'
import type { Carried } from '../../src/session/carry.ts'
import type { SessionEvent } from '../../src/wire/types.ts'

type Body<I> = I extends unknown ? Omit<I, 'eventId' | 'at'> : never
export type ItemBody = Body<HistoryItem>

export const SESSION = 'sesn_011111111111111111111111'
export const RUN_ID = 'run-1'

/** A time of the tests' own, in milliseconds since the epoch. */
export const NOON = Date.UTC(2026, 0, 2, 12)

export const started = (input: unknown = {}): ItemBody => ({
  type: 'started',
  runId: RUN_ID,
  follows: null,
  input,
})
/** The beginning of a run that goes on where another one ended. */
export const takenOver = (runId: string, carried: Carried): ItemBody => ({
  type: 'started',
  runId,
  follows: `run-${carried.run - 1}`,
  input: { carried },
})
/** From here on a run that is a copy up to here is one of its own. */
export const reset = (runId: string): ItemBody => ({ type: 'reset', runId })
export const continued = (next: string): ItemBody => ({ type: 'continued', next })
export const signaled = (...events: readonly unknown[]): ItemBody => ({ type: 'signaled', payload: { events } })
export const decided = (...entries: readonly unknown[]): ItemBody => ({ type: 'decided', entries })
export const scheduled = (activityId: string): ItemBody => ({ type: 'scheduled', activityId })
export const cancelRequested = (event: number): ItemBody => ({ type: 'cancel_requested', scheduled: event })
export const completed = (event: number, ...entries: readonly unknown[]): ItemBody => ({
  type: 'completed',
  scheduled: event,
  result: { entries },
})
export const lost = (event: number): ItemBody => ({ type: 'lost', scheduled: event })
export const ended = (how: Extract<HistoryItem, { type: 'ended' }>['how'], reason = ''): ItemBody => ({
  type: 'ended',
  how,
  reason,
})

/** Items with event ids 1, 2, … and a second between them. */
export function history(...bodies: readonly ItemBody[]): readonly HistoryItem[] {
  return bodies.map((body, index) => ({ eventId: index + 1, at: NOON + index * 1000, ...body }))
}

export interface Projected {
  readonly items: readonly LogItem[]
  readonly projection: Projection
  /** What clients see, queued echoes included. */
  readonly shown: readonly SessionEvent[]
}

export function project(items: readonly HistoryItem[]): Projected {
  const projection = new Projection(SESSION)
  const log = items.flatMap((item) => projection.take(item))
  return { items: log, projection, shown: log.flatMap((item) => (item.shown ? [item.shown] : [])) }
}

/** An error as a server's status gives it. */
export class ServerError extends Error {
  override readonly name = 'ServerError'
  readonly code: number

  constructor(code: number) {
    super(`status ${code}`)
    this.code = code
  }
}

export interface FakeSource extends HistorySource {
  /** What the server's history grows by; it belongs to the newest run, and a beginning makes one. */
  grow(...items: readonly HistoryItem[]): void
  /** A run with a history of its own from the start, as a reset makes one: it is the newest from here on. */
  put(runId: string, items: readonly HistoryItem[]): void
  /** The server lets go of a run. */
  remove(runId: string): void
  /** Makes the next reads, or polls, fail. */
  fail(what: 'read' | 'poll', ...errors: readonly Error[]): void
  /** Holds reads that begin from now on until the returned function is called; what they saw is what stood then. */
  hold(): () => void
  /** What was asked for: each read's `after`, each poll's token as text, or null. */
  readonly reads: readonly number[]
  readonly polls: readonly (string | null)[]
  /** The runs that were read, in order; null for the newest. */
  readonly runs: readonly (string | null)[]
  /** Polls that wait for the history to grow. */
  readonly waiting: number
  /** Resolves when a poll waits. */
  whenWaiting(): Promise<void>
}

const NOT_FOUND = 5

/**
 * A server's history in memory: reads give what stands after an event, polls wait until there is more. A run that was
 * continued is given with a token once more before the token is empty, as the server does.
 */
export function createFakeSource(): FakeSource {
  const histories = new Map<string, HistoryItem[]>()
  const reads: number[] = []
  const runs: (string | null)[] = []
  const polls: (string | null)[] = []
  const failures = { read: [] as Error[], poll: [] as Error[] }
  const sleepers = new Set<() => void>()
  let newest = ''
  let waited: (() => void)[] = []
  let gate: Promise<void> = Promise.resolve()

  function itemsOf(runId: string): HistoryItem[] {
    const items = histories.get(runId)
    if (!items) throw new ServerError(NOT_FOUND)
    return items
  }

  async function poll(runId: string, from: number, signal: AbortSignal): Promise<Polled> {
    while (itemsOf(runId).length <= from) {
      if (isClosed(itemsOf(runId))) return { items: [], token: null }
      await new Promise<void>((resolve, reject) => {
        const wake = (): void => {
          sleepers.delete(wake)
          resolve()
        }
        sleepers.add(wake)
        for (const told of waited.splice(0)) told()
        signal.addEventListener('abort', () => {
          sleepers.delete(wake)
          reject(new Error('aborted'))
        })
      })
    }
    const items = itemsOf(runId)
    const isEnded = items.at(-1)?.type === 'ended'
    return { items: items.slice(from), token: isEnded ? null : Buffer.from(String(items.length)) }
  }

  return {
    grow(...more) {
      for (const item of more) {
        if (item.type === 'started') newest = item.runId
        histories.set(newest, [...(histories.get(newest) ?? []), item])
      }
      sleepers.forEach((wake) => wake())
    },
    put(runId, items) {
      newest = runId
      histories.set(runId, [...items])
      sleepers.forEach((wake) => wake())
    },
    remove: (runId) => void histories.delete(runId),
    fail: (what, ...errors) => void failures[what].push(...errors),
    hold() {
      let open = (): void => undefined
      gate = new Promise((resolve) => (open = resolve))
      return () => open()
    },
    reads,
    runs,
    polls,
    get waiting() {
      return sleepers.size
    },
    whenWaiting: () => (sleepers.size > 0 ? Promise.resolve() : new Promise((resolve) => waited.push(resolve))),
    async read(_session, runId, after) {
      reads.push(after)
      runs.push(runId)
      const seen = histories.get(runId ?? newest)?.filter((item) => item.eventId > after)
      await gate
      const failure = failures.read.shift()
      if (failure) throw failure
      if (!seen) throw new ServerError(NOT_FOUND)
      return seen
    },
    async present() {
      if (!histories.has(newest)) throw new ServerError(NOT_FOUND)
      return newest
    },
    async poll({ runId, token }, signal) {
      polls.push(token && Buffer.from(token).toString())
      const failure = failures.poll.shift()
      if (failure) throw failure
      return poll(runId, token ? Number(Buffer.from(token).toString()) : 0, signal)
    },
  }
}

function isClosed(items: readonly HistoryItem[]): boolean {
  const last = items.at(-1)
  return last?.type === 'ended' || last?.type === 'continued'
}
