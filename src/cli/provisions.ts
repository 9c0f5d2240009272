import type Anthropic from '@anthropic-ai/sdk'
import { ConflictError } from '@anthropic-ai/sdk'

/** What `run` uses when nobody names a model. */
export const MODEL = 'claude-opus-5-5'
/** The tools by which an agent changes something. */
export const CHANGING_TOOLS = ['bash', 'write', 'edit'] as const
const NAME = 'longhand run'
const ENVIRONMENT = 'default'
const PAGE = 100

type Agents = Anthropic['beta']['agents']
type AgentTool = Awaited<ReturnType<Agents['retrieve']>>['tools'][number]

interface Options {
  readonly signal?: AbortSignal
}

interface AgentOptions extends Options {
  readonly model?: string | undefined
  /** Tools that the agent may use only when a person allows it, each time. */
  readonly asks?: readonly (typeof CHANGING_TOOLS)[number][]
}

/** Id of the agent that `run` keeps for a model and for what it has to ask, made at the first use. */
export async function ensureAgent(
  client: Anthropic,
  { model = MODEL, asks = [], signal }: AgentOptions = {},
): Promise<string> {
  const { agents } = client.beta
  const name = asks.length === 0 ? NAME : `${NAME}, asks before ${asks.join(', ')}`
  for await (const agent of agents.list({ limit: PAGE }, { signal })) {
    if (agent.name === name && agent.model.id === model && asks.every((tool) => isAsked(agent.tools, tool)))
      return agent.id
  }
  const configs = asks.map((tool) => ({ name: tool, permission_policy: { type: 'always_ask' } as const }))
  const toolset = { type: 'agent_toolset_20260401', ...(asks.length === 0 ? {} : { configs }) } as const
  return (await agents.create({ name, model, tools: [toolset] }, { signal })).id
}

/** The name alone is no promise: somebody may have changed the agent since. */
function isAsked(tools: readonly AgentTool[], name: string): boolean {
  const toolset = tools.find((tool) => tool.type === 'agent_toolset_20260401')
  if (toolset?.type !== 'agent_toolset_20260401') return false
  const { permission_policy } = toolset.configs.find((config) => config.name === name) ?? toolset.default_config
  return permission_policy.type === 'always_ask'
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
