import { setTimeout as sleep } from 'node:timers/promises'
import { isUnavailable } from '../history/source.ts'
import { isStoreAway } from '../store/away.ts'
import { failure } from './failures.ts'

export interface OutlastOptions {
  /** Ends the wait; what is awaited then rejects with its reason. */
  readonly signal: AbortSignal
  readonly pause?: (ms: number, signal: AbortSignal) => Promise<void>
  /** Milliseconds since any fixed moment. */
  readonly now?: () => number
}

const FIRST_MS = 200
const LONGEST_MS = 5_000
/** An outage is mended by then, or a person has to be told. */
const PATIENCE_MS = 15 * 60_000

/**
 * Does work that reads or writes the log's stores, again as long as they are away: an outage of minutes costs neither
 * one of the activity's attempts nor what the activity holds already, such as an answer that was paid for. The caller
 * keeps beating. Past its patience of a quarter of an hour it fails as `store_away`.
 */
export async function outlast<T>(work: () => Promise<T>, options: OutlastOptions): Promise<T> {
  const { signal, pause = rest, now = () => performance.now() } = options
  const began = now()
  for (let wait = FIRST_MS; ; wait = Math.min(wait * 2, LONGEST_MS)) {
    try {
      return await work()
    } catch (error) {
      if (!isStoreAway(error) && !isUnavailable(error)) throw error
      signal.throwIfAborted()
      const minutes = Math.floor((now() - began) / 60_000)
      if (now() - began >= PATIENCE_MS) {
        throw failure('store_away', `store: it has been away for ${minutes} minutes: ${reasonOf(error)}`, error)
      }
      await pause(wait, signal)
    }
  }
}

async function rest(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => signal.throwIfAborted())
}

/** Several refused addresses come as one error without a message. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.message === '' && 'code' in error ? String(error.code) : error.message.replace(/^store: /, '')
}
