import type { Duplex } from 'node:stream'
import type { ErrorResponse } from '../wire/errors.ts'
import { ApiError, toErrorResponse } from '../wire/errors.ts'
import { mintId } from '../wire/mint.ts'
import { SessionBuried } from '../store/buried.ts'

/** What the HTTP server or the store refuses, in the API's words; anything else as it is. */
export function toKnown(error: unknown): unknown {
  const code = codeOf(error)
  if (error instanceof SessionBuried)
    return new ApiError('not_found', `No session ${error.sessionId}.`, { cause: error })
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE')
    return new ApiError('too_large', 'body: expected at most 32 MB', { cause: error })
  if (code === 'FST_ERR_BAD_URL')
    return new ApiError('invalid_request', 'path: expected percent-encoded UTF-8', { cause: error })
  if (code === 'FST_ERR_MAX_PARAM_LENGTH')
    return new ApiError('not_found', 'No id is as long as the one in the path.', { cause: error })
  if (code.startsWith('FST_ERR_CTP'))
    return new ApiError('invalid_request', 'body: expected JSON with a matching content-length', { cause: error })
  if (isStoreAway(error)) return new ApiError('unavailable', 'PostgreSQL does not answer; try again.', { cause: error })
  return error
}

/** Whether the store's server is gone, going or coming: refused, cut or shut-down connections. */
function isStoreAway(error: unknown): boolean {
  if (/^(?:ECONNREFUSED|ECONNRESET|EPIPE|57P0[123]|08\w{3})$/.test(codeOf(error))) return true
  return error instanceof Error && /Connection terminated|timeout exceeded when trying to connect/.test(error.message)
}

/** Answers what cannot even be read as HTTP, or took too long to arrive, and closes its connection. */
export function refuseConnection(error: unknown, socket: Duplex): void {
  if (!socket.writable || codeOf(error) === 'ECONNRESET') {
    socket.destroy()
    return
  }
  const id = mintId('req')
  const { status, headers, body } = toErrorResponse(new ApiError('invalid_request', 'expected an HTTP request'), id)
  socket.end(toHttp({ status, headers: { ...headers, 'request-id': id }, body }))
}

function toHttp({ status, headers, body }: ErrorResponse): string {
  const text = JSON.stringify(body)
  const lines = [
    `HTTP/1.1 ${status} Bad Request`,
    'connection: close',
    'content-type: application/json; charset=utf-8',
    `content-length: ${Buffer.byteLength(text)}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ]
  return `${lines.join('\r\n')}\r\n\r\n${text}`
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
}
