import { createHash } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { After } from '../wire/after.ts'
import { createDeliveries } from './delivery.ts'

/** SDKs try again within 8 seconds, or after our `retry-after`. */
const KEPT_MS = 15_000
const KEPT_REFUSALS = 10_000

/** One of the tries that a client makes of one request. */
export interface Attempt {
  /** Whether it repeats what may have been taken: the client says that it repeats, and no try refused here was it. */
  readonly isRetry: boolean
  /** To be called when the request has a row of ids: from then on the row tells what became of it. */
  admitted(): void
  /** Calls back once the client has the answer whole; see `Deliveries`. */
  whenDelivered(reply: FastifyReply, delivered: () => void): void
}

interface Clock {
  readonly now: () => number
  readonly after: After
}

/**
 * Tells retries of what may have been taken from retries of what was refused. SDKs number their tries and do not name
 * their requests. Among requests with the same body only their number matters, so refused tries are counted, and a
 * retry with such a body is one of those, new as far as logs are concerned.
 */
export function createAttempts({ now, after }: Clock): (request: FastifyRequest, reply: FastifyReply) => Attempt {
  const deliveries = createDeliveries(after)
  const refusals = createRefusals(now)
  return (request, reply) => {
    deliveries.next(request.raw.socket)
    const isRepeated = Number(request.headers['x-stainless-retry-count'] ?? 0) > 0
    const isRetry = isRepeated && !refusals.take(nameOf(request))
    let isAdmitted = false
    reply.raw.once('finish', () => {
      // What became of a retry's earlier tries is not known here, whatever was said to this one.
      if (!isRetry && !isAdmitted && isSentAgain(reply)) refusals.add(nameOf(request))
    })
    return {
      isRetry,
      admitted() {
        isAdmitted = true
      },
      whenDelivered: ({ raw }, delivered) => deliveries.watch(request.raw, raw, delivered),
    }
  }
}

/** Refusals by name, each counted until it is taken or old; the map is in the order of age. */
function createRefusals(now: () => number): { add(name: string): void; take(name: string): boolean } {
  const refusals = new Map<string, { readonly count: number; readonly at: number }>()
  return {
    add(name) {
      const count = (refusals.get(name)?.count ?? 0) + 1
      refusals.delete(name)
      refusals.set(name, { count, at: now() })
      for (const [old, { at }] of refusals) {
        if (refusals.size <= KEPT_REFUSALS && now() - at < KEPT_MS) return
        refusals.delete(old)
      }
    },
    take(name) {
      const kept = refusals.get(name)
      if (!kept || now() - kept.at >= KEPT_MS) return false
      if (kept.count > 1) refusals.set(name, { ...kept, count: kept.count - 1 })
      else refusals.delete(name)
      return true
    },
  }
}

/** What an SDK sends again by itself. */
function isSentAgain({ statusCode }: FastifyReply): boolean {
  return statusCode === 429 || statusCode >= 500
}

function nameOf({ method, url, body, caller }: FastifyRequest): string {
  return `${caller.workspaceId} ${method} ${url} ${hashOf(body)}`
}

/** SHA-256 of a request's body, hex. */
export function hashOf(body: unknown): string {
  return createHash('sha256')
    .update(JSON.stringify(body ?? null))
    .digest('hex')
}
