import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import Anthropic from '@anthropic-ai/sdk'
import { onTestFinished } from 'vitest'

/** What one opened stream carries, and how it goes on: it ends, its connection is cut, or it stays open. */
export interface FakeStream {
  readonly events: readonly object[]
  readonly then: 'end' | 'cut' | 'stay'
}

export interface FakeScript {
  readonly streams?: readonly FakeStream[]
  /** What the n-th answer to a waiting session makes the stream carry that is open then. */
  readonly answered?: readonly (readonly object[])[]
  /** The event list of the session. */
  readonly listed?: readonly object[]
  readonly agents?: readonly object[]
  readonly environments?: readonly object[]
  /** What the session has used. */
  readonly usage?: object
  /** Answers with an error instead, by `METHOD /path`; used up one after the other, 0 for none. */
  readonly failures?: Readonly<Record<string, readonly number[]>>
}

export interface FakeServer {
  readonly client: Anthropic
  /** `METHOD /path` of every request, in order. */
  readonly requests: readonly string[]
  /** The query of every request, in order. */
  readonly queries: readonly string[]
  /** Makes the stream carry these that is open now. */
  push(...events: readonly object[]): void
  /** Parsed bodies, by `METHOD /path`. */
  readonly bodies: ReadonlyMap<string, unknown>
}

export const SESSION = 'sesn_1'

/** A server that knows just enough of the API for the commands; it goes with the test. */
export async function startFakeServer(script: FakeScript = {}): Promise<FakeServer> {
  const requests: string[] = []
  const queries: string[] = []
  const bodies = new Map<string, unknown>()
  const streams = [...(script.streams ?? [])]
  const answered = [...(script.answered ?? [])]
  let open: ServerResponse | null = null
  const failures = new Map(Object.entries(script.failures ?? {}).map(([route, codes]) => [route, [...codes]]))
  const lists: Readonly<Record<string, readonly object[] | undefined>> = {
    'GET /v1/agents': script.agents ?? [],
    'GET /v1/environments': script.environments ?? [],
    [`GET /v1/sessions/${SESSION}/events`]: script.listed ?? [],
  }
  const made: Readonly<Record<string, object>> = {
    'POST /v1/agents': { id: 'agent_made' },
    'POST /v1/environments': { id: 'env_made' },
    'POST /v1/sessions': { id: SESSION },
    [`GET /v1/sessions/${SESSION}`]: { id: SESSION, usage: script.usage ?? {} },
    [`POST /v1/sessions/${SESSION}/events`]: { data: [{ id: 'sevt_sent' }] },
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, search } = new URL(request.url ?? '', 'http://fake')
    const route = `${request.method} ${pathname}`
    requests.push(route)
    queries.push(search.slice(1))
    const body = await readAll(request)
    if (body !== '') bodies.set(route, JSON.parse(body))
    const failure = failures.get(route)?.shift()
    if (body.includes('user.tool_confirmation')) open?.write(toFrames(answered.shift() ?? []))
    if (failure) return fail(response, failure)
    if (route === `GET /v1/sessions/${SESSION}/events/stream`) {
      open = response
      return stream(response, streams.shift())
    }
    const data = lists[route]
    send(response, 200, data ? { data, next_page: null } : (made[route] ?? {}))
  }

  const server = createServer((request, response) => void answer(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    return new Promise((resolve) => server.close(() => resolve()))
  })
  // `address()` is an object for a server that listens on a port.
  const { port } = server.address() as AddressInfo
  return {
    client: new Anthropic({ baseURL: `http://127.0.0.1:${port}`, apiKey: 'k', maxRetries: 0 }),
    requests,
    queries,
    push: (...events) => void open?.write(toFrames(events)),
    bodies,
  }
}

async function readAll(request: IncomingMessage): Promise<string> {
  const chunks: string[] = []
  for await (const chunk of request.setEncoding('utf8')) chunks.push(String(chunk))
  return chunks.join('')
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json', 'request-id': 'req_1' }).end(JSON.stringify(body))
}

function fail(response: ServerResponse, status: number): void {
  send(response, status, { type: 'error', error: { type: 'fake', message: `fake ${status}` }, request_id: 'req_1' })
}

function stream(response: ServerResponse, wanted: FakeStream | undefined): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  response.write(`: open\n\n${toFrames(wanted?.events ?? [])}`, () => {
    if (wanted?.then === 'end') response.end()
    if (wanted?.then === 'cut') response.destroy()
  })
}

function toFrames(events: readonly object[]): string {
  return events.map((event) => `event: message\ndata: ${JSON.stringify(event)}\n\n`).join('')
}
