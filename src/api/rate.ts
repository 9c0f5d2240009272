import { ApiError } from '../wire/errors.ts'

/** Milliseconds of a clock that nobody sets: one that is set back would refuse everything until it is where it was. */
export function steady(): number {
  return performance.now()
}

export interface Rate {
  readonly perSecond: number
  /** How many at once after a rest. */
  readonly burst: number
  /** What a refusal says. */
  readonly message: string
}

/** What one session takes of one api process: posts of events to two of them may be twice as many. */
const SESSION_RATE: Rate = { perSecond: 20, burst: 50, message: 'The session takes 20 requests a second.' }

/** A limit per name and process: what is over it is refused with the time to wait, before anything is stored. */
export function createRateLimit(now: () => number, rate: Rate = SESSION_RATE): (name: string) => void {
  const { perSecond, burst, message } = rate
  const buckets = new Map<string, { tokens: number; at: number }>()
  return (name) => {
    const time = now()
    const bucket = buckets.get(name) ?? { tokens: burst, at: time }
    const tokens = Math.min(burst, bucket.tokens + ((time - bucket.at) / 1000) * perSecond)
    buckets.delete(name)
    if (tokens < 1) {
      buckets.set(name, { tokens, at: time })
      throw new ApiError('rate_limit', message, { retryAfter: 1 })
    }
    buckets.set(name, { tokens: tokens - 1, at: time })
    forgetFull(buckets, time - (burst / perSecond) * 1000)
  }
}

/** The map is in the order of last use; whoever was last there before this moment has a full bucket again. */
function forgetFull(buckets: Map<string, { at: number }>, before: number): void {
  for (const [name, { at }] of buckets) {
    if (at > before) return
    buckets.delete(name)
  }
}
