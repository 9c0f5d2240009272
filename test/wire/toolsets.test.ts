import { describe, expect, test } from 'vitest'
import { resolveTools, SANDBOX_TOOLS, settingsOf, WEB_TOOLS } from '../../src/wire/toolsets.ts'
import type { AgentToolParams, AgentToolset } from '../../src/wire/types.ts'

const ALLOW = { type: 'always_allow' } as const
const ASK = { type: 'always_ask' } as const
const AUTO = { type: 'auto' } as const

function toolset(
  params: Omit<Extract<AgentToolParams, { type: 'agent_toolset_20260401' }>, 'type'> = {},
): AgentToolset {
  const [resolved] = resolveTools([{ type: 'agent_toolset_20260401', ...params }])
  if (resolved?.type !== 'agent_toolset_20260401') throw new Error('expected a toolset')
  return resolved
}

describe('resolveTools', () => {
  test.each([[null], [undefined], [[]]])('makes an empty list of %j', (tools) => {
    expect(resolveTools(tools)).toEqual([])
  })

  test('fills the defaults of the built-in toolset in', () => {
    expect(toolset()).toEqual({
      type: 'agent_toolset_20260401',
      default_config: { enabled: true, permission_policy: ALLOW },
      configs: [],
    })
    expect(toolset({ default_config: null })).toEqual(toolset())
    expect(toolset({ default_config: { enabled: null, permission_policy: null } })).toEqual(toolset())
  })

  test('gives an entry what it leaves open from the default of its set, and its type', () => {
    const { configs } = toolset({
      default_config: { enabled: false, permission_policy: ASK },
      configs: [
        { name: 'bash' },
        { name: 'read', enabled: true },
        { name: 'edit', enabled: null, permission_policy: AUTO },
      ],
    })
    expect(configs).toEqual([
      { name: 'bash', type: 'bash', enabled: false, permission_policy: ASK },
      { name: 'read', type: 'read', enabled: true, permission_policy: ASK },
      { name: 'edit', type: 'edit', enabled: false, permission_policy: AUTO },
    ])
  })

  test('resolves an entry of every built-in tool under its own name', () => {
    const names = [...SANDBOX_TOOLS, ...WEB_TOOLS]
    const { configs } = toolset({ configs: names.map((name) => ({ name })) })
    expect(configs.map(({ name, type }) => [name, type])).toEqual(names.map((name) => [name, name]))
    expect(new Set(names).size).toBe(8)
  })

  test('shows web settings as objects, and what was not set as null or not at all', () => {
    const { configs } = toolset({
      configs: [
        {
          name: 'web_fetch',
          blocked_domains: ['ads.example.com'],
          max_content_tokens: 5_000,
          url_sources: { user_input: 'all', client_tool_results: { type: 'none' }, server_tool_results: 'none' },
        },
        { name: 'web_search', allowed_domains: ['a.com'], user_location: { type: 'approximate', city: 'Berlin' } },
      ],
    })
    const settings = { enabled: true, permission_policy: ALLOW }
    expect(configs).toEqual([
      {
        name: 'web_fetch',
        type: 'web_fetch',
        ...settings,
        blocked_domains: ['ads.example.com'],
        max_content_tokens: 5_000,
        url_sources: {
          user_input: { type: 'all' },
          client_tool_results: { type: 'none' },
          server_tool_results: { type: 'none' },
        },
      },
      {
        name: 'web_search',
        type: 'web_search',
        ...settings,
        allowed_domains: ['a.com'],
        user_location: { type: 'approximate', city: 'Berlin' },
      },
    ])
    const bare = toolset({
      configs: [
        { name: 'web_fetch', url_sources: {}, max_content_tokens: null },
        { name: 'web_search', user_location: null },
      ],
    })
    expect(bare.configs).toEqual([
      {
        name: 'web_fetch',
        type: 'web_fetch',
        ...settings,
        url_sources: { user_input: null, client_tool_results: null, server_tool_results: null },
      },
      { name: 'web_search', type: 'web_search', ...settings },
    ])
    expect(toolset({ configs: [{ name: 'web_fetch' }] }).configs[0]).toHaveProperty('url_sources', null)
  })

  test('keeps lists of tools inside url_sources', () => {
    const only = { type: 'only' as const, tools: [{ type: 'tool_reference' as const, name: 'web_search' }] }
    const { configs } = toolset({
      configs: [{ name: 'web_fetch', url_sources: { server_tool_results: only, user_input: { type: 'none' } } }],
    })
    expect(configs[0]).toHaveProperty('url_sources', {
      server_tool_results: only,
      client_tool_results: null,
      user_input: { type: 'none' },
    })
  })

  test('asks before the tools of an MCP server unless told otherwise', () => {
    const set = { type: 'mcp_toolset' as const, mcp_server_name: 's' }
    expect(
      resolveTools([
        set,
        {
          ...set,
          default_config: { permission_policy: ALLOW },
          configs: [{ name: 'x' }, { name: 'y', enabled: false }],
        },
      ]),
    ).toEqual([
      { ...set, default_config: { enabled: true, permission_policy: ASK }, configs: [] },
      {
        ...set,
        default_config: { enabled: true, permission_policy: ALLOW },
        configs: [
          { name: 'x', enabled: true, permission_policy: ALLOW },
          { name: 'y', enabled: false, permission_policy: ALLOW },
        ],
      },
    ])
  })

  test('hands a custom tool on as it is', () => {
    const tool: AgentToolParams = {
      type: 'custom',
      name: 't',
      description: 'd',
      input_schema: { type: 'object', extra: { deep: [1] } },
    }
    expect(resolveTools([tool])).toEqual([tool])
  })

  test('changes nothing of what it resolved itself', () => {
    const once = resolveTools([
      {
        type: 'agent_toolset_20260401',
        default_config: { permission_policy: AUTO },
        configs: [
          { name: 'bash', enabled: false },
          { name: 'web_fetch', url_sources: { user_input: 'none' } },
          { name: 'web_search', blocked_domains: ['a.com'] },
        ],
      },
      { type: 'mcp_toolset', mcp_server_name: 's', configs: [{ name: 'x' }] },
      { type: 'custom', name: 't', description: 'd', input_schema: { type: 'object' } },
    ])
    expect(resolveTools(once)).toEqual(once)
  })
})

describe('settingsOf', () => {
  test('takes the entry of the tool, else the default of the set', () => {
    const set = toolset({ default_config: { permission_policy: ASK }, configs: [{ name: 'bash', enabled: false }] })
    expect(settingsOf(set, 'bash')).toMatchObject({ enabled: false, permission_policy: ASK })
    expect(settingsOf(set, 'read')).toEqual({ enabled: true, permission_policy: ASK })
  })
})
