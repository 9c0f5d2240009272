import { checkAgent } from './agent-rules.ts'
import { equals } from './equals.ts'
import { ApiError } from './errors.ts'
import { patchMetadata } from './metadata.ts'
import { checkModel, takesEffort, usualEffort } from './models.ts'
import { resolveMultiagent } from './multiagent.ts'
import type { AgentLookup } from './multiagent.ts'
import { resolveTools } from './toolsets.ts'
import type {
  Agent,
  AgentCreate,
  AgentModel,
  AgentModelParams,
  AgentOverrides,
  AgentSkill,
  AgentUpdate,
  SessionAgent,
  SessionAgentUpdate,
} from './types.ts'

export interface AgentContext {
  /** RFC 3339. */
  readonly now: string
  readonly lookup: AgentLookup
}

/**
 * Version 1 of a new agent with every default filled in, as responses show it.
 * @throws ApiError 400 when its parts do not fit together or its roster cannot be resolved.
 */
export function createAgent(body: AgentCreate, context: AgentContext & { readonly id: string }): Agent {
  const { id, now } = context
  const empty: Agent = {
    id,
    type: 'agent',
    version: 1,
    name: body.name,
    description: null,
    model: resolveModel(body.model),
    system: null,
    tools: [],
    mcp_servers: [],
    skills: [],
    multiagent: null,
    metadata: {},
    execution_identity: { type: 'service_account' },
    created_at: now,
    updated_at: now,
    archived_at: null,
  }
  const agent = apply(empty, body, context.lookup)
  checkAgent(agent)
  return agent
}

/**
 * The agent after an update: a field left out keeps its value, `null` clears it, lists are replaced whole. When nothing
 * really changes the answer is `stored` itself and no version is to be written.
 * @throws ApiError 400 for an archived agent or a result whose parts do not fit, 409 for a `version` that is not the
 * stored one, even if the fields match already.
 */
export function updateAgent(stored: Agent, body: AgentUpdate, { now, lookup }: AgentContext): Agent {
  if (stored.archived_at !== null)
    throw new ApiError('invalid_request', `${stored.id} is archived and cannot be changed`)
  if (body.version !== undefined && body.version !== stored.version) {
    throw new ApiError('conflict', `version: expected ${stored.version}, the current one, got ${body.version}`)
  }
  // At the stored version first: a roster's `self` pins the agent's own version, which must not count as a change.
  if (equals(apply(stored, body, lookup), stored)) return stored
  const next = apply({ ...stored, version: stored.version + 1, updated_at: now }, body, lookup)
  checkAgent(next)
  return next
}

/**
 * The snapshot that a session keeps, with the overrides of its create request applied; `id` and `version` stay those of
 * the agent.
 * @throws ApiError 400 for an agent with a roster (not built yet) and for overrides that leave parts that do not fit.
 */
export function toSessionAgent(agent: Agent, overrides?: AgentOverrides): SessionAgent {
  const { id, type, version, name, description, execution_identity } = agent
  if (agent.multiagent !== null) throw new ApiError('invalid_request', `${id} has multiagent, which is not built yet`)
  const { model, system, tools, mcp_servers: servers, skills } = overrides ?? {}
  if (model === null) {
    throw new ApiError('invalid_request', 'agent.model: cannot be cleared', { code: 'agent_model_required' })
  }
  const snapshot: SessionAgent = {
    id,
    type,
    version,
    name,
    description,
    execution_identity,
    multiagent: null,
    model: model === undefined ? agent.model : overrideModel(model),
    system: system === undefined ? agent.system : system || null,
    tools: tools === undefined ? agent.tools : resolveTools(tools),
    mcp_servers: servers === undefined ? agent.mcp_servers : (servers ?? []),
    skills: skills === undefined ? agent.skills : resolveSkills(skills),
  }
  if (overrides !== undefined) checkAgent(snapshot)
  return snapshot
}

/**
 * A session's agent after an update of the session: lists are replaced whole, one left out stays. When nothing really
 * changes the answer is `stored` itself.
 * @throws ApiError 400 for a result whose parts do not fit.
 */
export function updateSessionAgent(
  stored: SessionAgent,
  { tools, mcp_servers: servers = stored.mcp_servers }: SessionAgentUpdate,
): SessionAgent {
  const next = { ...stored, tools: tools === undefined ? stored.tools : resolveTools(tools), mcp_servers: servers }
  if (equals(next, stored)) return stored
  checkAgent(next)
  return next
}

/** What a body names, over what is there; ids, times and the version are not a body's to set. */
function apply(stored: Agent, body: AgentUpdate, lookup: AgentLookup): Agent {
  const {
    description,
    execution_identity: identity,
    mcp_servers: servers,
    model,
    multiagent,
    skills,
    system,
    tools,
  } = body
  const context = { self: { type: 'agent' as const, id: stored.id, version: stored.version }, lookup }
  return {
    ...stored,
    name: body.name ?? stored.name,
    description: description === undefined ? stored.description : description || null,
    system: system === undefined ? stored.system : system || null,
    model: model === undefined ? stored.model : resolveModel(model, stored.model),
    tools: tools === undefined ? stored.tools : resolveTools(tools),
    mcp_servers: servers === undefined ? stored.mcp_servers : (servers ?? []),
    skills: skills === undefined ? stored.skills : resolveSkills(skills),
    execution_identity: identity === undefined ? stored.execution_identity : (identity ?? { type: 'service_account' }),
    multiagent:
      multiagent == null
        ? multiagent === null
          ? null
          : stored.multiagent
        : resolveMultiagent(multiagent, stored.multiagent, context),
    metadata: patchMetadata(stored.metadata, body.metadata),
  }
}

/**
 * The model in full. An effort left out survives while the model stays the same and, stored before more was known of it,
 * has that effort; everything else starts anew.
 * @throws ApiError 400 for settings that the model does not have.
 */
function resolveModel(params: AgentModelParams, stored?: AgentModel): AgentModel {
  const { id, effort, inference_geo: geo, speed } = typeof params === 'string' ? { id: params } : params
  const earlier = effort === undefined && stored?.id === id ? stored.effort : undefined
  const kept = earlier && takesEffort(id, earlier.type) ? earlier : undefined
  const level = typeof effort === 'string' ? effort : (effort?.type ?? usualEffort(id))
  const model: AgentModel = {
    id,
    effort: kept ?? { type: level },
    speed: speed ?? 'standard',
    ...(geo == null ? {} : { inference_geo: geo }),
  }
  checkModel(model)
  return model
}

/** An override drops the agent's effort and region, and its own effort is ignored. */
function overrideModel(params: AgentModelParams): AgentModel {
  if (typeof params === 'string') return resolveModel(params)
  return resolveModel({ ...params, effort: null })
}

function resolveSkills(skills: AgentUpdate['skills']): AgentSkill[] {
  return (skills ?? []).map(({ type, skill_id, version }) => ({ type, skill_id, version: version ?? 'latest' }))
}
