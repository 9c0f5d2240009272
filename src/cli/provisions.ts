import type Anthropic from '@anthropic-ai/sdk'
import { ConflictError } from '@anthropic-ai/sdk'

/** What `run` uses when nobody names a model. */
export const MODEL = 'claude-opus-5-5'
const NAME = 'longhand run'
const ENVIRONMENT = 'default'
const PAGE = 100

interface Options {
  readonly model?: string | undefined
  readonly signal?: AbortSignal
}

/** Id of the agent that `run` keeps for a model, made at the first use. */
export async function ensureAgent(client: Anthropic, { model = MODEL, signal }: Options = {}): Promise<string> {
  const { agents } = client.beta
  for await (const agent of agents.list({ limit: PAGE }, { signal })) {
    if (agent.name === NAME && agent.model.id === model) return agent.id
  }
  const tools = [{ type: 'agent_toolset_20260401' }] as const
  return (await agents.create({ name: NAME, model, tools: [...tools] }, { signal })).id
}

/** Id of the environment named `default`, made at the first use. */
export async function ensureEnvironment(client: Anthropic, { signal }: Options = {}): Promise<string> {
  const known = await findEnvironment(client, signal)
  if (known !== null) return known
  try {
    return (await client.beta.environments.create({ name: ENVIRONMENT }, { signal })).id
  } catch (error) {
    // Names are unique: somebody else was faster.
    const made = error instanceof ConflictError ? await findEnvironment(client, signal) : null
    if (made !== null) return made
    throw error
  }
}

async function findEnvironment(client: Anthropic, signal: AbortSignal | undefined): Promise<string | null> {
  for await (const environment of client.beta.environments.list({ limit: PAGE }, { signal })) {
    if (environment.name === ENVIRONMENT) return environment.id
  }
  return null
}
