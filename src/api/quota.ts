import { ApiError } from '../wire/errors.ts'
import { createRateLimit } from './rate.ts'

/** What one workspace may use, so that no other one waits for it. */
export interface Quotas {
  /** Requests a second that one api process takes of it; twice as many at once after a rest. */
  readonly requests: number
  /** Sessions of it that may be running at once. */
  readonly running: number
}

/** For whoever is one of few: far above what one machine does. */
export const DEFAULT_QUOTAS: Quotas = { requests: 2_000, running: 1_000 }

/** How long a count of running sessions is good for; what this process has let start since is added. */
const COUNT_MS = 1_000

export interface Quota {
  /** Counts a request. Throws an ApiError, 429, that names the quota. */
  request(workspace: string): void
  /** Counts a session that is about to run, a new one by null; or answers the ApiError, 429, that refuses it. */
  running(workspace: string, session: string | null): Promise<ApiError | null>
}

export interface QuotaPorts {
  /** How many sessions of a workspace run, counted up to `most`. */
  readonly countRunning: (workspace: string, most: number) => Promise<number>
  readonly now: () => number
}

interface Count {
  readonly counted: Promise<number>
  readonly at: number
  /** Sessions let run since. */
  readonly started: Set<string>
  created: number
}

/** The count comes from the index of sessions, which follows the logs: a soft limit, exceeded by a few in a rush. */
export function createQuota(quotas: Quotas, { countRunning, now }: QuotaPorts): Quota {
  const counts = new Map<string, Count>()
  const request = createRateLimit(now, {
    perSecond: quotas.requests,
    burst: 2 * quotas.requests,
    message: `The workspace's quota is ${quotas.requests} requests a second.`,
  })

  function countOf(workspace: string): Count {
    const known = counts.get(workspace)
    if (known && now() - known.at < COUNT_MS) return known
    const count = {
      counted: countRunning(workspace, quotas.running),
      at: now(),
      started: new Set<string>(),
      created: 0,
    }
    counts.set(workspace, count)
    return count
  }

  return {
    request,
    async running(workspace, session) {
      const count = countOf(workspace)
      const counted = await count.counted
      if (session !== null && count.started.has(session)) return null
      if (counted + count.started.size + count.created >= quotas.running) {
        const message = `The workspace's quota is ${quotas.running} running sessions; try again when one is idle.`
        return new ApiError('rate_limit', message, { retryAfter: 5 })
      }
      if (session === null) count.created += 1
      else count.started.add(session)
      return null
    },
  }
}
