import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import Anthropic, {
  APIError,
  BadRequestError,
  ConflictError,
  InternalServerError,
  NotFoundError,
  RateLimitError,
} from '@anthropic-ai/sdk'
import { describe, expect, onTestFinished, test } from 'vitest'
import { ApiError, toErrorResponse } from '../../src/wire/errors.ts'
import { refused } from './drive.ts'

type Answer = (response: ServerResponse, request: IncomingMessage) => void

/** A client of a server that gives these answers, one a request and the last one for ever; and when each request came. */
async function clientOf(...answers: readonly [Answer, ...Answer[]]) {
  const times: number[] = []
  const server = createServer((request, response) => {
    times.push(Date.now())
    const answer = answers[Math.min(times.length, answers.length) - 1]
    answer?.(response, request)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  const client = new Anthropic({ baseURL: `http://127.0.0.1:${port}`, apiKey: 'key', maxRetries: 1, logLevel: 'off' })
  return { client, times }
}

/** An error as the server answers it. */
function fail(error: ApiError): Answer {
  const { status, headers, body } = toErrorResponse(error, 'req_1')
  return (response) =>
    response.writeHead(status, { ...headers, 'content-type': 'application/json' }).end(JSON.stringify(body))
}

const GOOD: Answer = (response) =>
  response.writeHead(200, { 'content-type': 'application/json' }).end('{"id":"agent_1","type":"agent"}')

describe('the official client', () => {
  test.each([
    ['repeats a refusal that asks for it', new ApiError('invalid_request', 'once more', { shouldRetry: true }), 2],
    ['does not repeat a refusal', new ApiError('invalid_request', 'no'), 1],
    ['does not repeat a conflict', new ApiError('conflict', 'no'), 1],
    ['does not repeat what is said to be in vain', new ApiError('api_error', 'no', { shouldRetry: false }), 1],
    ['repeats what broke', new ApiError('unavailable', 'later'), 2],
  ])('%s', async (_, error, requests) => {
    const { client, times } = await clientOf(fail(error), GOOD)
    const outcome = await client.beta.agents.retrieve('agent_1').catch((reason: unknown) => reason)
    expect(times).toHaveLength(requests)
    expect(outcome instanceof APIError).toBe(requests === 1)
  })

  test.each([
    ['the seconds that the server asks for', () => ({ 'retry-after': '2' }), 2_000],
    ['milliseconds', () => ({ 'retry-after-ms': '1500' }), 1_500],
    ['until a date, in whole seconds', () => ({ 'retry-after': new Date(Date.now() + 3_000).toUTCString() }), 1_900],
  ])('waits %s before it tries again', async (_, headers, least) => {
    const busy: Answer = (response) => response.writeHead(429, headers()).end()
    const { client, times } = await clientOf(busy, GOOD)
    expect(await client.beta.agents.retrieve('agent_1')).toMatchObject({ id: 'agent_1' })
    // By itself it waits for half a second at most. Timers may be a moment early.
    expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThan(least - 20)
  })

  test.each([
    [400, BadRequestError],
    [404, NotFoundError],
    [409, ConflictError],
    [429, RateLimitError],
    [502, InternalServerError],
  ])('tells an answer of %i that is no JSON by its status', async (status, kind) => {
    const proxy: Answer = (response) =>
      response.writeHead(status, { 'content-type': 'text/html', 'x-should-retry': 'false' }).end('<h1>no</h1>')
    const { client } = await clientOf(proxy)
    const error = await refused(client.beta.agents.retrieve('agent_1'))
    expect(error).toBeInstanceOf(kind)
    expect(error).toMatchObject({ status })
  })
})
