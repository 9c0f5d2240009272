import { createHash, randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { BetaModelInfo } from '@anthropic-ai/sdk/resources/beta/models'
import { createAnswerer } from './answerer.ts'
import type { Answerer } from './answerer.ts'
import { Refusal } from './refusal.ts'
import { sendAnswer } from './send.ts'

export interface DemoModelOptions {
  /** 0, the default, takes a free one. Always on 127.0.0.1. */
  readonly port?: number
  /** The key of its first client. */
  readonly apiKey?: string
  /** Keys of further clients, so that their requests can be told apart; any other key is refused. */
  readonly otherKeys?: readonly string[]
  /** Milliseconds between two deltas of a stream. */
  readonly delayMs?: number
  /** How many of the last requests are kept in `requests`; their bodies stay in memory. */
  readonly keepRequests?: number
  /** Tokens of input, by its own rule of thumb, from which on a request is too long; without it, none is. */
  readonly window?: number
}

/** A request to `/v1/messages` that came with the right key, whatever became of it. */
export interface DemoModelRequest {
  /** The key that it came with. */
  readonly key: string
  /** SHA-256 of the body, in hex. */
  readonly hash: string
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly path: string
  /** Tokens of `anthropic-beta`. */
  readonly betas: readonly string[]
  /** The body's text. */
  readonly bytes: string
  /** The body's value; undefined when it is no JSON. */
  readonly body: unknown
}

/** A running demo model. Whoever started it closes it. */
export interface DemoModel extends AsyncDisposable {
  readonly url: string
  readonly apiKey: string
  /** Oldest first; live. */
  readonly requests: readonly DemoModelRequest[]
  /** Ends every connection, also those in the middle of an answer. */
  close(): Promise<void>
}

const MESSAGES = '/v1/messages'
const MODELS = '/v1/models'
const METHODS = new Map([
  [MESSAGES, 'POST'],
  [MODELS, 'GET'],
])
const MOST_BYTES = 32 * 1024 * 1024

/** Starts a Messages API of our own: scripted, deterministic, and as strict as the real one. The scripts: script.ts. */
export async function startDemoModel(options: DemoModelOptions = {}): Promise<DemoModel> {
  const { port = 0, apiKey = 'demo', otherKeys = [], delayMs = 0, keepRequests = 1000, window = Infinity } = options
  const keys = [apiKey, ...otherKeys]
  const requests: DemoModelRequest[] = []
  const answerer = createAnswerer(window)
  const keep = (request: DemoModelRequest) => {
    requests.push(request)
    if (requests.length > keepRequests) requests.shift()
  }
  const server = createServer((request, response) => {
    void serve({ request, response, keys, delayMs, answerer, keep })
  })
  const address = await listen(server, port)
  const close = () => closeServer(server)
  return { url: `http://127.0.0.1:${address}`, apiKey, requests, close, [Symbol.asyncDispose]: close }
}

interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly keys: readonly string[]
  readonly delayMs: number
  readonly answerer: Answerer
  readonly keep: (request: DemoModelRequest) => void
}

/** Never rejects: what goes wrong is the answer, or the client has left. */
async function serve({ request, response, keys, delayMs, answerer, keep }: Exchange): Promise<void> {
  response.setHeader('request-id', `req_01${randomBytes(11).toString('hex')}`)
  try {
    const { path, key } = route(request, keys)
    if (path === MODELS) return sendModels(response)
    const bytes = await readBody(request)
    const hash = createHash('sha256').update(bytes).digest('hex')
    const body = parse(bytes)
    const betas = readBetas(request)
    keep({ key, hash, at: Date.now(), path, betas, bytes, body: body?.value })
    if (!body) throw new Refusal(400, 'The request body is not valid JSON.')
    await sendAnswer(response, { ...answerer.answer(body.value, hash, betas), delayMs })
  } catch (error) {
    if (response.headersSent) response.destroy()
    else sendError(response, error instanceof Refusal ? error : new Refusal(500, String(error)))
  }
}

/** Path and key of a request that may go on; otherwise throws a refusal. */
function route(
  { method, url = '', headers }: IncomingMessage,
  keys: readonly string[],
): { readonly path: string; readonly key: string } {
  const path = url.split('?')[0] ?? ''
  const expected = METHODS.get(path)
  if (expected === undefined) throw new Refusal(404, 'Not found')
  if (method !== expected) throw new Refusal(405, 'Method Not Allowed')
  const given = headers['x-api-key'] ?? headers.authorization?.replace(/^Bearer /, '')
  if (given === undefined) throw new Refusal(401, 'x-api-key header is required')
  const key = keys.find((known) => known === given)
  if (key === undefined) throw new Refusal(401, 'invalid x-api-key')
  if (headers['anthropic-version'] === undefined) throw new Refusal(400, 'anthropic-version: header is required')
  return { path, key }
}

function readBetas({ headers }: IncomingMessage): readonly string[] {
  const value = headers['anthropic-beta']
  return value === undefined ? [] : [value].flat().flatMap((tokens) => tokens.split(','))
}

/** Reads to the end whatever the size: a client that is still sending would not see the refusal. */
async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request) {
    const bytes = Buffer.from(chunk)
    size += bytes.length
    if (size <= MOST_BYTES) chunks.push(bytes)
  }
  if (size > MOST_BYTES) throw new Refusal(413, 'Request exceeds the maximum size')
  return Buffer.concat(chunks).toString('utf8')
}

function parse(text: string): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) }
  } catch {
    return undefined
  }
}

/** There is one model, and it answers to any name. */
function sendModels(response: ServerResponse): void {
  const { id } = SCRIPTED
  const page = { data: [SCRIPTED], first_id: id, last_id: id, has_more: false }
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(page))
}

const SCRIPTED: BetaModelInfo = {
  type: 'model',
  id: 'scripted',
  display_name: 'Scripted demo model',
  created_at: '2026-01-01T00:00:00Z',
  lifecycle: 'active',
  deprecated_at: null,
  retires_at: null,
  line: null,
  max_input_tokens: null,
  max_tokens: null,
  capabilities: null,
  allowed_fallback_models: null,
}

function sendError(response: ServerResponse, { status, type, message, retryAfter }: Refusal): void {
  const requestId = response.getHeader('request-id')
  response.writeHead(status, {
    'content-type': 'application/json',
    ...(retryAfter === undefined ? {} : { 'retry-after': retryAfter }),
  })
  response.end(JSON.stringify({ type: 'error', error: { type, message }, request_id: requestId }))
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject)
      const address = server.address()
      resolve(typeof address === 'object' && address ? address.port : port)
    })
  })
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
