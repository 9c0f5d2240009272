import { describe, expect, test } from 'vitest'
import { ApiError } from '../../src/wire/errors.ts'
import { resolveTools } from '../../src/wire/toolsets.ts'
import type { Agent, AgentToolParams, SessionCreate, UserEvent } from '../../src/wire/types.ts'
import {
  refuseUnsupported,
  unsupportedInAgent,
  unsupportedInEvents,
  unsupportedInSession,
  unsupportedInSessionList,
} from '../../src/wire/unsupported.ts'
import type { WebVersions } from '../../src/wire/web-tools.ts'
import { agentOf } from './agent-builder.ts'

const SET = { type: 'agent_toolset_20260401' as const }

const VERSIONS = { search: 'web_search_20250305', fetch: 'web_fetch_20250910' } as const

function ofTools(tools: readonly AgentToolParams[], versions: WebVersions | null = VERSIONS): readonly string[] {
  return unsupportedInAgent(agentOf({ tools: resolveTools(tools) }), versions)
}

describe('unsupportedInAgent', () => {
  test.each<[string, AgentToolParams[]]>([
    ['no tools', []],
    ['the toolset with its defaults, web tools included', [SET]],
    ['single tools', [{ ...SET, default_config: { enabled: false }, configs: [{ name: 'bash', enabled: true }] }]],
    ['custom tools', [{ type: 'custom', name: 't', description: 'd', input_schema: { type: 'object' } }]],
    ['tools that are asked for', [{ ...SET, default_config: { permission_policy: { type: 'always_ask' } } }]],
    ['web tools turned on by name', [{ ...SET, configs: [{ name: 'web_fetch' }, { name: 'web_search' }] }]],
    ['tools that are judged', [{ ...SET, configs: [{ name: 'bash', permission_policy: { type: 'auto' } }] }]],
    [
      'web tools turned off by name',
      [
        {
          ...SET,
          configs: [
            { name: 'web_fetch', enabled: false },
            { name: 'web_search', enabled: false },
          ],
        },
      ],
    ],
  ])('finds nothing in %s', (_, tools) => {
    expect(ofTools(tools)).toEqual([])
  })

  test.each<[string[], AgentToolParams[]]>([
    [['mcp_toolset'], [{ type: 'mcp_toolset', mcp_server_name: 's' }]],
    [
      ['the web_search tool under always_ask', 'the web_fetch tool under auto'],
      [
        {
          ...SET,
          default_config: { permission_policy: { type: 'always_ask' } },
          configs: [{ name: 'web_search' }, { name: 'web_fetch', permission_policy: { type: 'auto' } }],
        },
      ],
    ],
  ])('names %j', (names, tools) => {
    expect(ofTools(tools)).toEqual(names)
  })

  test('names the web tools that are turned on by name, where the model has none', () => {
    const tools = [
      { ...SET, configs: [{ name: 'web_search' as const }, { name: 'web_fetch' as const, enabled: false }] },
    ]
    expect(ofTools(tools, null)).toEqual(['the web_search tool with this model'])
    expect(ofTools([SET], null)).toEqual([])
  })

  test.each<[string, Partial<Agent>]>([
    ['mcp_servers', { mcp_servers: [{ type: 'url', name: 's', url: 'https://a.com' }] }],
    ['skills', { skills: [{ type: 'custom', skill_id: 's', version: '1' }] }],
    ['multiagent', { multiagent: { type: 'coordinator', agents: [] } }],
    ['execution_identity aws_role', { execution_identity: { type: 'aws_role', role_arn: 'arn' } }],
  ])('names %s', (name, fields) => {
    expect(unsupportedInAgent(agentOf(fields), VERSIONS)).toEqual([name])
  })
})

const budget = { type: 'limit', max_list_cost: { amount: '5', currency: 'USD' } } as const

describe('unsupportedInSession', () => {
  const base = { agent: 'agent_1', environment_id: 'env_1' }
  const outcome = {
    type: 'user.define_outcome' as const,
    description: 'd',
    rubric: { type: 'text' as const, content: 'r' },
  }

  test.each<[string[], Partial<SessionCreate>]>([
    [[], {}],
    [[], { resources: [], vault_ids: [], initial_events: [], title: 't', metadata: {}, budget }],
    [
      [],
      {
        resources: [
          { type: 'file', file_id: 'f' },
          { type: 'github_repository', url: 'u' },
        ],
      },
    ],
    [['memory_store resources'], { resources: [{ type: 'memory_store', memory_store_id: 'm' }] }],
    [['vault_ids'], { vault_ids: ['vlt_1'] }],
    [['user.define_outcome'], { initial_events: [outcome] }],
  ])('names %j', (names, fields) => {
    expect(unsupportedInSession({ ...base, ...fields })).toEqual(names)
  })
})

describe('unsupportedInEvents', () => {
  const text = { type: 'text' as const, text: 'hi' }
  const file = { type: 'file' as const, file_id: 'f' }

  test.each<[string[], UserEvent[]]>([
    [[], []],
    [[], [{ type: 'user.message', content: [text, text] }]],
    [
      [],
      [{ type: 'user.message', content: [text, { type: 'image', source: { type: 'url', url: 'https://a.com/x' } }] }],
    ],
    [
      [],
      [
        {
          type: 'user.message',
          content: [{ type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'x' } }],
        },
      ],
    ],
    [[], [{ type: 'user.interrupt' }, { type: 'user.interrupt', session_thread_id: 'sthr_1' }]],
    [
      [],
      [
        {
          type: 'user.message',
          content: [
            { type: 'image', source: file },
            { type: 'document', source: file },
          ],
        },
      ],
    ],
    [
      [],
      [
        { type: 'user.tool_confirmation', tool_use_id: 'a', result: 'deny', deny_message: 'no' },
        { type: 'user.custom_tool_result', custom_tool_use_id: 'b' },
        { type: 'user.tool_result', tool_use_id: 'c' },
      ],
    ],
    [
      ['user.define_outcome'],
      [
        { type: 'system.message', content: [text] },
        { type: 'user.define_outcome', description: 'd', rubric: { type: 'text', content: 'r' } },
        { type: 'user.define_outcome', description: 'e', rubric: { type: 'text', content: 'r' } },
      ],
    ],
  ])('names %j', (names, events) => {
    expect(unsupportedInEvents(events)).toEqual(names)
  })
})

describe('refuseUnsupported', () => {
  test('names everything in one refusal', () => {
    expect(() => refuseUnsupported(['skills', 'budget'])).toThrow(
      new ApiError('invalid_request', 'not supported yet: skills, budget', { code: 'not_supported' }),
    )
  })

  test('lets nothing pass in silence', () => {
    expect(() => refuseUnsupported([])).not.toThrow()
  })
})

describe('unsupportedInSessionList', () => {
  test('names filters by what no session can have yet', () => {
    expect(unsupportedInSessionList({ agent_id: 'agent_1', order: 'asc' })).toEqual([])
    expect(unsupportedInSessionList({ memory_store_id: 'memstore_1', deployment_id: '' })).toEqual([
      'deployment_id',
      'memory_store_id',
    ])
  })
})
