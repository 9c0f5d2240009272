import type { Outages } from './outages.ts'
import type { HistorySource, Token } from './source.ts'
import { isInvalidArgument, isNotFound } from './source.ts'
import type { TrackedLog } from './tracked.ts'

export interface WatcherPorts {
  readonly source: HistorySource
  readonly outages: Outages
  /** Resolves after so many milliseconds, or when the signal is aborted. */
  readonly pause: (ms: number, signal: AbortSignal) => Promise<void>
  /** Called when it goes over to another run. */
  readonly crossed?: () => void
}

export interface Watching {
  stop(): void
  /** Resolves when the server has the run no more, and never else. */
  readonly gone: Promise<void>
}

/** A refused token works again in a moment, or never. */
const TOKEN_TRIES = 3
const TOKEN_RETRY_MS = 50
const FIRST_RETRY_MS = 200
const SLOWEST_RETRY_MS = 5_000

/**
 * Follows a session's runs by long poll and feeds its log, until the last has ended or nobody watches. The token is this watcher's own;
 * one that the server refuses is tried again, then history is read from its first event once more. While the server
 * is away it is asked again after 200 ms, then ever more slowly up to every 5 s.
 */
export function startWatching(log: TrackedLog, { source, outages, pause, crossed }: WatcherPorts): Watching {
  const stopped = new AbortController()
  let tellGone = (): void => undefined
  const gone = new Promise<void>((resolve) => (tellGone = resolve))

  async function watch(): Promise<void> {
    let token: Token | null = null
    let failures = 0
    let refusals = 0
    let run = log.current
    while (!stopped.signal.aborted && run) {
      const { id } = run
      try {
        // The connection never removes its abort listener, so each poll brings its own controller.
        const polled = await withSignal(stopped.signal, (signal) =>
          source.poll({ session: log.session, runId: id, token }, signal),
        )
        // Whoever stopped it may be reading the log anew, without what was read here.
        if (stopped.signal.aborted) return
        log.take(id, polled.items)
        token = polled.token
        // The pointer to the next run counts only now: until here, history had more of this one.
        const next = token ? null : run.next
        const begun = next === null ? [] : await source.read(log.session, next, 0)
        if (stopped.signal.aborted) return
        if (next !== null) log.take(next, begun)
        if (!token) {
          run = run === log.current ? null : log.current
          if (run) crossed?.()
        }
        if (failures > 0) outages.over(log.session)
        failures = 0
        refusals = 0
      } catch (error) {
        if (stopped.signal.aborted) return
        if (isNotFound(error)) return tellGone()
        outages.began(log.session, error)
        refusals = token && isInvalidArgument(error) ? refusals + 1 : 0
        if (refusals > TOKEN_TRIES) token = null
        const delayMs = refusals > 0 ? TOKEN_RETRY_MS : FIRST_RETRY_MS * 2 ** failures
        failures += 1
        await pause(Math.min(delayMs, SLOWEST_RETRY_MS), stopped.signal)
      }
    }
  }

  void watch().finally(() => outages.left(log.session))
  return { stop: () => stopped.abort(), gone }
}

async function withSignal<T>(outer: AbortSignal, poll: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const own = new AbortController()
  const forward = (): void => own.abort()
  outer.addEventListener('abort', forward, { once: true })
  try {
    return await poll(own.signal)
  } finally {
    outer.removeEventListener('abort', forward)
  }
}
