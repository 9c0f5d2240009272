import { request } from 'node:http'
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

function toBytes(body: unknown): Buffer | undefined {
  if (body === undefined || Buffer.isBuffer(body)) return body
  return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
}
