import { setTimeout as sleep } from 'node:timers/promises'
import type { HistorySource, Token } from './source.ts'
import { isInvalidArgument, isNotFound } from './source.ts'
import type { TrackedLog } from './tracked.ts'

export interface Watching {
  stop(): void
  /** Resolves when the server has the run no more, and never else. */
  readonly gone: Promise<void>
}

const RETRY_MS = 200
const TOKEN_TRIES = 3

/**
 * Follows a run by long poll and feeds its log, until it has ended or nobody watches. The token is this watcher's own;
 * one that the server refuses is tried again, then history is read from its first event once more.
 */
export function startWatching(
  log: TrackedLog,
  source: HistorySource,
  process: { warn(details: object, message: string): void },
): Watching {
  const stopped = new AbortController()
  let tellGone = (): void => undefined
  const gone = new Promise<void>((resolve) => (tellGone = resolve))

  async function watch(): Promise<void> {
    let token: Token | null = null
    let refusals = 0
    while (!stopped.signal.aborted && log.runId) {
      try {
        // The connection never removes its abort listener, so each poll brings its own controller.
        const polled = await withSignal(stopped.signal, (signal) =>
          source.poll({ session: log.session, runId: log.runId ?? '', token }, signal),
        )
        refusals = 0
        log.take(polled.items)
        token = polled.token
        if (!token) return
      } catch (error) {
        if (stopped.signal.aborted) return
        if (isNotFound(error)) return tellGone()
        refusals = isInvalidArgument(error) ? refusals + 1 : 0
        if (refusals > TOKEN_TRIES) token = null
        process.warn({ err: error, session: log.session }, 'history poll failed; trying again')
        await sleep(RETRY_MS, undefined, { signal: stopped.signal }).catch(() => undefined)
      }
    }
  }

  void watch().catch((error: unknown) => process.warn({ err: error, session: log.session }, 'watcher ended'))
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
