import type Anthropic from '@anthropic-ai/sdk'
import { uniqueName } from './temporal.ts'

/** An agent with the built-in tools and an environment, ready for sessions. */
export async function prepareAgent(sdk: Anthropic): Promise<{ agent: string; environment: string }> {
  const agent = await sdk.beta.agents.create({
    name: 'tester',
    model: 'claude-opus-5-5',
    tools: [{ type: 'agent_toolset_20260401' }],
  })
  const environment = await sdk.beta.environments.create({ name: uniqueName('environment') })
  return { agent: agent.id, environment: environment.id }
}
