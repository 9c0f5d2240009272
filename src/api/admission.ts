import { createHash } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Parcel } from '../history/blobs.ts'
import { CarrierTooLarge, toParcel } from '../history/blobs.ts'
import { PACKING } from '../session/blobs.ts'
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
 * moved on since then. Costs nothing for a request without a key that is no retry. A row that is found is the request's
 * from then on.
 */
export async function recall({ ingress }: ApiContext, submission: Submission): Promise<IngressRow | null> {
  const { attempt } = submission.request
  if (attempt.row) return attempt.row
  if (readKey(submission) === null && !attempt.isRetry) return null
  const found = await ingress.claim(toIngress(submission))
  if (!found) return null
  const row = demandSame(found)
  attempt.admitted(row)
  return row
}

/** Whether the request was carried out before: then it is answered with what it is about, and nothing is done. */
export async function wasDone(context: ApiContext, submission: Submission): Promise<boolean> {
  const earlier = await recall(context, submission)
  if (!earlier || earlier.state === 'begun') return false
  markAnswered(context.ingress, submission, earlier)
  return true
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
  const { attempt } = submission.request
  const begin = () => ingress.begin(toIngress(submission), () => ({ id: mintId('ingr'), ids: mint() }))
  const row = attempt.row ?? demandSame(await begin())
  attempt.admitted(row)
  markAnswered(ingress, submission, row)
  return row
}

/** The row is `answered` once the client is known to have the answer; until then a declared retry gets it again. */
export function markAnswered(ingress: IngressStore, { request, reply }: Submission, { id }: IngressRow): void {
  request.attempt.whenDelivered(reply, () => {
    // A row that stays unanswered only makes a later retry take the same ids.
    ingress.answered(id).catch((error: unknown) => request.log.warn({ err: error }, 'ingress row not marked'))
  })
}

function toIngress(submission: Submission): IngressRequest {
  const { request, target } = submission
  const { caller, bodyHash } = request
  const key = readKey(submission)
  return {
    workspaceId: caller.workspaceId,
    target,
    key,
    // Nobody repeats what another key has sent.
    bodyHash: key === null ? createHash('sha256').update(`${caller.keyId} ${bodyHash}`).digest('hex') : bodyHash,
    isRetry: request.attempt.isRetry,
    retry: request.attempt.retry,
  }
}

function readKey({ request }: Submission): string | null {
  const key = request.headers['idempotency-key']
  if (Array.isArray(key) || (key !== undefined && (key === '' || key.length > KEY_LENGTH))) {
    throw new ApiError('invalid_request', `idempotency-key: expected 1 to ${KEY_LENGTH} characters`)
  }
  return key ?? null
}

function demandSame(row: IngressRow | { readonly conflict: true }): IngressRow {
  if (!('conflict' in row)) return row
  throw new ApiError('conflict', 'idempotency-key: this key came with another body before', {
    code: 'idempotency_key_reused',
  })
}

/** Leaves room in a queue for the events' ids, and for what 32 MB of blobs take of it. */
const BATCH = { ...PACKING, payload: 352 * 1024 } as const

/**
 * A batch as it travels; what is too large for that is to be stored before anybody is told of it.
 * @throws ApiError 413 for events that no session's queue has room for, however long they wait.
 */
export function packEvents(events: readonly UserEvent[]): Parcel<UserEvent> {
  try {
    return toParcel(events, BATCH)
  } catch (error) {
    if (!(error instanceof CarrierTooLarge)) throw error
    const message = `events: expected at most ${BATCH.payload / 1024} KB together beside long texts and files`
    throw new ApiError('too_large', message, { cause: error })
  }
}
