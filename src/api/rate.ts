import { ApiError } from '../wire/errors.ts'

/** Requests a second that one session takes, and how many at once after a rest. */
const PER_SECOND = 20
const BURST = 50

/** A limit per session and process: what is over it is refused with the time to wait, before anything is stored. */
export function createRateLimit(now: () => number): (session: string) => void {
  const buckets = new Map<string, { tokens: number; at: number }>()
  return (session) => {
    const time = now()
    const bucket = buckets.get(session) ?? { tokens: BURST, at: time }
    const tokens = Math.min(BURST, bucket.tokens + ((time - bucket.at) / 1000) * PER_SECOND)
    buckets.delete(session)
    if (tokens < 1) {
      buckets.set(session, { tokens, at: time })
      throw new ApiError('rate_limit', `The session takes ${PER_SECOND} requests a second.`, { retryAfter: 1 })
    }
    buckets.set(session, { tokens: tokens - 1, at: time })
    forgetFull(buckets, time)
  }
}

/** The map is in the order of last use; whoever rested long enough has a full bucket again. */
function forgetFull(buckets: Map<string, { at: number }>, time: number): void {
  for (const [session, { at }] of buckets) {
    if (time - at < (BURST / PER_SECOND) * 1000) return
    buckets.delete(session)
  }
}
