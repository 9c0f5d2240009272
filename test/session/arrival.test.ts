import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { PLAIN_CLIENT, parseArrivals } from '../../src/session/arrival.ts'
import { confirm, customResult, interrupt, message, systemMessage, toolResult } from '../support/session-builders.ts'

const URL_SOURCE = { type: 'url', url: 'https://example.com/a' }
const base64 = (media: unknown, data = '') => ({ type: 'base64', media_type: media, data })

const FOUND = {
  type: 'search_result',
  source: 's',
  title: 't',
  content: [{ type: 'text', text: 'x' }],
  citations: { enabled: false },
}

function result(...content: unknown[]): object {
  return { ...customResult('r', 'x'), content }
}

function files(...content: unknown[]): object {
  return { id: 'm', type: 'user.message', content }
}

describe('a batch of events', () => {
  test.each<{ name: string; event: object }>([
    { name: 'a message', event: message('m') },
    { name: 'a message without an id', event: message(undefined) },
    { name: 'a system message', event: systemMessage('s') },
    { name: 'an interrupt', event: interrupt('i') },
    { name: 'a confirmation', event: confirm('y', 'a') },
    { name: 'a denial with words', event: { ...confirm('n', 'a', 'deny'), deny_message: 'no' } },
    { name: 'a denial with many words', event: { ...confirm('n', 'a', 'deny'), deny_message: 'n'.repeat(8_000) } },
    { name: 'a result as large as may be', event: customResult('r', 'x', 'x'.repeat(500 * 1024)) },
    { name: 'a denial with null for words', event: { ...confirm('n', 'a', 'deny'), deny_message: null } },
    { name: 'a result', event: customResult('r', 'x') },
    { name: 'a worker’s result', event: toolResult('r', 'c') },
    { name: 'a worker’s result without content', event: { id: 'r', type: 'user.tool_result', tool_use_id: 'c' } },
    { name: 'a result without content', event: { id: 'r', type: 'user.custom_tool_result', custom_tool_use_id: 'x' } },
    {
      name: 'a result of all kinds of blocks',
      event: result(
        { type: 'text', text: '' },
        { type: 'image', source: URL_SOURCE },
        { type: 'document', source: { type: 'text', data: 'words' } },
        FOUND,
        { ...FOUND, content: [] },
      ),
    },
    { name: 'an image by its URL', event: files({ type: 'image', source: URL_SOURCE }) },
    {
      name: 'a document by its URL',
      event: files({ type: 'document', title: 't', context: null, source: URL_SOURCE }),
    },
    { name: 'a document of text', event: files({ type: 'document', source: { type: 'text', data: 'words' } }) },
    { name: 'fields nobody knows', event: { ...message('m'), colour: 'red' } },
  ])('takes $name as it is', ({ event }) => {
    expect(parseArrivals({ events: [event], by: 'key_1' }, true)).toEqual({
      ok: true,
      events: [event],
      blobs: {},
      by: 'key_1',
    })
  })

  test.each([
    { name: 'nobody', by: {} },
    { name: 'no text', by: { by: 7 } },
  ])('is of a plain client when it names $name', ({ by }) => {
    expect(parseArrivals({ events: [], ...by })).toEqual({ ok: true, events: [], blobs: {}, by: PLAIN_CLIENT })
  })

  test.each<{ name: string; payload: unknown }>([
    { name: 'nothing', payload: undefined },
    { name: 'null', payload: null },
    { name: 'text', payload: 'hello' },
    { name: 'a list', payload: [message('m')] },
    { name: 'no events', payload: { event: message('m') } },
    { name: 'events that are no list', payload: { events: message('m') } },
    { name: 'what could not be decoded', payload: { undecodable: 'Error: another key' } },
  ])('is refused when it is $name', ({ payload }) => {
    expect(parseArrivals(payload)).toEqual({
      ok: false,
      reason: expect.stringMatching(/^an events signal without events; expected/),
    })
  })

  test.each<{ name: string; event: unknown; reason: RegExp }>([
    { name: 'null', event: null, reason: /is object, not an object|is null/ },
    { name: 'text', event: 'hi', reason: /is "hi", not an object/ },
    { name: 'a list', event: [], reason: /is a list, not an object/ },
    { name: 'a number', event: 7, reason: /is number, not an object/ },
    { name: 'no type', event: {}, reason: /has the type undefined/ },
    { name: 'a type of the server', event: { type: 'agent.message', content: [] }, reason: /the type "agent.message"/ },
    { name: 'an overlong type', event: { type: 'x'.repeat(200) }, reason: /the type "x{60}"/ },
    { name: 'an id that is a number', event: { ...message('m'), id: 7 }, reason: /has an id/ },
    { name: 'an empty id', event: { ...message('m'), id: '' }, reason: /has an id/ },
    { name: 'an overlong id', event: message('x'.repeat(129)), reason: /has an id .* of 1 to 128 characters/ },
    { name: 'no content', event: { type: 'user.message' }, reason: /has a content/ },
    { name: 'empty content', event: { type: 'user.message', content: [] }, reason: /has a content/ },
    { name: 'content that is text', event: { type: 'user.message', content: 'hi' }, reason: /has a content/ },
    { name: 'a block that is null', event: { type: 'user.message', content: [null] }, reason: /has a content/ },
    { name: 'an image', event: { type: 'user.message', content: [{ type: 'image' }] }, reason: /has a content/ },
    {
      name: 'a text that is a number',
      event: { type: 'system.message', content: [{ type: 'text', text: 7 }] },
      reason: /has a content/,
    },
    { name: 'a blank text', event: message('m', ' \n\t'), reason: /has a content/ },
    {
      name: 'the bytes of an image',
      event: files({ type: 'image', source: base64('image/png', 'QQ==') }),
      reason: /with its bytes in it; send it through the API/,
    },
    {
      name: 'the bytes of a document',
      event: files({ type: 'document', source: base64('application/pdf', 'QQ==') }),
      reason: /with its bytes in it/,
    },
    {
      name: 'an image by another protocol',
      event: files({ type: 'image', source: { type: 'url', url: 'http://example.com' } }),
      reason: /without an https URL/,
    },
    {
      name: 'an image by no URL',
      event: files({ type: 'image', source: { type: 'url' } }),
      reason: /without an https URL/,
    },
    ...[
      { type: 'image', source: base64('image/svg+xml') },
      { type: 'image', source: base64(7) },
      { type: 'document', source: base64('image/png') },
      { type: 'image', source: { type: 'text', data: 'words' } },
      { type: 'document', source: { type: 'text', data: ' ' } },
      { type: 'document', title: 7, source: URL_SOURCE },
      { type: 'document', context: {}, source: URL_SOURCE },
      { type: 'constructor', source: URL_SOURCE },
    ].map((block) => ({
      name: `a block that is no input: ${JSON.stringify(block)}`,
      event: files(block),
      reason: /has a content/,
    })),
    {
      name: 'a file that nobody keeps a copy of',
      event: files({ type: 'document', source: { type: 'file', file_id: 'file_1' } }),
      reason: /by the id of a file; send it through the API/,
    },
    {
      name: 'a confirmation of nothing',
      event: { type: 'user.tool_confirmation', result: 'allow' },
      reason: /no tool_use_id/,
    },
    {
      name: 'neither allow nor deny',
      event: { ...confirm('y', 'a'), result: 'maybe' },
      reason: /other than allow or deny/,
    },
    {
      name: 'words that are a number',
      event: { ...confirm('n', 'a', 'deny'), deny_message: 7 },
      reason: /deny_message/,
    },
    {
      name: 'too many words',
      event: { ...confirm('n', 'a', 'deny'), deny_message: 'n'.repeat(8_001) },
      reason: /deny_message .* at most 8000 characters/,
    },
    { name: 'an overlong call', event: confirm('y', 'x'.repeat(129)), reason: /no tool_use_id of 1 to 128/ },
    {
      name: 'an overlong custom call',
      event: customResult('r', 'x'.repeat(129)),
      reason: /no custom_tool_use_id of 1 to 128/,
    },
    {
      name: 'a result that is too large',
      event: customResult('r', 'x', 'x'.repeat(513 * 1024)),
      reason: /is larger than 512 KB/,
    },
    {
      name: 'an interrupt with something in it',
      event: { ...interrupt('i'), note: 'x'.repeat(513 * 1024) },
      reason: /is larger than 512 KB/,
    },
    { name: 'a result of nothing', event: { type: 'user.custom_tool_result' }, reason: /no custom_tool_use_id/ },
    { name: 'a worker’s result of nothing', event: { type: 'user.tool_result' }, reason: /has no tool_use_id/ },
    {
      name: 'a worker’s result that is text',
      event: { ...toolResult('r', 'c'), content: 'done' },
      reason: /list of text, images, documents and search results/,
    },
    {
      name: 'a result that is text',
      event: { ...customResult('r', 'x'), content: 'done' },
      reason: /list of text, images, documents and search results/,
    },
    ...[
      null,
      {},
      { type: 'text' },
      { type: 'image', source: {} },
      { type: 'image', source: base64('image/svg+xml') },
      { type: 'constructor' },
      { ...FOUND, source: 7 },
      { ...FOUND, title: null },
      { ...FOUND, content: 'x' },
      { ...FOUND, content: [null] },
      { ...FOUND, content: [{ type: 'text' }] },
      { ...FOUND, citations: undefined },
      { ...FOUND, citations: {} },
    ].map((block) => ({
      name: `a result with ${JSON.stringify(block)}`,
      event: result(block),
      reason: /has a content other than a list of text, images/,
    })),
    {
      name: 'a result with bytes in it',
      event: result({ type: 'image', source: base64('image/png', 'QQ==') }),
      reason: /with its bytes in it/,
    },
    {
      name: 'a result with a file that nobody keeps a copy of',
      event: result({ type: 'text', text: 'x' }, { type: 'image', source: { type: 'file', file_id: 'f' } }),
      reason: /by the id of a file/,
    },
  ])('is refused whole for one event: $name', ({ event, reason }) => {
    const parsed = parseArrivals({ events: [message('m'), event] }, true)
    expect(parsed).toEqual({ ok: false, reason: expect.stringMatching(reason) })
    expect(parsed).toMatchObject({ reason: expect.stringMatching(/^events\[1\] .*; expected \{"events"/) })
  })

  test('is refused for a worker’s result where there are no workers', () => {
    const reason = expect.stringMatching(/^events\[0\] is a user.tool_result, which .* self-hosted .* alone take;/)
    expect(parseArrivals({ events: [toolResult('r', 'c')] })).toEqual({ ok: false, reason })
  })

  test('of more events than a queue holds is refused', () => {
    const of = (count: number) => parseArrivals({ events: Array.from({ length: count }, () => message(undefined)) })
    expect(of(256)).toMatchObject({ ok: true })
    expect(of(257)).toEqual({ ok: false, reason: 'an events signal of 257 events; expected at most 256' })
  })

  const ref = (...path: (string | number)[]) => ({ path, sha256: 'ab'.repeat(32), length: 1 })

  test('takes what is kept elsewhere for what it stands for', () => {
    const event = files(
      { type: 'text', text: '' },
      { type: 'image', source: base64('image/webp') },
      { type: 'document', source: base64('application/pdf') },
      { type: 'document', source: { type: 'text', data: '' } },
    )
    const shown = result({ type: 'image', source: base64('image/png') }, { type: 'text', text: '' })
    expect(
      parseArrivals({
        events: [shown],
        blobs: { 0: [ref('content', 0, 'source', 'data'), ref('content', 1, 'text')] },
      }),
    ).toMatchObject({ ok: true })
    const places = [ref('content', 0, 'text'), ...[1, 2, 3].map((at) => ref('content', at, 'source', 'data'))]
    const blobs = { 1: places }
    const events = [message('m'), event]
    expect(parseArrivals({ events, blobs })).toEqual({ ok: true, events, blobs, by: PLAIN_CLIENT })
    expect(parseArrivals({ events, blobs: { 1: places.slice(1) } })).toMatchObject({ ok: false })
    expect(parseArrivals({ events, blobs: { 1: places.slice(0, 3) } })).toMatchObject({ ok: false })
  })

  test.each([{ blobs: 'x' }, { blobs: { 0: [ref('content', 0, 'text')] } }, { blobs: { 0: [ref('nowhere')] } }])(
    'is refused for references that are none of its own: %j',
    (beside) => {
      expect(parseArrivals({ events: [message('m')], ...beside })).toEqual({
        ok: false,
        reason: expect.stringMatching(/^an events signal with blobs that are none of its events/),
      })
    },
  )

  test('is refused for references of an event that has no id yet', () => {
    const event = { type: 'user.message', content: [{ type: 'text', text: '' }] }
    const parsed = parseArrivals({ events: [event], blobs: { 0: [ref('content', 0, 'text')] } })
    expect(parsed).toMatchObject({ ok: false, reason: expect.stringContaining('has blobs and no id') })
  })

  test('of anything at all is answered, never thrown over', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.anything(), fc.record({ events: fc.anything() }), fc.record({ events: fc.array(fc.anything()) })),
        (payload) => {
          expect(typeof parseArrivals(payload).ok).toBe('boolean')
        },
      ),
    )
  })
})

describe('a file in a batch', () => {
  const of = (type: string, file: string) =>
    parseArrivals({
      events: [{ id: 'm', type: 'user.message', content: [{ type, source: { type: 'file', file_id: 'file_1' } }] }],
      blobs: { 0: [{ path: ['content', 0, 'source'], sha256: 'ab'.repeat(32), length: 3, file }] },
    })

  test.each([
    ['image', 'image/png'],
    ['document', 'application/pdf'],
    ['document', 'text/plain'],
  ])('is taken for an %s when its copy is %s', (type, file) => {
    expect(of(type, file)).toMatchObject({ ok: true, blobs: { 0: [{ file }] } })
  })

  test.each([
    ['image', 'application/pdf'],
    ['image', 'text/plain'],
    ['document', 'image/png'],
    ['document', 'text/html'],
  ])('is no %s when its copy is %s', (type, file) => {
    expect(of(type, file)).toMatchObject({ ok: false, reason: expect.stringContaining('has a content other than') })
  })
})
