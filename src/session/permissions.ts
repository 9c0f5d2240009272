import type { PublicEntry } from './entry.ts'
import type { AgentToolset, SessionAgent } from '../wire/types.ts'

type ToolUse = Extract<PublicEntry, { type: 'agent.tool_use' }>
export type Permission = Required<Pick<ToolUse, 'evaluated_permission'>> & Pick<ToolUse, 'evaluation'>

/** Names of the built-in tools that the agent may use, in the toolset's order. */
export function enabledTools(agent: SessionAgent, available: readonly string[]): readonly string[] {
  return available.filter((name) => setting(agent, name)?.enabled)
}

/** What policy says of a call. A tool that is not enabled is denied before any policy is asked. */
export function evaluatePermission(agent: SessionAgent, name: string): Permission {
  const tool = setting(agent, name)
  if (!tool?.enabled) return { evaluated_permission: 'deny' }
  switch (tool.permission_policy.type) {
    case 'always_allow':
      return { evaluated_permission: 'allow', evaluation: { type: 'always_allow' } }
    case 'always_ask':
      return { evaluated_permission: 'ask', evaluation: { type: 'always_ask' } }
    default: {
      // Without a judge there is no judgement, and then a person is asked.
      const judgement = { type: 'ask', reason_code: 'indeterminate' } as const
      return { evaluated_permission: 'ask', evaluation: { type: 'auto', evaluated_permission: judgement } }
    }
  }
}

function setting(
  agent: SessionAgent,
  name: string,
): Pick<AgentToolset['default_config'], 'enabled' | 'permission_policy'> | null {
  const toolset = agent.tools.find((tool) => tool.type === 'agent_toolset_20260401')
  if (toolset?.type !== 'agent_toolset_20260401') return null
  return toolset.configs.find((config) => config.name === name) ?? toolset.default_config
}
