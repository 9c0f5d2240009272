import type { CustomTool, ModelTool, ServerTool, SessionAgent } from '../wire/types.ts'
import { enabledTools } from './permissions.ts'

/**
 * The tools that the model is told of: the built-in ones that the agent has on, those that the model's API runs by
 * itself, then the agent's custom ones, each in its order.
 * @param builtIn every built-in tool there is for a sandbox.
 * @param served what of the others this session has.
 */
export function offeredTools(
  agent: SessionAgent,
  builtIn: readonly ModelTool[],
  served: readonly ServerTool[],
): readonly ModelTool[] {
  const names = enabledTools(
    agent,
    builtIn.map(({ name }) => name),
  )
  return [...builtIn.filter(({ name }) => names.includes(name)), ...served, ...customTools(agent).map(toModelTool)]
}

/** Whether a call of this name is settled by the client, and so is no call of a built-in tool. */
export function isCustom(agent: SessionAgent, name: string): boolean {
  return customTools(agent).some((tool) => tool.name === name)
}

function customTools({ tools }: SessionAgent): readonly CustomTool[] {
  return tools.filter((tool) => tool.type === 'custom')
}

/** Nothing of the wire's tool but what the model's API knows. */
function toModelTool({ name, description, input_schema: schema }: CustomTool): ModelTool {
  return { name, description, input_schema: schema }
}
