import { randomBytes } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { WorkItem } from '../store/work.ts'
import { ApiError } from '../wire/errors.ts'
import type { Work } from '../wire/types.ts'
import type { ApiContext } from './context.ts'
import { steady } from './rate.ts'
import { toSecret, toWork } from './work-object.ts'

/** As the API's documents have it. Milliseconds. */
const RECLAIM = 5_000
const WORKER_LENGTH = 256

/** Answers an item with the secret that opens its session, or JSON null. */
export async function pollWork(
  context: ApiContext,
  request: FastifyRequest<{ Params: { id: string } }>,
  reply: FastifyReply,
): Promise<Work | FastifyReply> {
  const query = context.validator.parseQuery('work.poll', request.query)
  const { block_ms: blockMs, reclaim_older_than_ms: reclaimMs } = query
  const { id } = request.params
  const worker = readWorker(request)
  if (worker !== undefined) await context.work.polled(id, worker)
  const poll = {
    environmentId: id,
    keyId: request.caller.keyId,
    blockMs: blockMs ?? 0,
    reclaimMs: reclaimMs ?? RECLAIM,
  }
  const found = await awaitWork(context, poll, reply)
  // The one answer for nothing that workers in all languages take.
  if (!found) return reply.type('application/json; charset=utf-8').send('null')
  return toWork(found.item, toSecret(found.token))
}

interface Poll {
  readonly environmentId: string
  readonly keyId: string
  /** Milliseconds; 0: no longer than a look takes. */
  readonly blockMs: number
  readonly reclaimMs: number
}

interface Found {
  readonly item: WorkItem
  readonly token: string
}

/**
 * Looks, waits for a word of work or for the time to be over, and looks again: what nobody was told of is found by the
 * last look. A client that left is given nothing.
 */
async function awaitWork(context: ApiContext, poll: Poll, { raw }: FastifyReply): Promise<Found | null> {
  const { environmentId, keyId, blockMs, reclaimMs } = poll
  const token = `lh_work_${randomBytes(24).toString('base64url')}`
  const until = steady() + blockMs
  const listener = context.workFeed.listen(environmentId)
  raw.once('close', () => listener.end())
  try {
    for (;;) {
      const item = await context.work.claim(environmentId, { reclaimMs, token: { secret: token, keyId } })
      if (item) return { item, token }
      const left = until - steady()
      if (left <= 0 || raw.destroyed) return null
      await listener.heard(left)
      if (raw.destroyed) return null
    }
  } finally {
    listener.end()
  }
}

function readWorker({ headers }: FastifyRequest): string | undefined {
  const worker = headers['anthropic-worker-id']
  if (worker === undefined) return undefined
  if (typeof worker === 'string' && /^[\x20-\x7e]+$/.test(worker) && worker.length <= WORKER_LENGTH) return worker
  throw new ApiError('invalid_request', `anthropic-worker-id: expected 1 to ${WORKER_LENGTH} characters of ASCII`)
}
