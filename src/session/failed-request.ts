import type { SessionError } from '../wire/types.ts'

/** What a model request can fail with: an error of another type that is tried again is none. */
const FAULTS: ReadonlySet<SessionError['type']> = new Set([
  'unknown_error',
  'model_overloaded_error',
  'model_rate_limited_error',
  'model_request_failed_error',
  'billing_error',
])

/** Whether the error says that a model request failed and is made again. */
export function isFailedRequest({ type, retry_status: { type: status } }: SessionError): boolean {
  return status === 'retrying' && FAULTS.has(type)
}
