import { createAgent } from '../../src/wire/agents.ts'
import type { Agent } from '../../src/wire/types.ts'

/** A stored agent with every default, but for the given fields. */
export function agentOf(fields: Partial<Agent> = {}): Agent {
  const context = { id: 'agent_1', now: '2026-11-01T00:00:00Z', lookup: () => undefined }
  return { ...createAgent({ name: 'helper', model: 'claude-opus-5-5' }, context), ...fields }
}
