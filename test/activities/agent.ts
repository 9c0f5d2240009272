import type { SessionAgent } from '../../src/wire/types.ts'

interface Setting {
  readonly name: 'bash' | 'read' | 'write' | 'edit'
  readonly policy?: 'always_allow' | 'always_ask' | 'auto'
  readonly enabled?: boolean
}

/** A session's agent with the built-in tools, some of them set apart. */
export function agentWith(settings: readonly Setting[] = [], change: Partial<SessionAgent> = {}): SessionAgent {
  return {
    id: 'agent_1',
    type: 'agent',
    version: 1,
    name: 'tester',
    description: null,
    execution_identity: { type: 'service_account' },
    multiagent: null,
    model: { id: 'claude-opus-5-5', effort: { type: 'high' }, speed: 'standard' },
    system: 'Be brief.',
    mcp_servers: [],
    skills: [],
    tools: [
      {
        type: 'agent_toolset_20260401',
        default_config: { enabled: true, permission_policy: { type: 'always_allow' } },
        configs: settings.map(({ name, policy = 'always_allow', enabled = true }) => ({
          type: name,
          name,
          enabled,
          permission_policy: { type: policy },
          // Each member of the union has these fields.
        })) as never,
      },
    ],
    ...change,
  }
}
