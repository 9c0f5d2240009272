import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import type { RequestListener } from 'node:http'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

export interface FakeDaemon extends AsyncDisposable {
  readonly socketPath: string
  /** Method and path of every request, in order. */
  readonly requests: readonly string[]
  /** How many connections are open. */
  connections(): Promise<number>
}

/**
 * What is answered to the n-th request: a status with a body, which may have no end; null for a connection that breaks
 * off; or nothing, for ever.
 */
export type FakeAnswer =
  | { readonly status: number; readonly body?: unknown; readonly isEndless?: boolean }
  | null
  | 'silence'

/** A daemon on a socket of its own that answers from a list, and then with 500. */
export async function startFakeDaemon(answers: readonly FakeAnswer[]): Promise<FakeDaemon> {
  const folder = await mkdtemp(join(tmpdir(), 'longhand-daemon-'))
  const socketPath = join(folder, 'docker.sock')
  const requests: string[] = []
  const listener: RequestListener = (request, response) => {
    const answer = answers[requests.length]
    requests.push(`${request.method} ${request.url}`)
    request.resume()
    if (answer === null) {
      request.socket.destroy()
      return
    }
    if (answer === 'silence') return
    const {
      status,
      body = '',
      isEndless = false,
    }: Exclude<FakeAnswer, null | 'silence'> = answer ?? {
      status: 500,
      body: { message: 'nothing is planned' },
    }
    response.writeHead(status, { 'content-type': 'application/json' })
    if (isEndless && Buffer.isBuffer(body)) {
      response.write(body)
      return
    }
    response.end(Buffer.isBuffer(body) ? body : status === 304 || status === 204 ? undefined : JSON.stringify(body))
  }
  const server = createServer(listener)
  server.listen(socketPath)
  await once(server, 'listening')
  return {
    socketPath,
    requests,
    connections: () => promisify(server.getConnections.bind(server))(),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
