import { APIConnectionError, APIError } from '@anthropic-ai/sdk'

/** A failed request in one line: what the server said, with the request's id, or where no server answered. */
export function describeError(error: unknown, baseUrl: string): string {
  if (error instanceof APIConnectionError) return `no server answers at ${baseUrl}`
  if (!(error instanceof APIError)) return error instanceof Error ? error.message : String(error)
  const details = [error.status, error.requestID].filter((part) => part !== undefined && part !== null)
  const suffix = details.length > 0 ? ` (${details.join(', ')})` : ''
  return `${messageOf(error.error) ?? error.message}${suffix}`
}

/** The message inside the API's standard error object, or undefined where there is none. */
function messageOf(body: unknown): string | undefined {
  const inner: unknown = typeof body === 'object' && body !== null && 'error' in body ? body.error : undefined
  if (typeof inner !== 'object' || inner === null || !('message' in inner)) return undefined
  return typeof inner.message === 'string' ? inner.message : undefined
}
