import { describe, expect, test } from 'vitest'
import { checkAgent } from '../../src/wire/agent-rules.ts'
import { ApiError } from '../../src/wire/errors.ts'
import { resolveTools } from '../../src/wire/toolsets.ts'
import type { AgentSkill, AgentToolConfigParams, AgentToolParams } from '../../src/wire/types.ts'

const SET: AgentToolParams = { type: 'agent_toolset_20260401' }

interface Parts {
  tools?: AgentToolParams[]
  servers?: string[]
  skills?: AgentSkill[]
}

/** What the rules say of an agent with these parts; empty when they fit. */
function verdict({ tools = [], servers = [], skills = [] }: Parts): string {
  const mcp_servers = servers.map((name) => ({ type: 'url' as const, name, url: 'https://mcp.example.com' }))
  try {
    checkAgent({ tools: resolveTools(tools), mcp_servers, skills })
    return ''
  } catch (error) {
    if (error instanceof ApiError && error.kind === 'invalid_request') return error.message
    throw error
  }
}

function custom(name: string, schema: object = {}): AgentToolParams {
  return { type: 'custom', name, description: 'd', input_schema: { type: 'object', ...schema } }
}

function mcp(name: string, ...tools: string[]): AgentToolParams {
  return { type: 'mcp_toolset', mcp_server_name: name, configs: tools.map((tool) => ({ name: tool })) }
}

function web(...configs: AgentToolConfigParams[]): AgentToolParams {
  return { type: 'agent_toolset_20260401', configs }
}

function only(...names: string[]) {
  return { type: 'only' as const, tools: names.map((name) => ({ type: 'tool_reference' as const, name })) }
}

function skill(id: string): AgentSkill {
  return { type: 'custom', skill_id: id, version: 'latest' }
}

describe('checkAgent', () => {
  test.each<[string, Parts]>([
    ['nothing at all', {}],
    ['the toolset', { tools: [SET] }],
    ['a server that is used', { tools: [mcp('s', 'x', 'y')], servers: ['s'] }],
    [
      'custom tools beside the toolset',
      { tools: [SET, custom('a'), custom('b', { properties: { deep: { oneOf: [{ type: 'string' }] } } })] },
    ],
    ['skills with a way to read', { tools: [SET], skills: [skill('a'), skill('b')] }],
    [
      'domains that differ in their path or below a host',
      { tools: [web({ name: 'web_search', allowed_domains: ['a.com', 'a.com/x', 'a.com/X', 'www.a.com', 'a.co'] })] },
    ],
    ['256 tools', { tools: [SET, ...Array.from({ length: 248 }, (_, index) => custom(`t${index}`))] }],
    [
      'sources that name what there is',
      {
        tools: [
          web({
            name: 'web_fetch',
            url_sources: {
              client_tool_results: only('a'),
              server_tool_results: only('web_search', 'web_fetch'),
              user_input: 'none',
            },
          }),
          custom('a'),
        ],
      },
    ],
  ])('takes %s', (_, parts) => {
    expect(verdict(parts)).toBe('')
  })

  test.each<[string, Parts]>([
    ['tools: expected one agent_toolset_20260401 at most', { tools: [SET, SET] }],
    [
      'tools: expected at most 256 tools over all toolsets, got 257',
      { tools: [SET, ...Array.from({ length: 249 }, (_, index) => custom(`t${index}`))] },
    ],
    ['tools: two custom tools are called "a"', { tools: [custom('a'), custom('b'), custom('a'), custom('a')] }],
    ['tools.1.name: "bash" is a built-in tool', { tools: [SET, custom('bash')] }],
    ['tools.0.name: the prefix mcp__ is reserved', { tools: [custom('mcp__x')] }],
    ['tools.0.name: the prefix ant__ is reserved', { tools: [custom('ant__x')] }],
    ['tools.0.input_schema: anyOf is not allowed at the top level', { tools: [custom('a', { anyOf: [] })] }],
    ['tools.0.input_schema: oneOf is not allowed at the top level', { tools: [custom('a', { oneOf: [] })] }],
    ['tools.0.input_schema: allOf is not allowed at the top level', { tools: [custom('a', { allOf: [] })] }],
    [
      'tools.0.input_schema: $ref is not allowed',
      { tools: [custom('a', { properties: { x: { items: [{ $ref: '#' }] } } })] },
    ],
    ['tools.0.configs: two entries for "bash"', { tools: [web({ name: 'bash' }, { name: 'bash' })] }],
    ['tools.0.configs: two entries for "x"', { tools: [mcp('s', 'x', 'x')], servers: ['s'] }],
    ['tools: two toolsets name the MCP server "s"', { tools: [mcp('s'), mcp('s')], servers: ['s'] }],
    ['tools: mcp_servers declares no "s"', { tools: [mcp('s')] }],
    ['mcp_servers: no mcp_toolset in tools uses "s"', { servers: ['s'] }],
    ['mcp_servers: two servers are called "s"', { tools: [mcp('s')], servers: ['s', 's'] }],
    ['skills: "a" is named twice', { tools: [SET], skills: [skill('a'), skill('a')] }],
    ['skills: expected the read tool to be enabled, which skills need', { skills: [skill('a')] }],
    [
      'skills: expected the read tool to be enabled, which skills need',
      { tools: [web({ name: 'read', enabled: false })], skills: [skill('a')] },
    ],
    [
      'tools.0.configs.0: Only one of allowed_domains or blocked_domains may be set.',
      { tools: [web({ name: 'web_search', allowed_domains: ['a.com'], blocked_domains: ['b.com'] })] },
    ],
    [
      'tools.0.configs.0.allowed_domains.2: the same as "a.com" before it',
      { tools: [web({ name: 'web_fetch', allowed_domains: ['a.com', 'b.a.com', 'A.com/'] })] },
    ],
    [
      'tools.0.configs.0.blocked_domains.1: the same as "A.com/x" before it; tools.0.configs.0.blocked_domains.3: the same as "b.com" before it',
      { tools: [web({ name: 'web_search', blocked_domains: ['A.com/x', 'a.com/x/', 'b.com', 'b.com/'] })] },
    ],
    [
      'tools.0.configs.0.url_sources: at least one source has to be open',
      {
        tools: [
          web({
            name: 'web_fetch',
            url_sources: { user_input: 'none', client_tool_results: 'none', server_tool_results: 'none' },
          }),
        ],
      },
    ],
    [
      'tools.0.configs.0.url_sources.client_tool_results: no custom tool is called "A"',
      { tools: [web({ name: 'web_fetch', url_sources: { client_tool_results: only('a', 'A') } }), custom('a')] },
    ],
    [
      'tools.0.configs.0.url_sources.server_tool_results: expected "web_search" or "web_fetch", got "bash"',
      { tools: [web({ name: 'web_fetch', url_sources: { server_tool_results: only('bash') } })] },
    ],
  ])('says %s', (message, parts) => {
    expect(verdict(parts)).toBe(message)
  })

  test('names three problems at most and cuts long names', () => {
    const long = 'x'.repeat(10_000)
    const message = verdict({ servers: ['a', 'b', 'c', 'd'], tools: [custom(long), custom(long)] })
    expect(message.split('; ')).toHaveLength(3)
    expect(message.length).toBeLessThan(300)
  })

  test('looks for references as deep as a schema goes', () => {
    let deep: object = { $ref: '#' }
    for (let level = 0; level < 20_000; level++) deep = { items: deep }
    expect(verdict({ tools: [custom('a', deep)] })).toBe('tools.0.input_schema: $ref is not allowed')
  })
})
