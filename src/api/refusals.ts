import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { ErrorResponse } from '../wire/errors.ts'
import { ApiError, toErrorResponse } from '../wire/errors.ts'
import { mintId } from '../wire/mint.ts'
import { isArrivingSlowly } from './slow-arrival.ts'
import { isStoreAway } from '../store/away.ts'
import { EnvironmentGone, SessionBuried } from '../store/buried.ts'

/** How long a refused connection may take to read its answer and close. */
const LINGER_MS = 1_000

/** What the HTTP server or the store refuses, in the API's words; anything else as it is. */
export function toKnown(error: unknown): unknown {
  const code = codeOf(error)
  if (error instanceof SessionBuried)
    return new ApiError('not_found', `No session ${error.sessionId}.`, { cause: error })
  if (error instanceof EnvironmentGone)
    return new ApiError('not_found', `No environment ${error.environmentId}.`, { cause: error })
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE')
    return new ApiError('too_large', 'body: expected at most 32 MB', { cause: error })
  if (code === 'FST_ERR_BAD_URL')
    return new ApiError('invalid_request', 'path: expected percent-encoded UTF-8', { cause: error })
  if (code === 'FST_ERR_MAX_PARAM_LENGTH')
    return new ApiError('not_found', 'No id is as long as the one in the path.', { cause: error })
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE')
    return new ApiError('invalid_request', 'content-type: expected application/json', { cause: error })
  // Said of the method QUERY alone, before its route is looked for.
  if (code === 'FST_ERR_ROUTE_MISSING_CONTENT_TYPE')
    return new ApiError('not_found', 'No route of this server has that method.', { cause: error, shouldRetry: false })
  // What Node says of a body whose connection closed before its end; a store's broken connection says more.
  if (code === 'ECONNRESET' && error instanceof Error && error.message === 'aborted')
    return new ApiError('invalid_request', 'body: broke off', { cause: error })
  if (code.startsWith('FST_ERR_CTP'))
    return new ApiError('invalid_request', 'body: expected JSON with a matching content-length', { cause: error })
  if (isStoreAway(error)) return new ApiError('unavailable', 'The store does not answer; try again.', { cause: error })
  return error
}

/** Answers what cannot even be read as HTTP, or took too long to arrive, and closes its connection. */
export function refuseConnection(error: unknown, socket: Duplex): void {
  // Node says so once; from then on the limits are the upload's own.
  if (codeOf(error) === 'ERR_HTTP_REQUEST_TIMEOUT' && isArrivingSlowly(socket)) return
  if (!socket.writable || codeOf(error) === 'ECONNRESET' || isAnswering(socket)) {
    socket.destroy()
    return
  }
  const id = mintId('req')
  const { status, headers, body } = toErrorResponse(new ApiError('invalid_request', explainConnection(error)), id)
  socket.end(toHttp({ status, headers: { ...headers, 'request-id': id }, body }))
  // Our half is closed; who never closes the other one would keep it open for ever.
  setTimeout(() => socket.destroy(), LINGER_MS).unref()
}

function explainConnection(error: unknown): string {
  const code = codeOf(error)
  if (code === 'HPE_HEADER_OVERFLOW') return 'headers: expected at most 16 KB together'
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return 'the request took too long to arrive'
  return 'expected an HTTP request'
}

/** Answers an `Expect` header that is not the one Node knows, and closes: the body may or may not follow. */
export function refuseExpectation(_: IncomingMessage, response: ServerResponse): void {
  const id = mintId('req')
  const message = 'expect: expected 100-continue or nothing'
  const { status, headers, body } = toErrorResponse(new ApiError('invalid_request', message), id)
  const type = 'application/json; charset=utf-8'
  response.writeHead(status, { ...headers, connection: 'close', 'content-type': type, 'request-id': id })
  response.end(JSON.stringify(body))
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

/** Whether a response has begun on this connection: nothing of ours may be written into it. */
function isAnswering(socket: Duplex): boolean {
  const message: unknown = Reflect.get(socket, '_httpMessage')
  return typeof message === 'object' && message !== null && Reflect.get(message, 'headersSent') === true
}
