import { describe, expect, test } from 'vitest'
import { toEntries } from '../../src/activities/answer.ts'
import type { Judged } from '../../src/activities/judge.ts'
import type { Announced } from '../../src/activities/preview.ts'
import type { ModelResponse } from '../../src/model/model.ts'
import type { ModelMessage } from '../../src/wire/types.ts'
import { agentWith } from './agent.ts'

const usage = { input_tokens: 3, output_tokens: 2, cache_read_input_tokens: 1, cache_creation_input_tokens: 0 }
const text = (value: string) => ({ type: 'text', text: value, citations: null }) as const
const call = (id: string, name: string, input: unknown = {}) => ({ type: 'tool_use', id, name, input }) as const
const thinking = { type: 'thinking', thinking: 'hm', signature: 's' } as const

const lookup = { type: 'custom', name: 'lookup', description: 'd', input_schema: { type: 'object' } } as const
const asking = agentWith([
  { name: 'read', policy: 'always_ask' },
  { name: 'write', policy: 'auto' },
])
const agent = { ...asking, tools: [...asking.tools, lookup] }

const JUDGED: Judged = { judgements: new Map([['judged', { type: 'deny', reason_code: 'high_risk' }]]), usage }

interface Circumstances {
  readonly announced?: readonly Announced[]
  readonly judged?: Judged
  readonly messages?: readonly ModelMessage[]
  readonly selfHosted?: true
}

function entriesOf(
  response: Partial<ModelResponse>,
  offered: readonly string[] = ['bash', 'read', 'write', 'lookup'],
  { announced = [], judged, messages = [], selfHosted }: Circumstances = {},
) {
  let minted = 0
  return toEntries({
    agent,
    harness: 'h1',
    request: 'r1',
    response: { content: [], stopReason: 'end_turn', stopDetails: null, usage, ...response },
    offered,
    selfHosted,
    messages,
    announced,
    ...(judged ? { judged } : {}),
    mint: () => `e${++minted}`,
  })
}

describe('a model’s answer', () => {
  test('is the raw blocks, what clients see of them in their order, and the end of the request', () => {
    const content = [thinking, text('a'), text('b'), call('t1', 'bash', { command: 'ls' }), text('c')]
    expect(entriesOf({ content: content as never, stopReason: 'tool_use' })).toEqual([
      { type: 'log.assistant', harness: 'h1', content, stop_reason: 'tool_use', calls: [{ id: 'e3', model_id: 't1' }] },
      { type: 'agent.thinking', id: 'e1' },
      {
        type: 'agent.message',
        id: 'e2',
        content: [
          { type: 'text', text: 'a' },
          { type: 'text', text: 'b' },
        ],
      },
      {
        type: 'agent.tool_use',
        id: 'e3',
        name: 'bash',
        input: { command: 'ls' },
        evaluated_permission: 'allow',
        evaluation: { type: 'always_allow' },
      },
      { type: 'agent.message', id: 'e4', content: [{ type: 'text', text: 'c' }] },
      { type: 'span.model_request_end', id: 'e5', model_request_start_id: 'r1', is_error: false, model_usage: usage },
    ])
  })

  test('gives what was announced the ids that clients know, and everything else fresh ones', () => {
    const content = [text('a'), call('t1', 'bash'), thinking, text('b')]
    const announced = [
      { of: 'agent.message', id: 'p1' },
      { of: 'agent.thinking', id: 'p2' },
    ] as const
    const entries = entriesOf({ content: content as never }, ['bash'], { announced })
    expect(entries.map((entry) => ('id' in entry ? entry.id : entry.type))).toEqual([
      'log.assistant',
      'p1',
      'e1',
      'p2',
      'e2',
      'e3',
    ])
  })

  test.each([
    ['bash', { evaluated_permission: 'allow', evaluation: { type: 'always_allow' } }],
    ['read', { evaluated_permission: 'ask', evaluation: { type: 'always_ask' } }],
  ])('evaluates what policy says of %s', (name, permission) => {
    expect(entriesOf({ content: [call('t1', name)] as never })[1]).toMatchObject(permission)
  })

  test.each([
    ['judged', 'deny', { type: 'deny', reason_code: 'high_risk' }],
    ['another', 'ask', { type: 'ask', reason_code: 'indeterminate' }],
  ])('says what the judge said of the call %s', (id, permission, judgement) => {
    expect(entriesOf({ content: [call(id, 'write')] as never }, undefined, { judged: JUDGED })[1]).toMatchObject({
      evaluated_permission: permission,
      evaluation: { type: 'auto', evaluated_permission: judgement },
    })
  })

  test('counts the judge in where the request ends, and says what it took itself', () => {
    const content = [call('judged', 'write')] as never
    const judgedEntries = entriesOf({ content }, undefined, { judged: JUDGED })
    const twice = { input_tokens: 6, output_tokens: 4, cache_read_input_tokens: 2, cache_creation_input_tokens: 0 }
    expect(judgedEntries.at(0)).toMatchObject({ usage })
    expect(judgedEntries.at(-1)).toMatchObject({ model_usage: twice })
    expect(entriesOf({ content })[0]).not.toHaveProperty('usage')
  })

  test('tells a custom call as what the client is to settle, whatever policies there are', () => {
    const [answer, use] = entriesOf({ content: [call('t1', 'lookup', { key: 'a' })] as never })
    expect(answer).toMatchObject({ calls: [{ id: 'e1', model_id: 't1' }] })
    expect(use).toEqual({ type: 'agent.custom_tool_use', id: 'e1', name: 'lookup', input: { key: 'a' } })
  })

  test('denies a tool that was not offered before any policy is asked', () => {
    const [, use] = entriesOf({ content: [call('t1', 'web_search')] as never })
    expect(use).toMatchObject({ evaluated_permission: 'deny' })
    expect(use).not.toHaveProperty('evaluation')
  })

  test('keeps an input that is no object where clients expect one', () => {
    const [, use] = entriesOf({ content: [call('t1', 'bash', 'ls')] as never })
    expect(use).toMatchObject({ input: { input: 'ls' } })
  })

  test('carries why the model refused', () => {
    const stopDetails = { category: 'cyber', explanation: 'not that' }
    expect(entriesOf({ stopReason: 'refusal', stopDetails: { ...stopDetails, category: null } })[0]).not.toHaveProperty(
      'category',
    )
    expect(entriesOf({ stopReason: 'refusal', stopDetails })[0]).toMatchObject({
      category: 'cyber',
      stop_reason: 'refusal',
      explanation: 'not that',
      calls: [],
    })
  })

  test('says no more of why the model refused than a person would', () => {
    const stopDetails = { category: 'cyber', explanation: 'x'.repeat(5_000) }
    expect(entriesOf({ stopReason: 'refusal', stopDetails })[0]).toMatchObject({ explanation: 'x'.repeat(4_000) })
  })
})

describe('a call that the model’s API has carried out', () => {
  const caller = { type: 'direct' } as const
  const search = { type: 'server_tool_use', id: 's1', name: 'web_search', input: { query: 'x' }, caller } as const
  const visit = {
    type: 'server_tool_use',
    id: 's2',
    name: 'web_fetch',
    input: { url: 'https://a.com' },
    caller,
  } as const
  const hit = { type: 'web_search_result', url: 'https://a.com', title: 'A', page_age: '2 days', encrypted_content: '' }
  const page = (source: object) => ({
    type: 'web_fetch_result',
    url: 'https://a.com',
    retrieved_at: null,
    content: { type: 'document', title: 'A', citations: null, source },
  })
  const found = (content: unknown) => ({ type: 'web_search_tool_result', tool_use_id: 's1', content, caller })
  const fetched = (content: unknown) => ({ type: 'web_fetch_tool_result', tool_use_id: 's2', content, caller })
  const plain = (data: string) => page({ type: 'text', media_type: 'text/plain', data })

  /** What clients see of these blocks. */
  function shown(content: readonly unknown[], circumstances: Circumstances = {}) {
    return entriesOf({ content: content as never }, undefined, circumstances).slice(1, -1)
  }

  test('is told with its result at once, and waits for nobody', () => {
    const content = [text('a'), search, visit, found([hit, { ...hit, title: 'B', page_age: null }]), text('b')]
    expect(shown(content)).toEqual([
      { type: 'agent.message', id: 'e1', content: [{ type: 'text', text: 'a' }] },
      {
        type: 'agent.tool_use',
        id: 'e2',
        name: 'web_search',
        input: { query: 'x' },
        evaluated_permission: 'allow',
        evaluation: { type: 'always_allow' },
      },
      {
        type: 'agent.tool_result',
        id: 'e3',
        tool_use_id: 'e2',
        content: [{ type: 'text', text: 'A\nhttps://a.com\n2 days\n\nB\nhttps://a.com' }],
        is_error: false,
      },
      { type: 'agent.message', id: 'e4', content: [{ type: 'text', text: 'b' }] },
    ])
    expect(entriesOf({ content: content as never })[0]).toMatchObject({ calls: [], content })
  })

  test.each([
    ['nothing', [search, found([])], ['No results.'], false],
    ['why there is nothing', [search, found({ error_code: 'max_uses_exceeded' })], ['max_uses_exceeded'], true],
    ['a page', [visit, fetched(plain('words'))], ['A\nhttps://a.com', 'words'], false],
    ['an empty page', [visit, fetched(plain(''))], ['A\nhttps://a.com'], false],
    [
      'a page that is no text',
      [visit, fetched(page({ type: 'base64', media_type: 'application/pdf', data: 'JVBE' }))],
      ['A\nhttps://a.com', '[application/pdf]'],
      false,
    ],
    ['why there is no page', [visit, fetched({ error_code: 'url_not_allowed' })], ['url_not_allowed'], true],
  ])('tells %s', (_, content, texts, is_error) => {
    const [, result] = shown(content)
    expect(result).toMatchObject({ content: texts.map((each) => ({ type: 'text', text: each })), is_error })
  })

  test('never ends a page between the halves of a character', () => {
    const [, result] = shown([visit, fetched(plain(`${'x'.repeat(99_999)}😀`))])
    expect(result).toMatchObject({ content: [{}, { text: 'x'.repeat(99_999) }, { text: '[1 more characters]' }] })
  })

  test.each([100_000, 100_001])('tells at most 100,000 of the %i characters of a page', (length) => {
    const [, result] = shown([visit, fetched(plain('x'.repeat(length)))])
    const lengths = (result as { content: { text: string }[] }).content.map((each) => each.text.length)
    expect(lengths).toEqual([15, 100_000, ...(length > 100_000 ? ['[1 more characters]'.length] : [])])
  })

  test('is told once its result comes, in an answer behind it', () => {
    expect(shown([text('a'), search])).toHaveLength(1)
    const messages = [{ role: 'assistant', content: [text('a'), search] }] as never
    expect(shown([found([]), text('b')], { messages })).toMatchObject([
      { type: 'agent.tool_use', name: 'web_search' },
      { type: 'agent.tool_result' },
      { type: 'agent.message' },
    ])
  })

  test('is not told when nobody knows it', () => {
    expect(shown([found([])])).toEqual([])
  })

  test('counts where the provider does', () => {
    expect(entriesOf({ searches: 2 })[0]).toMatchObject({ searches: 2 })
    expect(entriesOf({})[0]).not.toHaveProperty('searches')
  })

  test('leaves the context as full as the last request was, or may have been', () => {
    const content = [search, found([]), search, found([])] as never
    const last = { ...usage, input_tokens: 1 }
    const sum = { ...usage, input_tokens: 31, output_tokens: 6 }
    expect(entriesOf({ content, usage: sum, last })[0]).toMatchObject({ usage: last })
    expect(entriesOf({ content, usage: sum })[0]).toMatchObject({
      usage: { input_tokens: 10, output_tokens: 2, cache_read_input_tokens: 0 },
    })
    expect(entriesOf({ content, usage: sum }).at(-1)).toMatchObject({ model_usage: sum })
  })

  test('says of its calls which the user’s machines answer: none that policy refuses, and none of a custom tool', () => {
    const content = ['bash', 'read', 'glob', 'lookup'].map((name, index) => call(`t${index}`, name))
    const entries = entriesOf({ content: content as never, stopReason: 'tool_use' }, undefined, { selfHosted: true })
    expect(entries[0]).toMatchObject({ calls: [{ remote: true }, { remote: true }, {}, {}] })
    expect(JSON.stringify(entries).match(/"remote":true/g)).toHaveLength(2)
    expect(JSON.stringify(entriesOf({ content: content as never }))).not.toContain('remote')
  })
})
