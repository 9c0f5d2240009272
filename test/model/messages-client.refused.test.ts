import type { ServerResponse } from 'node:http'
import { describe, expect, test } from 'vitest'
import type { ModelFailureDetails } from '../../src/model/model.ts'
import { SECRET, failureOf, modelAt, never } from './ask.ts'
import { apiError, json, startHostileServer } from './hostile-server.ts'
import { aRequest } from './request.ts'

const STATUSES: readonly [string, (response: ServerResponse) => void, Partial<ModelFailureDetails>][] = [
  [
    '429, seconds',
    json(429, apiError('rate_limit_error'), { 'retry-after': '3' }),
    { kind: 'rate_limited', retryable: true, retryAfterMs: 3000 },
  ],
  [
    '429, a date',
    json(429, apiError('rate_limit_error'), { 'retry-after': 'Thu, 01 Jan 1970 00:00:09 GMT' }),
    { retryAfterMs: 9000 },
  ],
  [
    '429, milliseconds',
    json(429, apiError('rate_limit_error'), { 'retry-after-ms': '250', 'retry-after': '9' }),
    { retryAfterMs: 250 },
  ],
  [
    '429, nothing',
    json(429, apiError('rate_limit_error')),
    { kind: 'rate_limited', retryable: true, retryAfterMs: undefined },
  ],
  [
    '429, never again',
    json(429, apiError('rate_limit_error'), { 'x-should-retry': 'false' }),
    { kind: 'rate_limited', retryable: false },
  ],
  ['529', json(529, apiError('overloaded_error')), { kind: 'overloaded', retryable: true, status: 529 }],
  ['529 without a body', (response) => void response.writeHead(529).end(), { kind: 'overloaded', retryable: true }],
  [
    '503 of the type overloaded_error',
    json(503, apiError('overloaded_error')),
    { kind: 'overloaded', retryable: true },
  ],
  ['500', json(500, apiError('api_error')), { kind: 'request_failed', retryable: true, status: 500 }],
  [
    '502 of a proxy',
    (response) => void response.writeHead(502).end('<html>\n<h1>Bad Gateway</h1>'),
    { kind: 'request_failed', retryable: true },
  ],
  ['408', json(408, apiError('timeout_error')), { kind: 'request_failed', retryable: true }],
  ['409, a lock', json(409, apiError('conflict_error')), { kind: 'request_failed', retryable: true }],
  ['400', json(400, apiError('invalid_request_error')), { kind: 'request_failed', retryable: false, status: 400 }],
  [
    '400 that says to retry',
    json(400, apiError('invalid_request_error'), { 'x-should-retry': 'true' }),
    { retryable: true },
  ],
  ['401', json(401, apiError('authentication_error')), { kind: 'request_failed', retryable: false, status: 401 }],
  ['403', json(403, apiError('permission_error')), { kind: 'request_failed', retryable: false }],
  ['404', json(404, apiError('not_found_error')), { kind: 'request_failed', retryable: false }],
  ['413', json(413, apiError('request_too_large')), { kind: 'too_long', retryable: false }],
  ['413 without a body', (response) => void response.writeHead(413).end(), { kind: 'too_long', retryable: false }],
  ...[
    'prompt is too long: 208310 tokens > 200000 maximum',
    'Input is too long for requested model.',
    'input length and `max_tokens` exceed context limit: 198981 + 21333 > 200000, decrease one of them',
    'This model’s maximum context length is 131072 tokens.',
    'context_length_exceeded',
    'The input token count (1066750) exceeds the maximum number of tokens allowed (1048575).',
  ].map((said): (typeof STATUSES)[number] => [
    `400: ${said}`,
    json(400, apiError('invalid_request_error', said)),
    { kind: 'too_long', retryable: false, status: 400 },
  ]),
  ...[
    'messages.0.content.1.image.source.base64: Could not process image',
    'messages.8.content.3.image.source.base64.data: dimensions exceed max allowed size for many-image requests: 2000',
    'Unable to download the file. Please verify the URL and try again.',
    'The PDF specified is password protected.',
    'messages: too many images and documents: 101 > 100',
  ].map((said): (typeof STATUSES)[number] => [
    `400: ${said}`,
    json(400, apiError('invalid_request_error', said)),
    { kind: 'file_refused', retryable: false, status: 400 },
  ]),
  [
    '403 about a URL',
    json(403, apiError('permission_error', 'no such url')),
    { kind: 'request_failed', retryable: false },
  ],
  [
    '500 that speaks of a prompt that is too long',
    json(500, apiError('api_error', 'prompt is too long')),
    { kind: 'request_failed', retryable: true },
  ],
  ['402', json(402, apiError('billing_error')), { kind: 'billing', retryable: false, status: 402 }],
  ['403 of the type billing_error', json(403, apiError('billing_error')), { kind: 'billing', retryable: false }],
  [
    '400 about an empty account',
    json(400, apiError('invalid_request_error', 'Your credit balance is too low.')),
    { kind: 'billing', retryable: false },
  ],
  [
    'a redirect',
    (response) => void response.writeHead(307, { location: 'http://127.0.0.1:9/' }).end(),
    { kind: 'request_failed', retryable: false, status: 307 },
  ],
]

describe('the Messages API client, refused', () => {
  test.each(STATUSES)('understands %s', async (_, respond, expected) => {
    await using server = await startHostileServer(respond)
    expect(await failureOf(modelAt(server.url).request(aRequest(), { signal: never }))).toMatchObject(expected)
  })

  test('says who answered what, with the request id', async () => {
    await using server = await startHostileServer(
      json(400, apiError('invalid_request_error', 'max_tokens:\nno'), { 'request-id': 'req_7' }),
    )
    const { message } = await failureOf(modelAt(server.url).request(aRequest(), { signal: never }))
    expect(message).toBe(
      `model: ${new URL(server.url).host} answered 400 invalid_request_error: max_tokens: no (request req_7)`,
    )
  })

  test('never lets the key out, even when the provider echoes it', async () => {
    await using server = await startHostileServer(json(401, apiError('authentication_error', `no such key: ${SECRET}`)))
    const failure = await failureOf(modelAt(server.url).request(aRequest(), { signal: never }))
    expect(failure.message).toContain('no such key: [key]')
    expect(failure.cause).toBeUndefined()
  })

  test('keeps the message of a talkative provider short', async () => {
    await using server = await startHostileServer(json(500, apiError('api_error', 'x'.repeat(100_000))))
    const { message } = await failureOf(modelAt(server.url).request(aRequest(), { signal: never }))
    expect(message.length).toBeLessThan(600)
  })

  test('says that nobody answers at an address', async () => {
    const server = await startHostileServer(() => {})
    await server[Symbol.asyncDispose]()
    const failure = await failureOf(modelAt(server.url).request(aRequest(), { signal: never }))
    expect(failure).toMatchObject({ kind: 'unreachable', retryable: true })
    expect(failure.message).toContain('ECONNREFUSED')
  })

  test('says that a connection was closed without an answer', async () => {
    await using server = await startHostileServer((response) => void response.destroy())
    expect(await failureOf(modelAt(server.url).request(aRequest(), { signal: never }))).toMatchObject({
      kind: 'unreachable',
      retryable: true,
    })
  })
})
