import { describe, expect, test } from 'vitest'
import type { Judgement } from '../../src/session/permissions.ts'
import { enabledTools, evaluatePermission, isJudged } from '../../src/session/permissions.ts'
import type { AgentTool, AgentToolset, PermissionPolicy, SessionAgent } from '../../src/wire/types.ts'

type Setting = Pick<AgentToolset['default_config'], 'enabled' | 'permission_policy'>

function agentWith(...tools: readonly unknown[]): SessionAgent {
  // Only the tools of an agent are looked at.
  return { tools: tools as AgentTool[] } as SessionAgent
}

function toolset(
  byDefault: Partial<Setting> = {},
  configs: readonly ({ name: string } & Partial<Setting>)[] = [],
): unknown {
  const standard = { enabled: true, permission_policy: { type: 'always_allow' } }
  return {
    type: 'agent_toolset_20260401',
    default_config: { ...standard, ...byDefault },
    configs: configs.map((config) => ({ ...standard, ...config })),
  }
}

describe('the tools of an agent', () => {
  const available = ['bash', 'read', 'write']

  test.each([
    { name: 'none without a toolset', agent: agentWith(), enabled: [] },
    { name: 'none of custom tools', agent: agentWith({ type: 'custom', name: 'bash' }), enabled: [] },
    { name: 'all by default', agent: agentWith(toolset()), enabled: available },
    {
      name: 'all but those that are off',
      agent: agentWith(toolset({}, [{ name: 'read', enabled: false }])),
      enabled: ['bash', 'write'],
    },
    {
      name: 'only those that are on',
      agent: agentWith({ type: 'custom', name: 'x' }, toolset({ enabled: false }, [{ name: 'write', enabled: true }])),
      enabled: ['write'],
    },
  ])('are $name', ({ agent, enabled }) => {
    expect(enabledTools(agent, available)).toEqual(enabled)
  })
})

describe('a permission', () => {
  test.each<{ policy: PermissionPolicy['type']; permission: object }>([
    { policy: 'always_allow', permission: { evaluated_permission: 'allow', evaluation: { type: 'always_allow' } } },
    { policy: 'always_ask', permission: { evaluated_permission: 'ask', evaluation: { type: 'always_ask' } } },
    {
      policy: 'auto',
      permission: {
        evaluated_permission: 'ask',
        evaluation: { type: 'auto', evaluated_permission: { type: 'ask', reason_code: 'indeterminate' } },
      },
    },
  ])('under $policy says who decides', ({ policy, permission }) => {
    const settings = { permission_policy: { type: policy } }
    expect(evaluatePermission(agentWith(toolset(settings)), 'bash')).toEqual(permission)
    expect(evaluatePermission(agentWith(toolset({}, [{ name: 'bash', ...settings }])), 'bash')).toEqual(permission)
  })

  test.each<Judgement>([
    { type: 'allow' },
    { type: 'ask', reason_code: 'indeterminate' },
    { type: 'deny', reason_code: 'high_risk' },
  ])('under auto is what the judge says: %j', (judgement) => {
    const agent = agentWith(toolset({ permission_policy: { type: 'auto' } }))
    expect(evaluatePermission(agent, 'bash', judgement)).toEqual({
      evaluated_permission: judgement.type,
      evaluation: { type: 'auto', evaluated_permission: judgement },
    })
  })

  test.each(['always_allow', 'always_ask'] as const)('under %s is no judge’s', (policy) => {
    const agent = agentWith(toolset({ permission_policy: { type: policy } }))
    const judged = evaluatePermission(agent, 'bash', { type: 'deny', reason_code: 'high_risk' })
    expect(judged).toEqual(evaluatePermission(agent, 'bash'))
    expect(isJudged(agent, 'bash')).toBe(false)
  })

  test('is judged where the tool is on and its policy says so', () => {
    const auto = { permission_policy: { type: 'auto' as const } }
    expect(isJudged(agentWith(toolset(auto)), 'bash')).toBe(true)
    expect(isJudged(agentWith(toolset({}, [{ name: 'bash', ...auto }])), 'bash')).toBe(true)
    expect(isJudged(agentWith(toolset({}, [{ name: 'bash', ...auto }])), 'read')).toBe(false)
    expect(isJudged(agentWith(toolset({ ...auto, enabled: false })), 'bash')).toBe(false)
    expect(isJudged(agentWith(), 'bash')).toBe(false)
  })

  test.each([
    { name: 'a tool that is off', agent: agentWith(toolset({}, [{ name: 'bash', enabled: false }])) },
    { name: 'an agent without tools', agent: agentWith() },
  ])('is denied to $name', ({ agent }) => {
    expect(evaluatePermission(agent, 'bash')).toEqual({ evaluated_permission: 'deny' })
  })
})
