import type { ErrorType } from './types.ts'

interface Answer {
  readonly status: number
  readonly type: ErrorType
  /** Value of `x-should-retry`; absent leaves the client to its own rule for the status. */
  readonly shouldRetry?: boolean
}

/**
 * The one table from kind to what a client sees. A conflict says `x-should-retry: false` because every SDK sends a 409
 * three times otherwise. `unavailable` (Temporal or Postgres did not answer in time) is 504 `timeout_error`: of the
 * documented 5xx it is the one that says what happened, a gateway without an answer from behind it; 529 is kept for
 * load that we shed ourselves, and 503 is not documented.
 */
const ANSWERS = {
  invalid_request: { status: 400, type: 'invalid_request_error' },
  authentication: { status: 401, type: 'authentication_error' },
  permission: { status: 403, type: 'permission_error' },
  not_found: { status: 404, type: 'not_found_error' },
  conflict: { status: 409, type: 'conflict_error', shouldRetry: false },
  precondition: { status: 412, type: 'invalid_request_error', shouldRetry: false },
  too_large: { status: 413, type: 'request_too_large' },
  rate_limit: { status: 429, type: 'rate_limit_error', shouldRetry: true },
  api_error: { status: 500, type: 'api_error' },
  unavailable: { status: 504, type: 'timeout_error', shouldRetry: true },
  overloaded: { status: 529, type: 'overloaded_error', shouldRetry: true },
} as const satisfies Record<string, Answer>

export type ApiErrorKind = keyof typeof ANSWERS

export interface ApiErrorOptions {
  /** Stable name of the cause, `error.details.error_code` on the wire. */
  readonly code?: string
  /** More members of `error.details`. */
  readonly details?: Readonly<Record<string, unknown>>
  /** Whole seconds, for `retry-after`; `rate_limit` says 1 when nothing is given. */
  readonly retryAfter?: number
  /** Overrides the kind's `x-should-retry`. */
  readonly shouldRetry?: boolean
  readonly cause?: unknown
}

/** A refusal or failure that a client is told about. The message is sent as it is: never a secret, never a path. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly kind: ApiErrorKind
  readonly options: ApiErrorOptions

  constructor(kind: ApiErrorKind, message: string, options: ApiErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.kind = kind
    this.options = options
  }
}

export interface ErrorBody {
  readonly type: 'error'
  readonly error: {
    readonly type: ErrorType
    readonly message: string
    readonly details?: Readonly<Record<string, unknown>>
  }
  readonly request_id: string | null
}

export interface ErrorResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: ErrorBody
}

/** The standard error object. Anything but an {@link ApiError} reads as an internal error without its message or stack. */
export function toErrorBody(error: unknown, requestId: string | null): ErrorBody {
  const { kind, message, options } = toApiError(error)
  const details = { ...(options.code === undefined ? {} : { error_code: options.code }), ...options.details }
  const hasDetails = Object.keys(details).length > 0
  return {
    type: 'error',
    error: { type: ANSWERS[kind].type, message, ...(hasDetails ? { details } : {}) },
    request_id: requestId,
  }
}

/** Status, headers (without `request-id` and `content-type`) and body to answer an error with. */
export function toErrorResponse(error: unknown, requestId: string | null): ErrorResponse {
  const { kind, options } = toApiError(error)
  const answer: Answer = ANSWERS[kind]
  const retryAfter = options.retryAfter ?? (kind === 'rate_limit' ? 1 : undefined)
  const shouldRetry = options.shouldRetry ?? answer.shouldRetry
  return {
    status: answer.status,
    headers: {
      ...(retryAfter === undefined ? {} : { 'retry-after': String(Math.max(0, Math.ceil(retryAfter))) }),
      ...(shouldRetry === undefined ? {} : { 'x-should-retry': String(shouldRetry) }),
    },
    body: toErrorBody(error, requestId),
  }
}

function toApiError(error: unknown): ApiError {
  return error instanceof ApiError ? error : new ApiError('api_error', 'Internal server error', { cause: error })
}
