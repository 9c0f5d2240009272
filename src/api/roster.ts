import type { AgentStore } from '../store/agents.ts'
import type { AgentLookup } from '../wire/multiagent.ts'
import type { Agent, MultiagentParams } from '../wire/types.ts'

/** Reads the agents that a roster names, so that it can be resolved without waiting. */
export async function loadRoster(
  agents: AgentStore,
  workspaceId: string,
  roster: MultiagentParams | null | undefined,
): Promise<AgentLookup> {
  const found = new Map<string, Agent>()
  for (const { id, version } of roster ? references(roster) : []) {
    const agent = await agents.read(workspaceId, id, version)
    if (agent) found.set(keyOf(id, version), agent)
  }
  return (id, version) => found.get(keyOf(id, version))
}

interface Reference {
  readonly id: string
  readonly version?: number
}

/** Every `agent_…` string and every `{type: "agent"}` object, wherever the roster's form has them. */
function references(value: unknown): readonly Reference[] {
  if (typeof value === 'string') return value.startsWith('agent_') ? [{ id: value }] : []
  if (typeof value !== 'object' || value === null) return []
  if (!('type' in value) || value.type !== 'agent') return Object.values(value).flatMap(references)
  if (!('id' in value) || typeof value.id !== 'string') return []
  const version = 'version' in value && typeof value.version === 'number' ? value.version : undefined
  return [{ id: value.id, ...(version === undefined ? {} : { version }) }]
}

function keyOf(id: string, version: number | undefined): string {
  return `${id} ${version ?? 'latest'}`
}
