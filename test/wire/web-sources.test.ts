import { describe, expect, test } from 'vitest'
import type { UrlSources } from '../../src/wire/types.ts'
import { toServerSources } from '../../src/wire/web-sources.ts'

const ALL = { type: 'all' } as const
const NONE = { type: 'none' } as const
const UNSET: UrlSources = { user_input: null, client_tool_results: null, server_tool_results: null }
const BOTH = ['web_search', 'web_fetch']

function naming<Type extends 'only' | 'except'>(type: Type, ...names: string[]) {
  return { type, tools: names.map((name) => ({ type: 'tool_reference' as const, name })) }
}

describe('the sources of URLs for a model’s API', () => {
  test.each<[string, UrlSources['client_tool_results'], string[], object]>([
    ['all but the sandbox’s', null, ['bash'], naming('except', 'bash')],
    ['all of them where there is no sandbox', ALL, [], ALL],
    [
      'all but what is named, and the sandbox’s',
      naming('except', 'a'),
      ['bash', 'read'],
      naming('except', 'a', 'bash', 'read'),
    ],
    ['what is named', naming('only', 'a'), ['bash'], naming('only', 'a')],
    ['none', NONE, ['bash'], NONE],
  ])('has of the clients’ results %s', (_, client_tool_results, clients, expected) => {
    expect(toServerSources({ ...UNSET, client_tool_results }, { declared: BOTH, clients })).toEqual({
      user_input: ALL,
      client_tool_results: expected,
      server_tool_results: ALL,
    })
  })

  test.each<[UrlSources['server_tool_results'], string[], object]>([
    [naming('only', 'web_search', 'web_fetch'), BOTH, naming('only', 'web_search', 'web_fetch')],
    [naming('only', 'web_search', 'web_fetch'), ['web_fetch'], naming('only', 'web_fetch')],
    [naming('only', 'web_search'), ['web_fetch'], NONE],
    [naming('except', 'web_search'), ['web_fetch'], ALL],
    [NONE, BOTH, NONE],
  ])('turns %j into what %j can name', (server_tool_results, declared, expected) => {
    const sources = { ...UNSET, user_input: NONE, server_tool_results }
    expect(toServerSources(sources, { declared, clients: [] })).toEqual({
      user_input: NONE,
      client_tool_results: ALL,
      server_tool_results: expected,
    })
  })

  test('is nothing when none is left', () => {
    const sources = { user_input: NONE, client_tool_results: NONE, server_tool_results: naming('only', 'web_search') }
    expect(toServerSources(sources, { declared: ['web_fetch'], clients: [] })).toBeNull()
  })
})
