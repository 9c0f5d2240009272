import { randomBytes } from 'node:crypto'
import type { Bound, SandboxRow } from '../../src/hands/bindings.ts'
import type { IngressRequest } from '../../src/store/ingress.ts'
import type { Stores } from '../../src/store/postgres/stores.ts'
import type { Configuration, SessionRow } from '../../src/store/sessions.ts'
import type { StoredWork } from '../../src/store/work-steps.ts'
import type { Agent, Environment } from '../../src/wire/types.ts'

export const noon = new Date('2026-03-01T12:00:00.000Z')

/** The moment `seconds` after noon. */
export function after(seconds: number): Date {
  return new Date(noon.getTime() + seconds * 1_000)
}

export function newId(prefix: string): string {
  return `${prefix}_${randomBytes(9).toString('hex')}`
}

/** Every test works in a workspace of its own, so that tests share a database without seeing each other. */
export async function newWorkspace({ keys }: Stores): Promise<string> {
  const id = newId('wrkspc')
  await keys.createWorkspace(id, id)
  return id
}

export function buildAgent(change: Partial<Agent> = {}): Agent {
  return {
    id: newId('agent'),
    type: 'agent',
    version: 1,
    name: 'Coder',
    description: null,
    system: 'Be brief.',
    model: { id: 'claude-opus-4-6', speed: 'standard' },
    tools: [],
    mcp_servers: [],
    skills: [],
    multiagent: null,
    metadata: {},
    execution_identity: { type: 'service_account' },
    created_at: noon.toISOString(),
    updated_at: noon.toISOString(),
    archived_at: null,
    ...change,
  }
}

export function buildEnvironment(change: Partial<Environment> = {}): Environment {
  const id = newId('env')
  return {
    id,
    type: 'environment',
    name: id,
    description: null,
    config: { type: 'self_hosted' },
    metadata: {},
    created_at: noon.toISOString(),
    updated_at: noon.toISOString(),
    archived_at: null,
    ...change,
  }
}

export function buildSession(workspaceId: string, change: Partial<SessionRow> = {}): SessionRow {
  return {
    id: newId('sesn'),
    workspaceId,
    environmentId: 'env_1',
    configurationId: newId('conf'),
    agentId: 'agent_1',
    agentVersion: 1,
    status: 'idle',
    title: null,
    metadata: {},
    budget: null,
    createdAt: noon,
    updatedAt: noon,
    archivedAt: null,
    ...change,
  }
}

export function buildConfiguration(row: SessionRow): Configuration {
  const { created_at, updated_at, archived_at, metadata, multiagent, ...agent } = buildAgent({
    id: row.agentId,
    version: row.agentVersion,
  })
  return { id: row.configurationId, agent: { ...agent, multiagent: null }, harness: 'harness_1' }
}

/** A session with its configuration, stored. */
export async function createSession(
  stores: Stores,
  workspaceId: string,
  change: Partial<SessionRow> = {},
): Promise<SessionRow> {
  const row = buildSession(workspaceId, change)
  if (change.environmentId === undefined) await storeEnvironment(stores)
  await stores.sessions.create(row, buildConfiguration(row))
  return row
}

/** The environment of every session that is built without naming one. */
export async function storeEnvironment({ environments }: Stores): Promise<void> {
  await environments.create('default', buildEnvironment({ id: 'env_1', name: 'env_1' }))
}

export function buildRequest(workspaceId: string, change: Partial<IngressRequest> = {}): IngressRequest {
  return {
    workspaceId,
    target: newId('sesn'),
    key: null,
    bodyHash: 'a'.repeat(64),
    isRetry: false,
    retry: 0,
    ...change,
  }
}

/** Mints as the API does: another id and other event ids with every call. */
export function mint(): { readonly id: string; readonly ids: readonly string[] } {
  return { id: newId('req'), ids: [newId('sevt'), newId('sevt')] }
}

export function buildSandbox(sessionId: string, generation: number, reference = newId('box')): SandboxRow {
  return { sessionId, generation, provider: 'local', reference, bootId: newId('boot') }
}

/** What a call of the main hand is bound to. */
export function to(generation: number): Bound {
  return { hand: 'main', generation }
}

/** A queued item that nobody was given yet. */
export function buildWork(change: Partial<StoredWork> = {}): StoredWork {
  return {
    id: 'work_1',
    workspaceId: 'default',
    environmentId: 'env_1',
    sessionId: 'sesn_1',
    state: 'queued',
    metadata: {},
    createdAt: noon,
    polledAt: null,
    acknowledgedAt: null,
    startedAt: null,
    latestHeartbeatAt: null,
    expectedHeartbeat: null,
    leaseUntil: null,
    stopRequestedAt: null,
    stoppedAt: null,
    stoppedBy: null,
    attempt: 1,
    given: 0,
    ...change,
  }
}
