import { describe, expect, test } from 'vitest'
import { ApiError } from '../../src/wire/errors.ts'
import { referencedAgents, resolveMultiagent } from '../../src/wire/multiagent.ts'
import type { AgentLookup } from '../../src/wire/multiagent.ts'
import type { Multiagent, MultiagentParams } from '../../src/wire/types.ts'
import { agentOf } from './agent-builder.ts'

const SELF = { type: 'agent' as const, id: 'agent_self', version: 4 }
const WORKFLOWS = { type: 'enabled', inline_agents: { type: 'enabled' }, predefined_agents: [] } as const

const STORED = [
  agentOf({ id: 'agent_a', version: 7 }),
  agentOf({ id: 'agent_b', version: 1 }),
  agentOf({ id: 'agent_gone', archived_at: '2026-01-01T00:00:00Z' }),
  agentOf({ id: 'agent_boss', multiagent: { type: 'coordinator', agents: [] } }),
]

const lookup: AgentLookup = (id, version) => {
  const agent = STORED.find((candidate) => candidate.id === id)
  if (agent === undefined || (version !== undefined && version > agent.version)) return undefined
  return version === undefined ? agent : { ...agent, version }
}

function resolve(params: MultiagentParams, stored: Multiagent | null = null): Multiagent {
  return resolveMultiagent(params, stored, { self: SELF, lookup })
}

function reference(id: string, version: number) {
  return { type: 'agent' as const, id, version }
}

describe('a coordinator', () => {
  test('pins versions, knows itself and shows the advisor last', () => {
    const agents: Extract<MultiagentParams, { type: 'coordinator' }>['agents'] = [
      { type: 'advisor', model: 'm' },
      'agent_a',
      { type: 'agent', id: 'agent_b' },
      { type: 'self' },
    ]
    expect(resolve({ type: 'coordinator', agents })).toEqual({
      type: 'coordinator',
      agents: [reference('agent_a', 7), reference('agent_b', 1), SELF, { type: 'advisor', model: 'm' }],
    })
  })

  test('takes the version it is told', () => {
    expect(resolve({ type: 'coordinator', agents: [{ type: 'agent', id: 'agent_a', version: 2 }] })).toEqual({
      type: 'coordinator',
      agents: [reference('agent_a', 2)],
    })
  })

  test('replaces what was stored whole', () => {
    const stored = resolve({ type: 'coordinator', agents: ['agent_a'] })
    expect(resolve({ type: 'coordinator', agents: ['agent_b'] }, stored)).toEqual({
      type: 'coordinator',
      agents: [reference('agent_b', 1)],
    })
  })

  test.each<[string, MultiagentParams]>([
    ['multiagent.agents.0: no such agent', { type: 'coordinator', agents: ['agent_x'] }],
    [
      'multiagent.agents.0: no such agent',
      { type: 'coordinator', agents: [{ type: 'agent', id: 'agent_a', version: 8 }] },
    ],
    ['multiagent.agents.1: agent_gone is archived', { type: 'coordinator', agents: ['agent_a', 'agent_gone'] }],
    ['multiagent.agents.0: agent_boss has a roster itself', { type: 'coordinator', agents: ['agent_boss'] }],
    [
      'multiagent.agents.1: agent_a is named twice',
      { type: 'coordinator', agents: ['agent_a', { type: 'agent', id: 'agent_a', version: 2 }] },
    ],
    [
      'multiagent.agents.1: agent_self is named twice',
      { type: 'coordinator', agents: [{ type: 'self' }, 'agent_self'] },
    ],
    [
      'multiagent.agents: expected one advisor',
      {
        type: 'coordinator',
        agents: [
          { type: 'advisor', model: 'm' },
          { type: 'advisor', model: 'n' },
        ],
      },
    ],
    [
      'multiagent.workflows.0: no such agent',
      { type: 'multiagent_20261001', workflows: { type: 'enabled', predefined_agents: ['agent_x'] } },
    ],
    [
      'multiagent.subagents: expected a predefined agent',
      { type: 'multiagent_20261001', subagents: { type: 'enabled', inline_agents: { type: 'disabled' } } },
    ],
  ])('is refused with %s', (message, params) => {
    expect(() => resolve(params)).toThrow(ApiError)
    expect(() => resolve(params)).toThrow(message)
  })
})

describe('multiagent_20261001', () => {
  const stored: Multiagent = {
    type: 'multiagent_20261001',
    advisor: { type: 'enabled', model: 'm' },
    subagents: { type: 'enabled', inline_agents: { type: 'disabled' }, predefined_agents: [reference('agent_a', 3)] },
    workflows: { type: 'disabled' },
  }

  test('starts others by default and consults nobody', () => {
    const defaults = {
      type: 'multiagent_20261001',
      advisor: { type: 'disabled' },
      subagents: WORKFLOWS,
      workflows: WORKFLOWS,
    }
    expect(resolve({ type: 'multiagent_20261001' })).toEqual(defaults)
    expect(resolve({ type: 'multiagent_20261001', advisor: null, subagents: null, workflows: null }, stored)).toEqual(
      defaults,
    )
  })

  test('keeps what an update leaves out', () => {
    expect(resolve({ type: 'multiagent_20261001' }, stored)).toEqual(stored)
    expect(resolve({ type: 'multiagent_20261001', subagents: { type: 'enabled' } }, stored)).toEqual(stored)
  })

  test('keeps nothing of a coordinator', () => {
    expect(
      resolve({ type: 'multiagent_20261001', workflows: { type: 'disabled' } }, { type: 'coordinator', agents: [] }),
    ).toEqual({
      type: 'multiagent_20261001',
      advisor: { type: 'disabled' },
      subagents: WORKFLOWS,
      workflows: { type: 'disabled' },
    })
  })

  test('replaces a list, resets by null, and starts from the defaults when the type changes', () => {
    const next = resolve(
      {
        type: 'multiagent_20261001',
        advisor: { type: 'disabled' },
        subagents: { type: 'enabled', inline_agents: null, predefined_agents: [{ type: 'self' }] },
        workflows: { type: 'enabled', inline_agents: { type: 'disabled' }, predefined_agents: ['agent_b'] },
      },
      stored,
    )
    expect(next).toEqual({
      type: 'multiagent_20261001',
      advisor: { type: 'disabled' },
      subagents: { type: 'enabled', inline_agents: { type: 'enabled' }, predefined_agents: [SELF] },
      workflows: { type: 'enabled', inline_agents: { type: 'disabled' }, predefined_agents: [reference('agent_b', 1)] },
    })
  })

  test('cannot be left with nobody to start', () => {
    const cleared = {
      type: 'multiagent_20261001' as const,
      subagents: { type: 'enabled' as const, predefined_agents: null },
    }
    expect(() => resolve(cleared, stored)).toThrow('multiagent.subagents: expected a predefined agent')
  })
})

describe('referencedAgents', () => {
  test.each<[string, MultiagentParams | null | undefined, unknown[]]>([
    ['nothing', undefined, []],
    ['null', null, []],
    [
      'a coordinator',
      {
        type: 'coordinator',
        agents: [
          'a',
          { type: 'agent', id: 'b', version: 2 },
          { type: 'agent', id: 'c' },
          { type: 'self' },
          { type: 'advisor', model: 'm' },
        ],
      },
      [{ id: 'a' }, { id: 'b', version: 2 }, { id: 'c' }],
    ],
    [
      'levels',
      {
        type: 'multiagent_20261001',
        subagents: { type: 'enabled', predefined_agents: ['a'] },
        workflows: { type: 'enabled', predefined_agents: ['b', { type: 'self' }] },
      },
      [{ id: 'a' }, { id: 'b' }],
    ],
    [
      'closed levels',
      {
        type: 'multiagent_20261001',
        subagents: { type: 'disabled' },
        workflows: { type: 'enabled', predefined_agents: null },
      },
      [],
    ],
  ])('lists whom to read for %s', (_, params, ids) => {
    expect(referencedAgents(params)).toEqual(ids)
  })
})
