import { ApiError } from './errors.ts'
import type { WebVersions } from './web-tools.ts'
import { unsupportedWebTools } from './web-tools.ts'
import type { Agent, SessionAgent, SessionCreate, SessionListQuery, UserEvent } from './types.ts'

/** Each answers what of its argument no session can do yet, by the names of the wire; empty when all of it works. */
type Unsupported = readonly string[]

/**
 * Stored agents may hold all of this; a session of such an agent is refused. The web tools are on by default in a toolset,
 * so a default alone refuses nothing (the model is not offered them); an entry that turns one on does.
 * @param versions of the web tools that the agent's model has.
 */
export function unsupportedInAgent(agent: SessionAgent | Agent, versions: WebVersions | null): Unsupported {
  return [
    ...(agent.tools.some(({ type }) => type === 'mcp_toolset') ? ['mcp_toolset'] : []),
    ...unsupportedWebTools(agent.tools, versions),
    ...(agent.mcp_servers.length > 0 ? ['mcp_servers'] : []),
    ...(agent.skills.length > 0 ? ['skills'] : []),
    ...(agent.multiagent === null ? [] : ['multiagent']),
    ...(agent.execution_identity.type === 'service_account'
      ? []
      : [`execution_identity ${agent.execution_identity.type}`]),
  ]
}

/** The body of a create request apart from its agent, which {@link unsupportedInAgent} judges once it is resolved. */
export function unsupportedInSession(body: SessionCreate): Unsupported {
  return [
    ...((body.resources ?? []).some(({ type }) => type === 'memory_store') ? ['memory_store resources'] : []),
    ...((body.vault_ids ?? []).length > 0 ? ['vault_ids'] : []),
    ...unsupportedInEvents(body.initial_events ?? []),
  ]
}

/** Filters by what no session can have yet: an empty list would read as if it had been looked for. */
export function unsupportedInSessionList(query: SessionListQuery): Unsupported {
  return (['deployment_id', 'memory_store_id'] as const).filter((name) => query[name] !== undefined)
}

/** What the state of a session decides on alone. */
const SENDABLE: ReadonlySet<UserEvent['type']> = new Set([
  'system.message',
  'user.interrupt',
  'user.message',
  'user.tool_confirmation',
  'user.custom_tool_result',
  'user.tool_result',
])

export function unsupportedInEvents(events: readonly UserEvent[]): Unsupported {
  return [...new Set(events.map(({ type }) => type).filter((type) => !SENDABLE.has(type)))]
}

/** @throws ApiError 400 with the code `not_supported` when there is anything to refuse. */
export function refuseUnsupported(names: Unsupported): void {
  if (names.length === 0) return
  throw new ApiError('invalid_request', `not supported yet: ${names.join(', ')}`, { code: 'not_supported' })
}
