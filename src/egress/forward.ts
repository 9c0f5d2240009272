import type { Agent, IncomingMessage, ServerResponse } from 'node:http'
import { request } from 'node:http'
import { pipeline } from 'node:stream/promises'
import type { Credential } from './credential.ts'
import { fillBody, fillHeader, isFillable, mostBody } from './credential.ts'
import { Refusal, toRefusal } from './refusal.ts'
import type { Target } from './target.ts'

export interface Forwarding {
  readonly target: Target & { readonly path: string }
  /** Opens and keeps the connections to targets. */
  readonly agent: Agent
  /** Those that are for this target. */
  readonly credentials: readonly Credential[]
  /** Told when the answer is a refusal of ours. */
  readonly onRefusal?: (refusal: Refusal) => void
}

const hopByHop = new Set([
  'connection',
  'expect',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'upgrade',
])

/** Makes the request that came in at its target and passes the answer on as it comes. Never rejects. */
export async function forward(incoming: IncomingMessage, answer: ServerResponse, options: Forwarding): Promise<void> {
  const { target } = options
  try {
    const response = await send(incoming, answer, options)
    answer.writeHead(response.statusCode ?? 502, response.statusMessage, framedAnew(response.rawHeaders))
    await pipeline(response, answer)
  } catch (error) {
    if (answer.headersSent) answer.destroy()
    else {
      const refusal = toRefusal(error, target.host)
      // A client that has gone away is not refused anything.
      if (!answer.destroyed) options.onRefusal?.(refusal)
      refuse(answer, refusal)
    }
  }
}

/** Answers with the refusal's sentence, and takes no further request on this connection. */
export function refuse(answer: ServerResponse, { status, message }: Refusal): void {
  const body = `${message}\n`
  const headers = { 'Content-Type': 'text/plain; charset=utf-8', 'Content-Length': Buffer.byteLength(body) }
  answer.writeHead(status, { ...headers, Connection: 'close' })
  answer.end(body)
}

/** The headers of a message without those that are for the next hop alone, which `Connection` may add to. */
export function passedOn(raw: readonly string[]): string[] {
  const named = new Set(hopByHop)
  for (const [name, value] of pairs(raw))
    if (name.toLowerCase() === 'connection') for (const other of value.split(',')) named.add(other.trim().toLowerCase())
  return pairs(raw).flatMap(([name, value]) => (named.has(name.toLowerCase()) ? [] : [name, value]))
}

/** Headers for the target, with the secrets in them. `Host` names the target, whatever it named before. */
export function toHeaders(raw: readonly string[], { target: { host, port }, credentials }: Forwarding): string[] {
  const name = host.includes(':') ? `[${host}]` : host
  const others = pairs(passedOn(raw)).filter(([header]) => header.toLowerCase() !== 'host')
  const filled = others.flatMap(([header, value]) => [header, fillHeader(value, credentials)])
  return ['Host', port === 80 || port === 443 ? name : `${name}:${port}`, ...filled]
}

async function send(incoming: IncomingMessage, answer: ServerResponse, options: Forwarding): Promise<IncomingMessage> {
  const { agent, target, credentials } = options
  const { host, port, path } = target
  const body = await readBody(incoming, credentials)
  const headers = toHeaders(incoming.rawHeaders, options)
  const outgoing = request({
    agent,
    host,
    port,
    path,
    method: incoming.method ?? 'GET',
    headers: body.isWhole ? withLength(headers, body.start.length) : headers,
    setHost: false,
  })
  answer.once('close', () => outgoing.destroy())
  const response = new Promise<IncomingMessage>((resolve, reject) => {
    outgoing.once('response', resolve)
    outgoing.once('error', reject)
  })
  if (body.isWhole) outgoing.end(body.start)
  else {
    if (body.start.length > 0) outgoing.write(body.start)
    // It breaks off with the connection that it goes to, which is told by `response`.
    pipeline(incoming, outgoing).catch(() => {})
  }
  return response
}

interface Body {
  /** What was read of it, with the secrets in it when that is all. */
  readonly start: Buffer
  readonly isWhole: boolean
}

async function readBody(incoming: IncomingMessage, credentials: readonly Credential[]): Promise<Body> {
  const { 'content-type': type, 'content-encoding': encoding, 'content-length': length } = incoming.headers
  const isWanted = credentials.some(({ body }) => body) && isFillable(type, encoding)
  if (!isWanted || Number(length ?? 0) > mostBody) return { start: Buffer.alloc(0), isWhole: false }
  const chunks: Buffer[] = []
  let bytes = 0
  while (bytes <= mostBody) {
    const chunk = await nextChunk(incoming)
    if (chunk === null) return { start: fillBody(Buffer.concat(chunks), type ?? '', credentials), isWhole: true }
    chunks.push(chunk)
    bytes += chunk.length
  }
  return { start: Buffer.concat(chunks), isWhole: false }
}

/** Null at the end. Unlike the stream's own iterator it leaves the stream open for others to read on. */
function nextChunk(incoming: IncomingMessage): Promise<Buffer | null> {
  return new Promise((resolve, reject) => {
    const settle = (act: () => void) => {
      incoming.off('readable', look).off('end', onEnd).off('error', reject).off('close', onClose)
      act()
    }
    const look = () => {
      // A stream without an encoding reads as bytes.
      const chunk = incoming.read() as Buffer | null
      if (chunk !== null) settle(() => resolve(chunk))
    }
    const onEnd = () => settle(() => resolve(null))
    const onClose = () => settle(() => reject(new Refusal(400, 'The request broke off.')))
    incoming.on('readable', look).on('end', onEnd).on('error', reject).on('close', onClose)
    if (incoming.readableEnded) onEnd()
    else look()
  })
}

/** Without what says how the body is cut up: it is cut anew, in the way that the client's version of HTTP knows. */
function framedAnew(raw: readonly string[]): string[] {
  return pairs(passedOn(raw)).flatMap(([name, value]) => (/^transfer-encoding$/i.test(name) ? [] : [name, value]))
}

/** The length of a body that is known in full instead of what was said of it before. */
function withLength(headers: readonly string[], bytes: number): string[] {
  const others = pairs(headers).filter(([name]) => !/^(?:content-length|transfer-encoding)$/i.test(name))
  return [...others.flat(), 'Content-Length', String(bytes)]
}

function pairs(raw: readonly string[]): [name: string, value: string][] {
  return raw.flatMap((name, index) => (index % 2 === 0 ? [[name, raw[index + 1] ?? ''] as [string, string]] : []))
}
