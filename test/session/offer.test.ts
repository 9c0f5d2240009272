import { describe, expect, test } from 'vitest'
import { isCustom, offeredTools } from '../../src/session/offer.ts'
import type { AgentTool, ModelTool, ServerTool, SessionAgent } from '../../src/wire/types.ts'

const BUILT_IN = ['bash', 'read'].map((name): ModelTool => ({ name, input_schema: { type: 'object' } }))
const ON = { enabled: true, permission_policy: { type: 'always_allow' } } as const
const TOOLSET: AgentTool = { type: 'agent_toolset_20260401', default_config: ON, configs: [] }
const SEARCH: ServerTool = { type: 'web_search_20250305', name: 'web_search' }
const SCHEMA = { type: 'object', properties: { key: { type: 'string' } } } as const

function custom(name: string): AgentTool {
  return { type: 'custom', name, description: `does ${name}`, input_schema: SCHEMA }
}

function agentWith(...tools: readonly AgentTool[]): SessionAgent {
  // Only the tools of an agent are looked at.
  return { tools } as SessionAgent
}

describe('the tools that a model is told of', () => {
  test.each([
    { name: 'none of an agent without any', tools: [], told: [] },
    { name: 'the built-in ones', tools: [TOOLSET], told: ['bash', 'read'] },
    { name: 'the custom ones in their order', tools: [custom('b'), custom('a')], told: ['b', 'a'] },
    { name: 'the built-in ones first', tools: [custom('z'), TOOLSET, custom('a')], told: ['bash', 'read', 'z', 'a'] },
    {
      name: 'those that the model’s API runs between them',
      tools: [custom('z'), TOOLSET],
      served: [SEARCH],
      told: ['bash', 'read', 'web_search', 'z'],
    },
  ])('are $name', ({ tools, served = [], told }) => {
    expect(offeredTools(agentWith(...tools), BUILT_IN, served).map(({ name }) => name)).toEqual(told)
  })

  test('are told without what is for the wire alone', () => {
    const [tool] = offeredTools(agentWith(custom('a')), BUILT_IN, [])
    expect(tool).toEqual({ name: 'a', description: 'does a', input_schema: SCHEMA })
  })
})

describe('a custom tool', () => {
  test('is one that the agent brings along', () => {
    const agent = agentWith(TOOLSET, custom('a'))
    expect(['a', 'bash', 'b'].map((name) => isCustom(agent, name))).toEqual([true, false, false])
  })
})
