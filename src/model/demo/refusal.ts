/** An answer of the API that is an error: its status, its error object, its `retry-after`. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly status: number
  readonly type: string
  readonly retryAfter: string | undefined

  constructor(status: number, message: string, { retryAfter }: { retryAfter?: string | undefined } = {}) {
    super(message)
    this.status = status
    this.type = TYPES.get(status) ?? (status < 500 ? 'invalid_request_error' : 'api_error')
    this.retryAfter = retryAfter
  }
}

const TYPES = new Map([
  [401, 'authentication_error'],
  [402, 'billing_error'],
  [403, 'permission_error'],
  [404, 'not_found_error'],
  [408, 'timeout_error'],
  [413, 'request_too_large'],
  [429, 'rate_limit_error'],
  [504, 'timeout_error'],
  [529, 'overloaded_error'],
])

/** Throws the 400 that the Messages API gives for what stands at `path`. */
export function refuse(path: string, message: string): never {
  throw new Refusal(400, `${path}: ${message}`)
}
