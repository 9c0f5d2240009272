import { HandsUnavailable } from './hands.ts'

/** Milliseconds for what an agent can hold up, and nothing else in a sandbox that works. */
const patienceMs = 30_000

/** Rejects with `HandsUnavailable` when it comes late. `what`: what the sandbox does then, or does not do. */
export async function inTime<T>(wanted: Promise<T>, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new HandsUnavailable(`the sandbox ${what} for ${patienceMs} ms`)), patienceMs)
  })
  try {
    return await Promise.race([wanted, late])
  } finally {
    clearTimeout(timer)
  }
}

/** The same for what can be let go: the signal aborts when nobody waits for it any more. */
export function beginInTime<T>(begin: (signal: AbortSignal) => Promise<T>, what: string): Promise<T> {
  const over = new AbortController()
  return inTime(begin(over.signal), what).finally(() => over.abort())
}
