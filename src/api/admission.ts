import { createHash } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { QUEUE_BYTES } from '../session/settle.ts'
import type { IngressRow } from '../store/ingress.ts'
import { ApiError } from '../wire/errors.ts'
import { mintId } from '../wire/mint.ts'
import type { UserEvent } from '../wire/types.ts'
import type { ApiContext } from './context.ts'

/** Longest `Idempotency-Key` that is taken. */
const KEY_LENGTH = 255

/**
 * Admits a request that puts something into a log: its ids are committed before Temporal hears of them, so that the
 * same request, sent again by a client that never saw the answer, is the same events. The row is `answered` once a
 * response that settles the request was written whole.
 */
export async function admit(
  { ingress }: ApiContext,
  { request, reply, target }: { request: FastifyRequest; reply: FastifyReply; target: string },
  mint: () => readonly string[],
): Promise<IngressRow> {
  const key = request.headers['idempotency-key']
  if (Array.isArray(key) || (key !== undefined && (key === '' || key.length > KEY_LENGTH))) {
    throw new ApiError('invalid_request', `idempotency-key: expected 1 to ${KEY_LENGTH} characters`)
  }
  const row = await ingress.begin(
    {
      workspaceId: request.caller.workspaceId,
      target,
      key: key ?? null,
      bodyHash: createHash('sha256')
        .update(JSON.stringify(request.body ?? null))
        .digest('hex'),
      isRetry: Number(request.headers['x-stainless-retry-count'] ?? 0) > 0,
    },
    () => ({ id: mintId('ingr'), ids: mint() }),
  )
  if ('conflict' in row) {
    throw new ApiError('conflict', 'idempotency-key: this key came with another body before', {
      code: 'idempotency_key_reused',
    })
  }
  reply.raw.once('finish', () => {
    // Told that it failed for now, the client sends the same request again, and some of it may have been done.
    if (reply.statusCode >= 500) return
    // A row that stays unanswered only makes a later retry take the same ids.
    ingress.answered(row.id).catch((error: unknown) => request.log.warn({ err: error }, 'ingress row not marked'))
  })
  return row
}

/** @throws ApiError 413 for events that no session's queue has room for, however long they wait. */
export function refuseOversize(events: readonly UserEvent[]): void {
  if (JSON.stringify(events).length <= QUEUE_BYTES) return
  throw new ApiError('too_large', `events: expected at most ${QUEUE_BYTES / 1024} KB together`)
}
