import { Buffer } from 'node:buffer'
import type { ServerResponse } from 'node:http'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { SECRET, failureOf, modelAt, never } from './ask.ts'
import { apiError, json, startHostileServer, stream } from './hostile-server.ts'
import { aRequest } from './request.ts'
import { answer, block, end, start, text, toSse } from './stream-text.ts'

const OK = answer('Hello ', 'wörld 😀')
const GARBLED: readonly [string, (response: ServerResponse) => void | Promise<void>, RegExp][] = [
  [
    'a line that is no JSON',
    stream([toSse(OK.slice(0, 2)), 'event: content_block_delta\ndata: {oops\n\n']),
    /not a JSON object: \{oops/,
  ],
  ['an event that is a list', stream(['data: []\n\n']), /not a JSON object/],
  ['no message_stop', stream([toSse(OK.slice(0, -1))]), /ended before message_stop/],
  ['an empty stream', stream([]), /ended before message_stop/],
  ['a cut in the middle of an event', stream([toSse(OK).slice(0, 150)]), /ended before message_stop/],
  [
    'JSON instead of a stream',
    json(200, { type: 'message', content: [] }),
    /event stream was expected, application\/json came/,
  ],
  [
    'a page instead of a stream',
    (response) => void response.writeHead(200, { 'content-type': 'text/html' }).end('<html>'),
    /text\/html came/,
  ],
  ['an empty answer', (response) => void response.writeHead(204).end(), /event stream was expected/],
  [
    'a line without end',
    stream(
      Array.from({ length: 80 }, () => 'x'.repeat(64 * 1024)),
      'open',
    ),
    /beyond all measure/,
  ],
  ['an error event that is none', stream([toSse([start()]), 'event: error\ndata: oops\n\n']), /error event/],
]

describe('the Messages API client, with a stream that is wrong', () => {
  test.each(GARBLED)('calls %s garbled', async (_, respond, message) => {
    await using server = await startHostileServer(respond)
    const failure = await failureOf(modelAt(server.url).request(aRequest(), { signal: never }))
    expect(failure).toMatchObject({ kind: 'garbled', retryable: true })
    expect(failure.message).toMatch(message)
  })

  test.each([
    ['a cut connection', stream([toSse(OK.slice(0, 3))], 'cut'), { input_tokens: 10, output_tokens: 1 }],
    ['an end before message_stop', stream([toSse(OK.slice(0, -1))]), { input_tokens: 10, output_tokens: 7 }],
    ['an empty stream', stream([]), undefined],
  ] as const)('tells what was counted before %s', async (_, respond, usage) => {
    await using server = await startHostileServer(respond)
    const failure = await failureOf(modelAt(server.url).request(aRequest(), { signal: never }))
    expect(failure.usage).toEqual(usage && { ...usage, cache_read_input_tokens: 0, cache_creation_input_tokens: 0 })
  })

  test.each([
    ['overloaded_error', { kind: 'overloaded', retryable: true }],
    ['rate_limit_error', { kind: 'rate_limited', retryable: true }],
    ['api_error', { kind: 'request_failed', retryable: true }],
    ['timeout_error', { kind: 'request_failed', retryable: true }],
    ['invalid_request_error', { kind: 'request_failed', retryable: false }],
    ['billing_error', { kind: 'billing', retryable: false }],
  ])('understands an error event %s after status 200', async (type, expected) => {
    const error = { ...apiError(type, `it was ${SECRET}`), type: 'error' }
    await using server = await startHostileServer(stream([toSse([...OK.slice(0, 3), error])]))
    const failure = await failureOf(modelAt(server.url).request(aRequest(), { signal: never }))
    expect(failure).toMatchObject(expected)
    expect(failure.message).toBe(`model: ${type}: it was [key]`)
  })

  test('skips pings, comments and events of a kind that is new', async () => {
    const noise =
      ': hello\n\nevent: ping\ndata: {"type":"ping"}\n\nevent: ping\ndata:\n\nevent: weather\ndata: {"type":"weather"}\n\n'
    await using server = await startHostileServer(
      stream([noise, toSse(OK.slice(0, 3)), noise, toSse(OK.slice(3)), noise]),
    )
    const { content } = await modelAt(server.url).request(aRequest(), { signal: never })
    expect(content).toMatchObject([{ text: 'Hello wörld 😀' }])
  })

  test.each([
    ['LF', '\n'],
    ['CRLF', '\r\n'],
    ['CR', '\r'],
  ])('reads lines that end in %s, one byte at a time', async (_, newline) => {
    const bytes = Buffer.from(toSse(OK, newline))
    await using server = await startHostileServer(stream(Array.from(bytes, (byte) => Uint8Array.of(byte))))
    const { content } = await modelAt(server.url).request(aRequest(), { signal: never })
    expect(content).toMatchObject([{ text: 'Hello wörld 😀' }])
  })

  test('makes bytes that are no UTF-8 visible and goes on', async () => {
    const [before, after] = toSse(answer('bad: # end')).split('#')
    const bytes = [Buffer.from(before ?? ''), Uint8Array.of(0xf0, 0x9f), Uint8Array.of(0xff), Buffer.from(after ?? '')]
    await using server = await startHostileServer(stream(bytes))
    const { content } = await modelAt(server.url).request(aRequest(), { signal: never })
    expect(content).toMatchObject([{ text: 'bad: \ufffd\ufffd end' }])
  })

  test('gives the same answer however the bytes are cut into chunks', async () => {
    const bytes = Buffer.from(
      toSse(
        [
          start(),
          ...text(0, 'á', '😀'),
          ...block(1, { type: 'text', text: '' }, [{ type: 'text_delta', text: '\u0000\\n"' }]),
          ...end('end_turn'),
        ],
        '\r\n',
      ),
    )
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.integer({ min: 1, max: bytes.length - 1 }), { maxLength: 12 }),
        async (cuts) => {
          const ends = [0, ...cuts.toSorted((a, b) => a - b), bytes.length]
          const chunks = ends.slice(1).map((to, index) => bytes.subarray(ends[index], to))
          await using server = await startHostileServer(stream(chunks))
          const { content } = await modelAt(server.url).request(aRequest(), { signal: never })
          expect(content).toMatchObject([{ text: 'á😀' }, { text: '\u0000\\n"' }])
        },
      ),
      { numRuns: 40 },
    )
  })
})
