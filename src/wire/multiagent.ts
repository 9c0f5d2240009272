import { ApiError } from './errors.ts'
import type { Agent, AgentReference, Multiagent, MultiagentParams } from './types.ts'

/** A stored agent of the same workspace, the latest version when none is given; undefined when there is none. */
export type AgentLookup = (id: string, version?: number) => Agent | undefined

export interface RosterContext {
  /** What `{type: "self"}` becomes. */
  readonly self: AgentReference
  readonly lookup: AgentLookup
}

type Coordinator = Extract<Multiagent, { type: 'coordinator' }>
type CoordinatorParams = Extract<MultiagentParams, { type: 'coordinator' }>
type Levels = Extract<Multiagent, { type: 'multiagent_20261001' }>
type LevelsParams = Extract<MultiagentParams, { type: 'multiagent_20261001' }>
/** Whether and with whom an agent starts others: `subagents` and `workflows` have one shape. */
type Spawning = Levels['subagents']
type SpawningParams = LevelsParams['subagents']
type RosterEntry = CoordinatorParams['agents'][number]

/** What a lookup has to know for a request: every agent that its roster names, apart from `self`. */
export function referencedAgents(params: MultiagentParams | null | undefined): { id: string; version?: number }[] {
  return entriesOf(params).flatMap((entry) => {
    if (typeof entry === 'string') return [{ id: entry }]
    return entry.type === 'agent'
      ? [{ id: entry.id, ...(entry.version === undefined ? {} : { version: entry.version }) }]
      : []
  })
}

function entriesOf(params: MultiagentParams | null | undefined): readonly RosterEntry[] {
  if (params == null) return []
  if (params.type === 'coordinator') return params.agents
  return [params.subagents, params.workflows].flatMap((level) =>
    level?.type === 'enabled' ? (level.predefined_agents ?? []) : [],
  )
}

/**
 * The `multiagent` block with pinned versions. `coordinator` is replaced whole; `multiagent_20261001` is merged level by
 * level into a stored block of the same type: a key left out keeps, `null` takes the default.
 * @throws ApiError 400 for a roster that names an agent that is unknown, archived, named twice, or has a roster itself.
 */
export function resolveMultiagent(
  params: MultiagentParams,
  stored: Multiagent | null,
  context: RosterContext,
): Multiagent {
  if (params.type === 'coordinator') return resolveCoordinator(params, context)
  const base = stored?.type === 'multiagent_20261001' ? stored : undefined
  const { advisor } = params
  return {
    type: 'multiagent_20261001',
    advisor: advisor === undefined ? (base?.advisor ?? { type: 'disabled' }) : (advisor ?? { type: 'disabled' }),
    subagents: resolveSpawning(params.subagents, base?.subagents, { ...context, path: 'multiagent.subagents' }),
    workflows: resolveSpawning(params.workflows, base?.workflows, { ...context, path: 'multiagent.workflows' }),
  }
}

function resolveCoordinator({ agents }: CoordinatorParams, context: RosterContext): Coordinator {
  const advisors = agents.filter((entry) => typeof entry !== 'string' && entry.type === 'advisor')
  if (advisors.length > 1) throw refuse('multiagent.agents: expected one advisor at most')
  const others = agents.filter((entry) => typeof entry === 'string' || entry.type !== 'advisor')
  return {
    type: 'coordinator',
    agents: [...resolveRoster(others, { ...context, path: 'multiagent.agents' }), ...advisors],
  }
}

interface LevelContext extends RosterContext {
  readonly path: string
}

function resolveSpawning(params: SpawningParams, stored: Spawning | undefined, context: LevelContext): Spawning {
  if (params === undefined && stored !== undefined) return stored
  if (params?.type === 'disabled') return { type: 'disabled' }
  const base = params != null && stored?.type === 'enabled' ? stored : undefined
  const { inline_agents: inline, predefined_agents: predefined } = params ?? {}
  const spawning: Spawning = {
    type: 'enabled',
    inline_agents:
      inline === undefined ? (base?.inline_agents ?? { type: 'enabled' }) : (inline ?? { type: 'enabled' }),
    predefined_agents:
      predefined === undefined ? (base?.predefined_agents ?? []) : resolveRoster(predefined ?? [], context),
  }
  if (spawning.inline_agents.type === 'disabled' && spawning.predefined_agents.length === 0) {
    throw refuse(`${context.path}: expected a predefined agent, because inline agents are disabled`)
  }
  return spawning
}

function resolveRoster(entries: readonly RosterEntry[], context: LevelContext): AgentReference[] {
  const references = entries.map((entry, index) =>
    resolveEntry(entry, { ...context, path: `${context.path}.${index}` }),
  )
  const ids = references.map(({ id }) => id)
  const twice = ids.findIndex((id, index) => ids.indexOf(id) !== index)
  if (twice >= 0) throw refuse(`${context.path}.${twice}: ${ids[twice]} is named twice`)
  return references
}

function resolveEntry(entry: RosterEntry, { self, lookup, path }: LevelContext): AgentReference {
  if (typeof entry !== 'string' && entry.type === 'self') return self
  if (typeof entry !== 'string' && entry.type === 'advisor')
    throw refuse(`${path}.type: "advisor" is for a coordinator only`)
  const { id, version } = typeof entry === 'string' ? { id: entry } : entry
  if (id === self.id) return version === undefined ? self : { ...self, version }
  const agent = lookup(id, version)
  if (agent === undefined) throw refuse(`${path}: no such agent`)
  if (agent.archived_at !== null) throw refuse(`${path}: ${agent.id} is archived`)
  if (agent.multiagent !== null) throw refuse(`${path}: ${agent.id} has a roster itself; only one level is possible`)
  return { type: 'agent', id: agent.id, version: agent.version }
}

function refuse(message: string): ApiError {
  return new ApiError('invalid_request', message)
}
