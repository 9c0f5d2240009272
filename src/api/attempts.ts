import type { FastifyReply, FastifyRequest } from 'fastify'
import type { IngressRow } from '../store/ingress.ts'
import type { After } from '../wire/after.ts'
import { createDeliveries } from './delivery.ts'

/** SDKs try again within 8 seconds, or after our `retry-after`. */
const KEPT_MS = 15_000
const KEPT_REFUSALS = 10_000

/** What the number's column holds. */
const MOST_RETRIES = 2 ** 31 - 1

/** One of the tries that a client makes of one request. */
export interface Attempt {
  /** Whether it repeats what may have been taken: the client says that it repeats, and no try refused here was it. */
  readonly isRetry: boolean
  /** How often the client says that it has tried before; 0 when it says nothing that makes sense. */
  readonly retry: number
  /** The request's row of ids, once it has one. */
  readonly row: IngressRow | null
  /** To be called when the request has a row of ids: from then on the row tells what became of it. */
  admitted(row: IngressRow): void
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
    const retry = readRetry(request)
    const isRetry = retry > 0 && !refusals.take(nameOf(request))
    let row: IngressRow | null = null
    reply.raw.once('finish', () => {
      // What became of a retry's earlier tries is not known here, whatever was said to this one.
      if (!isRetry && !row && isSentAgain(reply)) refusals.add(nameOf(request))
    })
    return {
      isRetry,
      retry,
      get row() {
        return row
      },
      admitted(admitted) {
        row = admitted
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

function readRetry({ headers }: FastifyRequest): number {
  const said = Math.trunc(Number(headers['x-stainless-retry-count'])) || 0
  return Math.min(Math.max(said, 0), MOST_RETRIES)
}

/** What an SDK sends again by itself. */
function isSentAgain({ statusCode }: FastifyReply): boolean {
  return statusCode === 429 || statusCode >= 500
}

function nameOf({ method, url, bodyHash, caller }: FastifyRequest): string {
  return `${caller.keyId} ${method} ${url} ${bodyHash}`
}
