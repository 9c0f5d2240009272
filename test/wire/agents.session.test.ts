import { describe, expect, test } from 'vitest'
import { toSessionAgent } from '../../src/wire/agents.ts'
import { resolveTools } from '../../src/wire/toolsets.ts'
import type { Agent, AgentOverrides } from '../../src/wire/types.ts'
import { agentOf } from './agent-builder.ts'
import { failure } from './failure.ts'

const SET = { type: 'agent_toolset_20260401' as const }
const SERVER = { type: 'url' as const, name: 's', url: 'https://mcp.example.com' }
const MCP = { type: 'mcp_toolset' as const, mcp_server_name: 's' }

describe('toSessionAgent', () => {
  const skill = { type: 'anthropic' as const, skill_id: 'xlsx', version: 'latest' }
  const agent = agentOf({
    version: 2,
    system: 's',
    model: { id: 'm', effort: { type: 'low' }, speed: 'fast', inference_geo: 'us' },
    tools: resolveTools([SET, MCP]),
    mcp_servers: [SERVER],
    skills: [skill],
  })

  function override(fields: Omit<AgentOverrides, 'id' | 'type'>) {
    return toSessionAgent(agent, { type: 'agent_with_overrides', id: agent.id, ...fields })
  }

  test('is the agent without its dates and metadata', () => {
    const { archived_at, created_at, updated_at, metadata, ...snapshot } = agent
    expect([archived_at, created_at, updated_at, metadata]).toHaveLength(4)
    expect(toSessionAgent(agent)).toEqual(snapshot)
    expect(override({})).toEqual(snapshot)
  })

  test.each<[string, Omit<AgentOverrides, 'id' | 'type'>, Partial<Agent>]>([
    ['a system', { system: 'other' }, { system: 'other' }],
    ['no system', { system: null }, { system: null }],
    [
      'other tools',
      { tools: [MCP, { ...SET, configs: [{ name: 'bash', enabled: false }] }] },
      { tools: resolveTools([MCP, { ...SET, configs: [{ name: 'bash', enabled: false }] }]) },
    ],
    [
      'nothing but the model, by null',
      { tools: null, mcp_servers: null, skills: null },
      { tools: [], mcp_servers: [], skills: [] },
    ],
    [
      'nothing but the model, by empty lists',
      { tools: [], mcp_servers: [], skills: [] },
      { tools: [], mcp_servers: [], skills: [] },
    ],
    [
      'another skill',
      { skills: [{ type: 'custom', skill_id: 'x' }] },
      { skills: [{ type: 'custom', skill_id: 'x', version: 'latest' }] },
    ],
    [
      'the model by text, without the effort and region of the agent',
      { model: 'm' },
      { model: { id: 'm', effort: { type: 'high' }, speed: 'standard' } },
    ],
    [
      'a model whose effort is ignored',
      { model: { id: 'n', effort: 'max', speed: 'fast', inference_geo: 'eu' } },
      { model: { id: 'n', effort: { type: 'high' }, speed: 'fast', inference_geo: 'eu' } },
    ],
  ])('takes %s', (_, fields, change) => {
    expect(override(fields)).toEqual({ ...toSessionAgent(agent), ...change })
  })

  test('cannot be without a model', () => {
    const { kind, options } = failure(() => override({ model: null }))
    expect([kind, options.code]).toEqual(['invalid_request', 'agent_model_required'])
  })

  test.each<[string, Omit<AgentOverrides, 'id' | 'type'>]>([
    ['skills: expected the read tool to be enabled', { tools: [MCP] }],
    ['tools: mcp_servers declares no "s"', { mcp_servers: null }],
  ])('is refused with %s', (message, fields) => {
    expect(failure(() => override(fields)).message).toContain(message)
  })

  test('is refused by name for an agent with a roster', () => {
    const boss = agentOf({ multiagent: { type: 'coordinator', agents: [] } })
    expect(failure(() => toSessionAgent(boss)).message).toContain('multiagent')
  })
})
