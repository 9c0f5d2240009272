import { describe, expect, test } from 'vitest'
import { createAgent, toSessionAgent, updateAgent, updateSessionAgent } from '../../src/wire/agents.ts'
import { resolveTools } from '../../src/wire/toolsets.ts'
import type { Agent, AgentCreate, AgentUpdate, SessionAgent, SessionAgentUpdate } from '../../src/wire/types.ts'
import { agentOf } from './agent-builder.ts'
import { failure } from './failure.ts'

const NOW = '2026-11-21T00:00:00Z'
const SET = { type: 'agent_toolset_20260401' as const }
const SERVER = { type: 'url' as const, name: 's', url: 'https://mcp.example.com' }
const MCP = { type: 'mcp_toolset' as const, mcp_server_name: 's' }
const MODEL = { id: 'claude-opus-5-5', effort: { type: 'medium' as const }, speed: 'standard' as const }

function create(body: Partial<AgentCreate> = {}): Agent {
  return createAgent(
    { name: 'helper', model: 'claude-opus-5-5', ...body },
    { id: 'agent_1', now: NOW, lookup: () => undefined },
  )
}

function update(stored: Agent, body: AgentUpdate): Agent {
  return updateAgent(stored, body, { now: NOW, lookup: () => undefined })
}

describe('createAgent', () => {
  test('fills every default in', () => {
    expect(create()).toEqual({
      id: 'agent_1',
      type: 'agent',
      version: 1,
      name: 'helper',
      description: null,
      model: MODEL,
      system: null,
      tools: [],
      mcp_servers: [],
      skills: [],
      multiagent: null,
      metadata: {},
      execution_identity: { type: 'service_account' },
      created_at: NOW,
      updated_at: NOW,
      archived_at: null,
    })
  })

  test('answers the same for nulls and empty texts as for nothing', () => {
    expect(create({ description: '', system: null, execution_identity: null, multiagent: null })).toEqual(create())
  })

  test.each<[AgentCreate['model'], Agent['model']]>([
    ['m', { id: 'm', effort: { type: 'high' }, speed: 'standard' }],
    [{ id: 'm' }, { id: 'm', effort: { type: 'high' }, speed: 'standard' }],
    [
      { id: 'm', effort: 'low', speed: 'fast' },
      { id: 'm', effort: { type: 'low' }, speed: 'fast' },
    ],
    [
      { id: 'm', effort: { type: 'max' }, inference_geo: 'us' },
      { id: 'm', effort: { type: 'max' }, speed: 'standard', inference_geo: 'us' },
    ],
    [
      { id: 'm', effort: null, speed: null, inference_geo: null },
      { id: 'm', effort: { type: 'high' }, speed: 'standard' },
    ],
  ])('resolves the model %j', (model, resolved) => {
    expect(create({ model }).model).toEqual(resolved)
  })

  test('keeps what it is given', () => {
    const agent = create({
      description: 'd',
      system: 's',
      metadata: { a: '1' },
      tools: [SET, MCP],
      mcp_servers: [SERVER],
      skills: [
        { type: 'anthropic', skill_id: 'xlsx' },
        { type: 'custom', skill_id: 'mine', version: '3' },
      ],
      execution_identity: { type: 'aws_role', role_arn: 'arn' },
    })
    expect(agent).toMatchObject({
      description: 'd',
      system: 's',
      metadata: { a: '1' },
      tools: resolveTools([SET, MCP]),
      mcp_servers: [SERVER],
      skills: [
        { type: 'anthropic', skill_id: 'xlsx', version: 'latest' },
        { type: 'custom', skill_id: 'mine', version: '3' },
      ],
      execution_identity: { type: 'aws_role', role_arn: 'arn' },
    })
  })

  test('pins itself in its roster at version 1', () => {
    const { multiagent } = create({ multiagent: { type: 'coordinator', agents: [{ type: 'self' }] } })
    expect(multiagent).toEqual({ type: 'coordinator', agents: [{ type: 'agent', id: 'agent_1', version: 1 }] })
  })

  test('refuses parts that do not fit', () => {
    expect(failure(() => create({ mcp_servers: [SERVER] })).kind).toBe('invalid_request')
  })
})

describe('updateAgent', () => {
  const rich = agentOf({
    version: 3,
    description: 'd',
    system: 's',
    metadata: { a: '1', b: '2' },
    model: { id: 'm', effort: { type: 'low' }, speed: 'fast', inference_geo: 'us' },
    tools: resolveTools([SET, MCP]),
    mcp_servers: [SERVER],
    skills: [{ type: 'anthropic', skill_id: 'xlsx', version: 'latest' }],
    execution_identity: { type: 'aws_role', role_arn: 'arn' },
  })
  const reset = { type: 'high' as const }

  test.each<[string, AgentUpdate, Partial<Agent>]>([
    ['a name', { name: 'n' }, { name: 'n' }],
    ['a description', { description: 'e' }, { description: 'e' }],
    ['no description, by null', { description: null }, { description: null }],
    ['no description, by an empty text', { description: '' }, { description: null }],
    ['no system, by null', { system: null }, { system: null }],
    ['no system, by an empty text', { system: '' }, { system: null }],
    [
      'other tools, whole',
      { tools: [MCP, { ...SET, configs: [{ name: 'bash', enabled: false }] }] },
      { tools: resolveTools([MCP, { ...SET, configs: [{ name: 'bash', enabled: false }] }]) },
    ],
    [
      'no tools, servers and skills, by null',
      { tools: null, mcp_servers: null, skills: null },
      { tools: [], mcp_servers: [], skills: [] },
    ],
    [
      'no tools, servers and skills, by empty lists',
      { tools: [], mcp_servers: [], skills: [] },
      { tools: [], mcp_servers: [], skills: [] },
    ],
    [
      'other skills, whole',
      { skills: [{ type: 'custom', skill_id: 'x', version: '2' }] },
      { skills: [{ type: 'custom', skill_id: 'x', version: '2' }] },
    ],
    [
      'the default identity, by null',
      { execution_identity: null },
      { execution_identity: { type: 'service_account' } },
    ],
    ['a patch of metadata', { metadata: { a: null, c: '3' } }, { metadata: { b: '2', c: '3' } }],
    [
      'the same model as text: effort stays, the rest starts anew',
      { model: 'm' },
      { model: { id: 'm', effort: { type: 'low' }, speed: 'standard' } },
    ],
    [
      'the same model as object: effort stays, region goes',
      { model: { id: 'm', speed: 'fast' } },
      { model: { id: 'm', effort: { type: 'low' }, speed: 'fast' } },
    ],
    [
      'the same model, effort reset by null',
      { model: { id: 'm', effort: null, speed: 'fast', inference_geo: 'us' } },
      { model: { id: 'm', effort: reset, speed: 'fast', inference_geo: 'us' } },
    ],
    [
      'another model: effort is reset',
      { model: 'other' },
      { model: { id: 'other', effort: reset, speed: 'standard' } },
    ],
    [
      'another model with an effort',
      { model: { id: 'other', effort: 'max' } },
      { model: { id: 'other', effort: { type: 'max' }, speed: 'standard' } },
    ],
    [
      'a roster',
      { multiagent: { type: 'coordinator', agents: [{ type: 'self' }] } },
      { multiagent: { type: 'coordinator', agents: [{ type: 'agent', id: 'agent_1', version: 4 }] } },
    ],
  ])('gives a new version with %s', (_, body, change) => {
    expect(update(rich, body)).toEqual({ ...rich, ...change, version: 4, updated_at: NOW })
  })

  test('keeps an effort that the model turned out not to have until the model is named', () => {
    const model = { id: 'claude-opus-4-6', effort: { type: 'xhigh' as const }, speed: 'standard' as const }
    const stored = agentOf({ model })
    expect(update(stored, { name: 'n' }).model).toEqual(model)
    expect(update(stored, { model: { id: model.id } }).model).toEqual({ ...model, effort: reset })
    expect(() => update(stored, { model })).toThrow(/^model\.effort: expected one of/)
  })

  test.each<[string, AgentUpdate]>([
    ['an empty body', {}],
    ['the right version alone', { version: 3 }],
    ['what is there already', { name: 'helper', description: 'd', system: 's', metadata: { a: '1', z: null } }],
    ['null for metadata', { metadata: null }],
    ['the tools in short form', { tools: [SET, MCP] }],
    ['the tools as they are shown', { tools: rich.tools, mcp_servers: rich.mcp_servers, skills: rich.skills }],
    ['the model as it is shown', { model: rich.model }],
    ['the model with the effort left out', { model: { id: 'm', speed: 'fast', inference_geo: 'us' } }],
    ['null for a roster that is not there', { multiagent: null }],
  ])('answers the stored agent itself for %s', (_, body) => {
    expect(update(rich, body)).toBe(rich)
  })

  test('sees no change in the order of keys', () => {
    const schema = { type: 'object' as const, properties: { a: { type: 'string', title: 't' } } }
    const stored = agentOf({ tools: [{ type: 'custom', name: 't', description: 'd', input_schema: schema }] })
    const turned = { properties: { a: { title: 't', type: 'string' } }, type: 'object' as const }
    expect(update(stored, { tools: [{ input_schema: turned, name: 't', type: 'custom', description: 'd' }] })).toBe(
      stored,
    )
  })

  test('sees no change when a roster names the agent itself again', () => {
    const body: AgentUpdate = { multiagent: { type: 'coordinator', agents: [{ type: 'self' }] } }
    const stored = update(agentOf(), body)
    expect(stored.version).toBe(2)
    expect(update(stored, body)).toBe(stored)
    expect(update(stored, { multiagent: null })).toMatchObject({ version: 3, multiagent: null })
  })

  test('never changes the stored agent', () => {
    const before = structuredClone(rich)
    update(rich, { name: 'n', metadata: { a: null }, tools: [MCP], skills: [] })
    expect(rich).toEqual(before)
  })

  test('refuses a stale version even when nothing would change', () => {
    const { kind, message } = failure(() => update(rich, { version: 2 }))
    expect(kind).toBe('conflict')
    expect(message).toBe('version: expected 3, the current one, got 2')
  })

  test('refuses an archived agent', () => {
    expect(failure(() => update(agentOf({ archived_at: NOW }), {})).kind).toBe('invalid_request')
  })

  test('refuses what leaves the rest without its part', () => {
    expect(failure(() => update(rich, { tools: [SET] })).message).toBe('mcp_servers: no mcp_toolset in tools uses "s"')
    expect(failure(() => update(rich, { mcp_servers: null })).message).toBe('tools: mcp_servers declares no "s"')
  })

  test('refuses a seventeenth pair of metadata', () => {
    const metadata = Object.fromEntries(Array.from({ length: 16 }, (_, index) => [`k${index}`, 'v']))
    expect(failure(() => update(agentOf({ metadata }), { metadata: { more: 'v' } })).options.code).toBe(
      'invalid_metadata',
    )
  })
})

describe('updateSessionAgent', () => {
  const stored = toSessionAgent(
    agentOf({
      system: 's',
      tools: resolveTools([SET, MCP]),
      mcp_servers: [SERVER],
      skills: [{ type: 'anthropic', skill_id: 'xlsx', version: 'latest' }],
    }),
  )
  const custom = { type: 'custom' as const, name: 't', description: 'd', input_schema: { type: 'object' as const } }

  test.each<[string, SessionAgentUpdate, Partial<SessionAgent>]>([
    ['tools', { tools: [SET, MCP, custom] }, { tools: resolveTools([SET, MCP, custom]) }],
    ['tools and servers', { tools: [SET], mcp_servers: [] }, { tools: resolveTools([SET]), mcp_servers: [] }],
    [
      'another server',
      { mcp_servers: [{ ...SERVER, url: 'https://other.example.com' }] },
      { mcp_servers: [{ ...SERVER, url: 'https://other.example.com' }] },
    ],
  ])('replaces %s whole and keeps the rest', (_, change, expected) => {
    expect(updateSessionAgent(stored, change)).toEqual({ ...stored, ...expected })
  })

  test('is the stored agent when nothing really changes', () => {
    expect(updateSessionAgent(stored, {})).toBe(stored)
    expect(updateSessionAgent(stored, { tools: [SET, MCP], mcp_servers: [{ ...SERVER }] })).toBe(stored)
  })

  test.each<[string, SessionAgentUpdate, RegExp]>([
    ['servers that no tool uses', { tools: [SET] }, /no mcp_toolset/],
    ['tools without their server', { mcp_servers: [] }, /declares no "s"/],
    ['tools without what skills need', { tools: [MCP] }, /read tool/],
    ['a tool with the name of another', { tools: [SET, MCP, custom, custom] }, /two custom tools/],
  ])('refuses %s', (_, change, reason) => {
    expect(failure(() => updateSessionAgent(stored, change))).toMatchObject({
      kind: 'invalid_request',
      message: expect.stringMatching(reason),
    })
  })
})
