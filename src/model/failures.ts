import { APIConnectionError, APIError } from '@anthropic-ai/sdk'
import { ModelFailure, garbled } from './model.ts'
import type { ModelFailureKind } from './model.ts'
import { isObject, parseObject } from './json.ts'

/** What a failure's message may mention, and what it must not. */
export interface FailureContext {
  /** Host and port of the model's base URL. */
  readonly host: string
  /** The key; struck out wherever a provider echoes it. */
  readonly secret: string
  /** Milliseconds since the epoch, for `retry-after` as a date. */
  readonly now: () => number
}

const LONGEST_MESSAGE = 500
/** A session does not sleep for days because of one header. */
const LONGEST_WAIT_MS = 3_600_000
const TRANSIENT_TYPES = new Set(['api_error', 'timeout_error'])
const KIND_OF_STATUS = new Map<number, ModelFailureKind>([
  [402, 'billing'],
  [413, 'too_long'],
  [429, 'rate_limited'],
  [529, 'overloaded'],
])
const KIND_OF_TYPE = new Map<string, ModelFailureKind>([
  ['billing_error', 'billing'],
  ['rate_limit_error', 'rate_limited'],
  ['overloaded_error', 'overloaded'],
  ['request_too_large', 'too_long'],
])
/** Kinds that asking again does not help. */
const LASTING = new Set<ModelFailureKind>(['billing', 'too_long', 'file_refused'])
/** How providers say that a request does not fit: Anthropic, its resellers, and servers that speak its API. */
const TOO_LONG = [
  /\bprompt is too long\b/i,
  /\binput( length)? is too long\b/i,
  /\bexceeds? (the )?(model's )?(maximum )?context (limit|length|window|size)\b/i,
  /\bmaximum context length\b/i,
  /\bcontext_length_exceeded\b/i,
  /\binput token count\b.*\bexceeds\b/i,
]

/** What the refusal of an image or a document speaks of: the block, its bytes, or the address it stands at. */
const OF_FILES = /image|\bpdf\b|\bdocuments?\b|\bdownload|\burl\b/i

/**
 * Turns what the SDK or the network threw for one try into a {@link ModelFailure}; undefined for a mistake of our own.
 *
 * An API error is not kept as the cause: providers echo keys in bodies, and a cause is recorded with the failure.
 */
export function toModelFailure(error: unknown, context: FailureContext): ModelFailure | undefined {
  if (error instanceof ModelFailure) return error
  if (error instanceof APIConnectionError) {
    const message = toMessage(`${context.host} cannot be reached (${innermostReason(error)})`, context)
    return new ModelFailure({ kind: 'unreachable', retryable: true, message }, { cause: error })
  }
  if (error instanceof APIError) return toRefusal(error, context)
  // What Node's fetch throws while a body is read, and nothing else, is a TypeError with a cause.
  if (!(error instanceof TypeError) || error.cause === undefined) return undefined
  const message = `the connection to ${context.host} broke off (${innermostReason(error)})`
  return new ModelFailure(
    { kind: 'unreachable', retryable: true, message: toMessage(message, context) },
    { cause: error },
  )
}

/** The `error` event of a stream that began with status 200. `data` is the event's JSON text. */
export function fromErrorEvent(data: string, context: FailureContext): ModelFailure {
  const error = readError(data)
  if (!error) return garbled('an error event that is not an error object')
  const kind = KIND_OF_TYPE.get(error.type) ?? kindOf(error.type === 'invalid_request_error' ? 400 : 0, error.message)
  const retryable = kind ? !LASTING.has(kind) : TRANSIENT_TYPES.has(error.type)
  const message = toMessage(`${error.type}: ${error.message}`, context)
  return new ModelFailure({ kind: kind ?? 'request_failed', retryable, message })
}

/**
 * The wait that a response asks for: `retry-after-ms`, else `retry-after` in seconds or as an HTTP date.
 * Undefined when neither is there or makes sense; at most an hour.
 */
export function readRetryAfter(headers: Headers, now: number): number | undefined {
  const ms = toNumber(headers.get('retry-after-ms'))
  const after = headers.get('retry-after')
  const seconds = toNumber(after)
  const wait = ms ?? (seconds === undefined ? Date.parse(after ?? '') - now : seconds * 1000)
  return wait >= 0 ? Math.min(Math.ceil(wait), LONGEST_WAIT_MS) : undefined
}

function toRefusal(error: APIError, context: FailureContext): ModelFailure {
  const { status = 0, headers, type } = error
  const said = typeof error.apiMessage === 'string' ? error.apiMessage : 'no message'
  const kind = isOutOfCredit(said) ? 'billing' : (KIND_OF_TYPE.get(type ?? '') ?? kindOf(status, said))
  const told = headers?.get('x-should-retry')
  const retryable = told === 'true' || (told !== 'false' && (kind ? !LASTING.has(kind) : isTransient(status)))
  const request = error.requestID ? ` (request ${error.requestID})` : ''
  return new ModelFailure({
    kind: kind ?? 'request_failed',
    retryable,
    retryAfterMs: headers && readRetryAfter(headers, context.now()),
    status,
    message: toMessage(`${context.host} answered ${status}${type ? ` ${type}` : ''}: ${said}${request}`, context),
  })
}

function kindOf(status: number, said: string): ModelFailureKind | undefined {
  if (status < 500 && TOO_LONG.some((pattern) => pattern.test(said))) return 'too_long'
  return status === 400 && OF_FILES.test(said) ? 'file_refused' : KIND_OF_STATUS.get(status)
}

/** The provider reports an empty account as a plain 400. */
function isOutOfCredit(message: string): boolean {
  return /credit balance is too low/i.test(message)
}

/** 409 is a lock that timed out. */
function isTransient(status: number): boolean {
  return status >= 500 || status === 408 || status === 409
}

function toMessage(text: string, { secret }: FailureContext): string {
  const safe = secret === '' ? text : text.replaceAll(secret, '[key]')
  const line = safe.replaceAll(/[\s\p{Cc}]+/gu, ' ')
  return line.length > LONGEST_MESSAGE ? `${line.slice(0, LONGEST_MESSAGE)} …` : line
}

/** The reason at the bottom of the chain of causes; several refused addresses come as one error without a message. */
function innermostReason(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error.cause instanceof Error) return innermostReason(error.cause)
  return error.message === '' && 'code' in error ? String(error.code) : error.message
}

function readError(data: string): { type: string; message: string } | undefined {
  const body = parseObject(data)
  const { type, message } = isObject(body?.['error']) ? body['error'] : {}
  return typeof type === 'string' ? { type, message: typeof message === 'string' ? message : 'no message' } : undefined
}

function toNumber(text: string | null): number | undefined {
  return text !== null && /^\s*\d+(\.\d+)?\s*$/.test(text) ? Number(text) : undefined
}
