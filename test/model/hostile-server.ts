import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'

export interface HostileServer extends AsyncDisposable {
  readonly url: string
  /** Connections that were opened so far. */
  readonly connections: () => number
}

/** An HTTP server that answers every request by `answer`; closing it ends whatever it left open. */
export async function startHostileServer(
  answer: (response: ServerResponse, request: IncomingMessage) => void | Promise<void>,
): Promise<HostileServer> {
  let connections = 0
  const server = createServer((request, response) => {
    request.resume()
    request.once('end', () => void answer(response, request))
  })
  server.on('connection', () => {
    connections += 1
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  return {
    url: `http://127.0.0.1:${port}`,
    connections: () => connections,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

export function json(status: number, body: unknown, headers: Record<string, string> = {}) {
  return (response: ServerResponse): void => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
  }
}

/** The API's error object. */
export function apiError(type: string, message = 'Something happened.') {
  return { type: 'error', error: { type, message } }
}

/** Sends these bytes as an event stream, chunk by chunk, each flushed by itself. */
export function stream(chunks: Iterable<string | Uint8Array>, ending: 'end' | 'cut' | 'open' = 'end') {
  return async (response: ServerResponse): Promise<void> => {
    response.socket?.setNoDelay(true)
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' })
    for (const chunk of chunks) await new Promise((resolve) => response.write(chunk, resolve))
    if (ending === 'end') response.end()
    if (ending === 'cut') response.destroy()
  }
}
