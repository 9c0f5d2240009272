import type { Message } from '@anthropic-ai/sdk/resources/messages/messages'
import { describe, expect, test } from 'vitest'
import { createAnswerer } from '../../../src/model/demo/answerer.ts'

const SEARCH = { type: 'web_search_20250305', name: 'web_search' }
const FETCH = { type: 'web_fetch_20250910', name: 'web_fetch' }
const BASH = { name: 'bash', input_schema: { type: 'object' } }

type Tool = Readonly<Record<string, unknown>>

/** A conversation with the demo model, which checks each request; answers grow it, as a client would send them back. */
function talk(program: string, tools: readonly Tool[] = [SEARCH, FETCH, BASH]) {
  const answerer = createAnswerer()
  const messages: object[] = [{ role: 'user', content: `#program\n${program}` }]
  return {
    messages,
    ask(...more: readonly object[]): Message {
      messages.push(...more)
      const body = { model: 'claude-opus-5-5', max_tokens: 100, tools, messages }
      const { message } = answerer.answer(body, String(messages.length))
      messages.push({ role: 'assistant', content: message.content })
      return message
    },
  }
}

/** What a step of one line finds, as types, URLs and codes. */
function found(program: string, tool: Tool): readonly unknown[] {
  const { content } = talk(program, [tool]).ask()
  return content.flatMap((block): unknown[] => {
    if (block.type === 'web_search_tool_result')
      return Array.isArray(block.content) ? block.content.map((hit) => hit.url) : []
    if (block.type !== 'web_fetch_tool_result') return []
    return ['error_code' in block.content ? block.content.error_code : block.content.content.source]
  })
}

describe('a search of the demo model', () => {
  test('is carried out in the answer, and counted', () => {
    const { content, usage, stop_reason } = talk('SEARCH slug rules\nSAY found').ask()
    expect(content).toMatchObject([
      { type: 'server_tool_use', name: 'web_search', input: { query: 'slug rules' } },
      { type: 'web_search_tool_result', content: [{ url: 'https://docs.example.com/slug-rules' }, {}, {}] },
      { type: 'text', text: 'found' },
    ])
    expect([usage.server_tool_use, stop_reason]).toEqual([
      { web_search_requests: 1, web_fetch_requests: 0 },
      'end_turn',
    ])
  })

  test.each([
    [
      { allowed_domains: ['example.com', 'example.org/x'] },
      ['https://docs.example.com/x', 'https://www.example.org/x'],
    ],
    [{ allowed_domains: ['example.org/other'] }, []],
    [{ blocked_domains: ['ads.example.net', 'docs.example.com'] }, ['https://www.example.org/x']],
  ])('stays within %j', (lists, urls) => {
    expect(found('SEARCH x', { ...SEARCH, ...lists })).toEqual(urls)
  })

  test('that the request has no tool for is a sentence', () => {
    const { content } = talk('SEARCH x\nPAUSE', [BASH]).ask()
    expect(content).toMatchObject([{ type: 'text', text: 'There is no web_search.' }])
  })

  test('is left to the next answer by a pause, and ends there first', () => {
    const { ask } = talk('SAY wait\nSEARCH x\nPAUSE\nSAY found')
    const paused = ask()
    expect(paused.stop_reason).toBe('pause_turn')
    expect(paused.content.map(({ type }) => type)).toEqual(['text', 'server_tool_use'])
    const call = paused.content.find((block) => block.type === 'server_tool_use')
    expect(ask().content).toMatchObject([
      { type: 'web_search_tool_result', tool_use_id: call?.id },
      { type: 'text', text: 'found' },
    ])
  })

  test('is left until the client’s own calls are done', () => {
    const { ask } = talk('PARALLEL 2\nSEARCH x\nTOOL bash {}\nSAY both')
    const mixed = ask()
    expect([mixed.stop_reason, mixed.content.map(({ type }) => type)]).toEqual([
      'tool_use',
      ['server_tool_use', 'tool_use'],
    ])
    const call = mixed.content.find((block) => block.type === 'tool_use')
    const result = { type: 'tool_result', tool_use_id: call?.id, content: 'ok' }
    expect(ask({ role: 'user', content: [result] }).content.map(({ type }) => type)).toEqual([
      'web_search_tool_result',
      'text',
    ])
  })
})

describe('a page of the demo model', () => {
  const url = 'https://docs.example.com/a'

  test.each<[string, Tool, unknown]>([
    [url, {}, { type: 'text', media_type: 'text/plain', data: expect.stringContaining(`The page ${url}`) }],
    [`${url}.pdf`, {}, { type: 'base64', media_type: 'application/pdf', data: expect.any(String) }],
    [url, { allowed_domains: ['example.org'] }, 'url_not_allowed'],
    [url, { blocked_domains: ['example.com'] }, 'url_not_allowed'],
    ['a', {}, 'invalid_tool_input'],
    [url, { url_sources: { user_input: { type: 'none' } } }, 'url_not_in_prior_context'],
  ])('at %s is, with %j, %j', (at, settings, source) => {
    expect(found(`FETCH ${at}`, { ...FETCH, ...settings })).toEqual([source])
  })

  test('is as long as it is asked for, and the tool lets it be', () => {
    const length = (settings: Tool) =>
      found(`FETCH ${url}?characters=5000`, { ...FETCH, ...settings }).map(
        (source) => String(Reflect.get(Object(source), 'data')).length,
      )
    expect([length({}), length({ max_content_tokens: 100 })]).toEqual([[5000], [400]])
  })

  test.each([
    [{ type: 'all' }, 'web_fetch_result'],
    [{ type: 'only', tools: [{ type: 'tool_reference', name: 'web_search' }] }, 'web_fetch_result'],
    [{ type: 'except', tools: [{ type: 'tool_reference', name: 'web_search' }] }, 'web_fetch_tool_result_error'],
  ])('that a search has found is fetched with %j as %s', (server_tool_results, type) => {
    const none = { type: 'none' }
    const sources = { user_input: none, client_tool_results: none, server_tool_results }
    const { ask } = talk('SEARCH x\nPAUSE\nFETCH https://docs.example.com/x', [
      SEARCH,
      { ...FETCH, url_sources: sources },
    ])
    ask()
    expect(ask().content.at(-1)).toMatchObject({ type: 'web_fetch_tool_result', content: { type } })
  })

  test('that a client’s tool has named is fetched, or not, by the name of the tool', () => {
    const fetchBehind = (tools: readonly string[]) => {
      const only = { type: 'only', tools: tools.map((name) => ({ type: 'tool_reference', name })) }
      const sources = { user_input: { type: 'none' }, client_tool_results: tools.length > 0 ? only : { type: 'none' } }
      const { ask } = talk(`TOOL bash {}\nFETCH ${url}`, [SEARCH, BASH, { ...FETCH, url_sources: sources }])
      const [call] = ask().content
      const result = { type: 'tool_result', tool_use_id: call && 'id' in call ? call.id : '', content: `see ${url}` }
      const page = ask({ role: 'user', content: [result] }).content.at(-1)
      return page?.type === 'web_fetch_tool_result' ? page.content.type : page?.type
    }
    expect([fetchBehind(['bash']), fetchBehind([])]).toEqual(['web_fetch_result', 'web_fetch_tool_result_error'])
  })
})

describe('a conversation that was left open', () => {
  const use = { type: 'server_tool_use', id: 'srvtoolu_1', name: 'web_search', input: { query: 'x' } }
  const hit = { type: 'web_search_tool_result', tool_use_id: 'srvtoolu_1', content: [] }
  const call = { type: 'tool_use', id: 't1', name: 'bash', input: {} }
  const result = { role: 'user', content: [{ type: 'tool_result', tool_use_id: 't1', content: 'ok' }] }
  const next = { role: 'user', content: 'and?' }
  const says = (...content: readonly object[]) => ({ role: 'assistant', content })

  test.each<[string, readonly object[], RegExp]>([
    ['without its result', [says(use), next], /`web_search` tool use with id `srvtoolu_1` was found without/],
    ['with more than results behind it', [says(use, call), result, next], /was found without a corresponding/],
    ['by nobody', [says(hit)], /unexpected `tool_use_id` found in `web_search_tool_result` blocks: srvtoolu_1/],
    ['by a call of another tool', [says({ ...use, name: 'web_fetch' }, hit)], /unexpected `tool_use_id`/],
    ['by a text', [says({ type: 'text', text: 'so' })], /must end with a user message/],
    ['by a call whose input is none', [says({ ...use, input: 'x' })], /Input should be an object/],
    ['by a call whose id is a client’s', [says({ ...use, id: 'toolu_1' })], /should match pattern '\^srvtoolu_/],
    ['by a result that is none', [says(use, { ...hit, content: 'x' })], /Input should be a valid list/],
    ['by a page that is none', [says(use, { ...hit, type: 'web_fetch_tool_result', content: 1 })], /be an object/],
    [
      'by a hit that nobody has found',
      [says(use, { ...hit, content: [{ type: 'web_search_result', url: 'https://a.com', encrypted_content: 'x' }] })],
      /Invalid `encrypted_content`/,
    ],
  ])('%s is refused', (_, messages, reason) => {
    expect(() => talk('SAY x').ask(...messages)).toThrow(reason)
  })

  test('is refused without the tool that it waits for', () => {
    expect(() => talk('SAY x', [BASH]).ask(says(use))).toThrow('but no `web_search` tool was provided')
  })
})

describe('a tool of the API', () => {
  const source = (filter: object) => ({ ...FETCH, url_sources: { server_tool_results: filter } })

  test.each<[string, Tool, RegExp]>([
    ['a version that nobody knows', { ...SEARCH, type: 'web_search_2020' }, /^tools.0: Input tag "web_search_2020"/],
    ['another name', { ...SEARCH, name: 'search' }, /^tools.0.web_search_20250305.name/],
    ['a field of another', { ...SEARCH, max_content_tokens: 5 }, /max_content_tokens: Extra inputs/],
    ['both lists', { ...SEARCH, allowed_domains: ['a.com'], blocked_domains: ['b.com'] }, /Only one of/],
    ['an empty list', { ...SEARCH, allowed_domains: [] }, /Empty list of domains is ambiguous/],
    ['a URL for a domain', { ...SEARCH, blocked_domains: ['https://a.com'] }, /Invalid domain "https:\/\/a.com"/],
    ['a host that is not public', { ...SEARCH, allowed_domains: ['a.internal'] }, /Invalid domain "a.internal"/],
    ['no token', { ...FETCH, max_content_tokens: 0 }, /max_content_tokens/],
    ['sources that are none', { ...FETCH, url_sources: 'all' }, /url_sources: Input should be an object/],
    [
      'no source',
      {
        ...FETCH,
        url_sources: Object.fromEntries(
          ['user_input', 'client_tool_results', 'server_tool_results'].map((name) => [name, { type: 'none' }]),
        ),
      },
      /At least one source/,
    ],
    [
      'a source that the request does not have',
      source({ type: 'only', tools: [{ name: 'web_search' }] }),
      /names no tool/,
    ],
  ])('with %s is refused', (_, tool, reason) => {
    expect(() => talk('SAY x', [tool]).ask()).toThrow(reason)
  })

  test('may say all that the API knows', () => {
    const search = { ...SEARCH, user_location: { type: 'approximate', country: 'FR' }, max_uses: 3 }
    const fetch = { ...source({ type: 'only', tools: [{ name: 'web_search' }] }), max_content_tokens: 10 }
    expect(talk('SAY x', [search, fetch, { ...BASH, type: 'custom' }]).ask().stop_reason).toBe('end_turn')
  })
})
