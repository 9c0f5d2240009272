import { request } from 'node:http'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import type { IncomingHttpHeaders } from 'node:http'

export interface Call {
  readonly method?: string
  /** Sent as it is: nothing normalises it. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string | string[]>>
  /** An object is sent as JSON, text and bytes as they are. */
  readonly body?: unknown
}

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

/** One request on a connection of its own, without the kindness of a client library. */
export function call(base: string, { method = 'GET', path, headers = {}, body }: Call): Promise<Answer> {
  const { hostname, port } = new URL(base)
  const bytes = toBytes(body)
  return new Promise((resolve, reject) => {
    const sent = request({
      host: hostname,
      port,
      method,
      path,
      agent: false,
      headers: {
        ...(bytes ? { 'content-type': 'application/json', 'content-length': String(bytes.length) } : {}),
        ...headers,
      },
    })
    sent.on('error', reject)
    sent.on('response', (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8')
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text })
      })
    })
    sent.end(bytes)
  })
}

/** Opens a connection and sends these bytes, which need be no HTTP; the caller closes it. */
export function openSocket(base: string, bytes: string | Buffer = ''): Promise<Socket> {
  const { hostname, port } = new URL(base)
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true })
    socket.once('error', reject)
    socket.once('connect', () => {
      socket.off('error', reject)
      socket.on('error', () => undefined)
      if (bytes.length > 0) socket.write(bytes)
      resolve(socket)
    })
  })
}

/**
 * What a server says to these bytes until it closes the connection, as its last answer. Bytes that ask for no end of
 * the connection wait for the server's patience.
 */
export async function exchange(base: string, bytes: string | Buffer): Promise<Answer> {
  const socket = await openSocket(base, bytes)
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  await new Promise((resolve) => {
    socket.once('end', resolve)
    socket.once('close', resolve)
  })
  socket.destroy()
  return toAnswer(Buffer.concat(chunks).toString('utf8'))
}

function toAnswer(said: string): Answer {
  const last = said.slice(Math.max(0, said.lastIndexOf('HTTP/1.1 ')))
  const [head = '', ...rest] = last.split('\r\n\r\n')
  const [first = '', ...lines] = head.split('\r\n')
  const headers = Object.fromEntries(
    lines.map((line) => [line.split(':', 1)[0]?.toLowerCase(), line.replace(/^[^:]*: */, '')]),
  )
  const text = rest.join('\r\n\r\n')
  const isChunked = headers['transfer-encoding'] === 'chunked'
  return { status: Number(first.split(' ')[1] ?? 0), headers, text: isChunked ? (text.split('\r\n')[1] ?? '') : text }
}

function toBytes(body: unknown): Buffer | undefined {
  if (body === undefined || Buffer.isBuffer(body)) return body
  return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
}
