import { createHash } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { QUEUE_BYTES } from '../session/settle.ts'
import type { IngressRequest, IngressRow, IngressStore } from '../store/ingress.ts'
import { ApiError } from '../wire/errors.ts'
import { mintId } from '../wire/mint.ts'
import type { UserEvent } from '../wire/types.ts'
import type { ApiContext } from './context.ts'

/** Longest `Idempotency-Key` that is taken. */
const KEY_LENGTH = 255

/** A request that puts something into a log, and what it is about: a session's id, or a route. */
export interface Submission {
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  readonly target: string
}

/**
 * The row of the request that this one repeats, or null. What was accepted once is never judged again: the log may have
 * moved on since then. Costs nothing for a request without a key that is no retry.
 */
export async function recall({ ingress }: ApiContext, submission: Submission): Promise<IngressRow | null> {
  if (readKey(submission) === null && !isRetry(submission)) return null
  const row = await ingress.find(toIngress(submission))
  return row && demandSame(row)
}

/**
 * Admits a request that puts something into a log: its ids are committed before Temporal hears of them, so that the
 * same request, sent again by a client that never saw the answer, is the same events.
 */
export async function admit(
  { ingress }: ApiContext,
  submission: Submission,
  mint: () => readonly string[],
): Promise<IngressRow> {
  const row = demandSame(await ingress.begin(toIngress(submission), () => ({ id: mintId('ingr'), ids: mint() })))
  markAnswered(ingress, submission, row)
  return row
}

/** The row is `answered` once the response that says that the request was done was written whole. */
export function markAnswered(ingress: IngressStore, { request, reply }: Submission, { id }: IngressRow): void {
  reply.raw.once('finish', () => {
    if (reply.statusCode >= 400) return
    // A row that stays unanswered only makes a later retry take the same ids.
    ingress.answered(id).catch((error: unknown) => request.log.warn({ err: error }, 'ingress row not marked'))
  })
}

function toIngress(submission: Submission): IngressRequest {
  const { request, target } = submission
  return {
    workspaceId: request.caller.workspaceId,
    target,
    key: readKey(submission),
    bodyHash: createHash('sha256')
      .update(JSON.stringify(request.body ?? null))
      .digest('hex'),
    isRetry: isRetry(submission),
  }
}

function readKey({ request }: Submission): string | null {
  const key = request.headers['idempotency-key']
  if (Array.isArray(key) || (key !== undefined && (key === '' || key.length > KEY_LENGTH))) {
    throw new ApiError('invalid_request', `idempotency-key: expected 1 to ${KEY_LENGTH} characters`)
  }
  return key ?? null
}

function isRetry({ request }: Submission): boolean {
  return Number(request.headers['x-stainless-retry-count'] ?? 0) > 0
}

function demandSame(row: IngressRow | { readonly conflict: true }): IngressRow {
  if (!('conflict' in row)) return row
  throw new ApiError('conflict', 'idempotency-key: this key came with another body before', {
    code: 'idempotency_key_reused',
  })
}

/** @throws ApiError 413 for events that no session's queue has room for, however long they wait. */
export function refuseOversize(events: readonly UserEvent[]): void {
  if (JSON.stringify(events).length <= QUEUE_BYTES) return
  throw new ApiError('too_large', `events: expected at most ${QUEUE_BYTES / 1024} KB together`)
}
