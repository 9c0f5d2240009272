import { describe, expect, test } from 'vitest'
import type { ModelResponse } from '../../src/model/model.ts'
import { readEvent, startReading } from '../../src/model/message-reader.ts'
import { block, call, end, start, text } from './stream-text.ts'

type Event = Readonly<Record<string, unknown>>

function read(events: readonly Event[]): ModelResponse | undefined {
  const reading = startReading(() => {})
  return events.map((event) => readEvent(reading, JSON.stringify(event))).at(-1)
}

const use = { type: 'server_tool_use', id: 'srvtoolu_1', name: 'web_search', input: {} }
const asked = block(0, use, [{ type: 'input_json_delta', partial_json: '{"query":"x"}' }])
const hit = { type: 'web_search_result', url: 'https://a.com', title: 'A', page_age: null, encrypted_content: 'e' }
const source = { type: 'text', media_type: 'text/plain', data: 'a page' }
const page = { type: 'web_fetch_result', url: 'https://a.com', content: { type: 'document', source } }
const failed = { type: 'web_search_tool_result_error', error_code: 'unavailable' }

function counted(usage: Record<string, unknown>): readonly Event[] {
  const delta = { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage }
  return [start(), ...text(0, 'x'), delta, { type: 'message_stop' }]
}

describe('a call that the model’s API carries out', () => {
  test.each([
    ['web_search_tool_result', [hit]],
    ['web_search_tool_result', []],
    ['web_search_tool_result', failed],
    ['web_fetch_tool_result', page],
    ['web_fetch_tool_result', { ...failed, type: 'web_fetch_tool_result_error' }],
  ])('is read with its %s %j as they came', (type, content) => {
    const result = { type, tool_use_id: 'srvtoolu_1', content }
    const { content: blocks } = read([start(), ...asked, ...block(1, result), ...end('end_turn')]) ?? {}
    expect(blocks).toEqual([{ ...use, input: { query: 'x' } }, result])
  })

  test.each([
    ['web_search_tool_result', 'found'],
    ['web_search_tool_result', [{ url: 'https://a.com' }]],
    ['web_search_tool_result', page],
    ['web_fetch_tool_result', [hit]],
    ['web_fetch_tool_result', { ...page, url: null }],
    ['web_fetch_tool_result', { ...page, content: { source: { type: 'text' } } }],
    ['web_fetch_tool_result', { ...page, content: 'a page' }],
  ])('has no %s %j', (type, content) => {
    const result = { type, tool_use_id: 'srvtoolu_1', content }
    expect(() => read([start(), ...asked, ...block(1, result)])).toThrow(/a block that is none/)
  })

  test.each([{ id: 'a b' }, { name: '' }, { input: [] }])('is none with %j', (change) => {
    expect(() => read([start(), ...block(0, { ...use, ...change })])).toThrow(/a block that is none/)
  })

  test('has an id of its own', () => {
    expect(() => read([start(), ...asked, ...call(1, { id: 'srvtoolu_1' })])).toThrow(
      /two calls with the id srvtoolu_1/,
    )
  })

  test.each([[[]], [['{"query":']]])('is left out where an answer was cut in it: %j', (parts) => {
    const deltas = parts.map((partial_json) => ({ type: 'input_json_delta', partial_json }))
    const response = read([start(), ...text(0, 'So,'), ...block(1, use, deltas), ...end('max_tokens')])
    expect(response?.content).toMatchObject([{ text: 'So,' }])
    expect(response?.content).toHaveLength(1)
  })

  test('stays at the end of an answer that pauses', () => {
    expect(read([start(), ...asked, ...end('pause_turn')])).toMatchObject({
      content: [{ id: 'srvtoolu_1' }],
      stopReason: 'pause_turn',
    })
  })
})

describe('a text that cites what was found', () => {
  const citation = { type: 'web_search_result_location', url: 'https://a.com', cited_text: 'a', encrypted_index: 'i' }

  test.each([[null], [[]]])('keeps what it cites, behind %j', (citations) => {
    const deltas = [citation, { ...citation, url: 'https://b.com' }].map((each) => ({
      type: 'citations_delta',
      citation: each,
    }))
    const response = read([start(), ...block(0, { type: 'text', text: 'so', citations }, deltas), ...end('end_turn')])
    expect(response?.content).toEqual([
      { type: 'text', text: 'so', citations: [citation, { ...citation, url: 'https://b.com' }] },
    ])
  })

  test('cites nothing that is none', () => {
    const delta = { type: 'citations_delta', citation: 'a' }
    expect(() => read([start(), ...block(0, { type: 'text', text: '' }, [delta])])).toThrow(/does not fit text/)
  })
})

describe('the usage of an answer', () => {
  test('has the searches that were made', () => {
    const response = read(counted({ output_tokens: 9, server_tool_use: { web_search_requests: 2 } }))
    expect(response).toMatchObject({ searches: 2, usage: { output_tokens: 9 } })
  })

  test.each([[undefined], [null], [{ web_search_requests: 0 }], [{ web_search_requests: 'two' }]])(
    'has none where the provider says %j of them',
    (server_tool_use) => {
      expect(read(counted({ server_tool_use }))).not.toHaveProperty('searches')
    },
  )

  const iteration = { type: 'message', input_tokens: 10, output_tokens: 3, cache_read_input_tokens: 20 }
  test('tells the last of several requests apart from their sum', () => {
    const iterations = [iteration, { ...iteration, input_tokens: 40 }, { ...iteration, type: 'compaction' }]
    expect(read(counted({ iterations }))?.last).toEqual({
      input_tokens: 40,
      output_tokens: 3,
      cache_read_input_tokens: 20,
      cache_creation_input_tokens: 0,
    })
  })

  test.each([[null], [[iteration]], [['a', 'b']]])('is of one request where the provider tells %j', (iterations) => {
    expect(read(counted({ iterations }))).not.toHaveProperty('last')
  })
})
