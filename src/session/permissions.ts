import type { PublicEntry } from './entry.ts'
import type { AgentToolset, SessionAgent } from '../wire/types.ts'

type ToolUse = Extract<PublicEntry, { type: 'agent.tool_use' }>
export type Permission = Required<Pick<ToolUse, 'evaluated_permission'>> & Pick<ToolUse, 'evaluation'>

/** What is said of one call under the policy `auto`, as the wire tells it. */
export type Judgement = Extract<NonNullable<ToolUse['evaluation']>, { type: 'auto' }>['evaluated_permission']

const UNJUDGED: Judgement = { type: 'ask', reason_code: 'indeterminate' }

/** Names of the built-in tools that the agent may use, in the toolset's order. */
export function enabledTools(agent: SessionAgent, available: readonly string[]): readonly string[] {
  return available.filter((name) => setting(agent, name)?.enabled)
}

/**
 * What policy says of a call. A tool that is not enabled is denied before any policy is asked.
 * @param judgement under `auto`; without one, the call is held for a person.
 */
export function evaluatePermission(agent: SessionAgent, name: string, judgement: Judgement = UNJUDGED): Permission {
  const tool = setting(agent, name)
  if (!tool?.enabled) return { evaluated_permission: 'deny' }
  switch (tool.permission_policy.type) {
    case 'always_allow':
      return { evaluated_permission: 'allow', evaluation: { type: 'always_allow' } }
    case 'always_ask':
      return { evaluated_permission: 'ask', evaluation: { type: 'always_ask' } }
    default:
      return { evaluated_permission: judgement.type, evaluation: { type: 'auto', evaluated_permission: judgement } }
  }
}

/** Whether calls of this tool are judged one by one. */
export function isJudged(agent: SessionAgent, name: string): boolean {
  const tool = setting(agent, name)
  return tool?.enabled === true && tool.permission_policy.type === 'auto'
}

function setting(
  agent: SessionAgent,
  name: string,
): Pick<AgentToolset['default_config'], 'enabled' | 'permission_policy'> | null {
  const toolset = agent.tools.find((tool) => tool.type === 'agent_toolset_20260401')
  if (toolset?.type !== 'agent_toolset_20260401') return null
  return toolset.configs.find((config) => config.name === name) ?? toolset.default_config
}
