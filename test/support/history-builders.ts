import type { HistoryItem } from '../../src/history/item.ts'
import type { LogItem } from '../../src/history/project.ts'
import { Projection } from '../../src/history/project.ts'
import type { HistorySource, Polled } from '../../src/history/source.ts'
import type { SessionEvent } from '../../src/wire/types.ts'

type Body<I> = I extends unknown ? Omit<I, 'eventId' | 'at'> : never
export type ItemBody = Body<HistoryItem>

export const SESSION = 'sesn_011111111111111111111111'
export const RUN_ID = 'run-1'

/** A time of the tests' own, in milliseconds since the epoch. */
export const NOON = Date.UTC(2026, 0, 2, 12)

export const started = (input: unknown = {}): ItemBody => ({ type: 'started', runId: RUN_ID, input })
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
  const projection = new Projection(SESSION, 1)
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
  /** The history that the server holds now. */
  grow(...items: readonly HistoryItem[]): void
  /** Makes the next reads, or polls, fail. */
  fail(what: 'read' | 'poll', ...errors: readonly Error[]): void
  /** Holds reads that begin from now on until the returned function is called; what they saw is what stood then. */
  hold(): () => void
  /** What was asked for: each read's `after`, each poll's token as text, or null. */
  readonly reads: readonly number[]
  readonly polls: readonly (string | null)[]
  /** Polls that wait for the history to grow. */
  readonly waiting: number
  /** Resolves when a poll waits. */
  whenWaiting(): Promise<void>
}

/** A server's history in memory: reads give what stands after an event, polls wait until there is more. */
export function createFakeSource(): FakeSource {
  const items: HistoryItem[] = []
  const reads: number[] = []
  const polls: (string | null)[] = []
  const failures = { read: [] as Error[], poll: [] as Error[] }
  const sleepers = new Set<() => void>()
  let waited: (() => void)[] = []
  let gate: Promise<void> = Promise.resolve()

  async function poll(from: number, signal: AbortSignal): Promise<Polled> {
    while (items.length <= from) {
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
    const isEnded = items.at(-1)?.type === 'ended'
    return { items: items.slice(from), token: isEnded ? null : Buffer.from(String(items.length)) }
  }

  return {
    grow(...more) {
      items.push(...more)
      sleepers.forEach((wake) => wake())
    },
    fail: (what, ...errors) => void failures[what].push(...errors),
    hold() {
      let open = (): void => undefined
      gate = new Promise((resolve) => (open = resolve))
      return () => open()
    },
    reads,
    polls,
    get waiting() {
      return sleepers.size
    },
    whenWaiting: () => (sleepers.size > 0 ? Promise.resolve() : new Promise((resolve) => waited.push(resolve))),
    async read(_session, _runId, after) {
      reads.push(after)
      const seen = items.filter((item) => item.eventId > after)
      await gate
      const failure = failures.read.shift()
      if (failure) throw failure
      return seen
    },
    async poll({ token }, signal) {
      polls.push(token && Buffer.from(token).toString())
      const failure = failures.poll.shift()
      if (failure) throw failure
      return poll(token ? Number(Buffer.from(token).toString()) : 0, signal)
    },
  }
}
