import { parseChange } from '../session/change.ts'
import { UNPRICED } from '../session/budget.ts'
import type { Policy } from '../session/policy.ts'
import { policyIn } from '../session/policy.ts'
import { refuses } from '../session/settle.ts'
import { startingState } from '../session/start.ts'
import type { AgentStore } from '../store/agents.ts'
import type { EnvironmentStore } from '../store/environments.ts'
import type { SessionRow, SessionStore } from '../store/sessions.ts'
import { EnvironmentGone, SessionBuried } from '../store/buried.ts'
import { createAgent, toSessionAgent } from '../wire/agents.ts'
import type { Backing } from '../wire/configure.ts'
import { configureSession } from '../wire/configure.ts'
import { createEnvironment } from '../wire/environments.ts'
import { configureHands } from '../wire/session-hands.ts'
import { ApiError } from '../wire/errors.ts'
import { mintId } from '../wire/mint.ts'
import type { Agent, AgentCreate, AgentModel, Environment } from '../wire/types.ts'
import { failure } from './failures.ts'
import type { OpenSession, SessionActivities } from './index.ts'

export interface OpenSessionPorts extends Backing {
  readonly agents: AgentStore
  readonly environments: EnvironmentStore
  readonly sessions: SessionStore
  /** Checks an agent's body; throws an `ApiError` that says what is wrong. */
  readonly parseAgent: (body: unknown) => AgentCreate
  /** What new sessions with this model run under. */
  readonly policyFor: (model: string, speed?: AgentModel['speed']) => Policy
}

/** What an agent is called that was given inline without a name. */
const UNNAMED = 'agent'

/**
 * The first activity of a session that a plain Temporal client started: stores the inline agent, inserts the row. Ids
 * follow from the session's, so a second try finds what the first one stored.
 */
export function createOpenSession(ports: OpenSessionPorts): Pick<SessionActivities, 'openSession'> {
  return {
    async openSession(input) {
      try {
        refuseLong(input)
        const { sessions, policyFor } = ports
        const agent = toSessionAgent(await storeAgent(ports, input))
        const environment = await findEnvironment(ports, input)
        const own = configureSession(agent, environment, ports)
        const { metadata } = input
        const read = (id: string) => readEnvironment(ports, input.workspace, id)
        const configured = { ...own, ...(await configureHands(own.recipe, { metadata, environment, read })) }
        const policy = policyIn(policyFor(agent.model.id, agent.model.speed), { ...configured.recipe, ...configured })
        if (input.budget && !policy.accounting?.prices) throw failure('refused', `budget: ${UNPRICED}`)
        const configuration = input.session.replace(/^sesn_/, 'cfg_')
        const now = new Date()
        const row: SessionRow = {
          id: input.session,
          workspaceId: input.workspace,
          environmentId: environment.id,
          configurationId: configuration,
          agentId: agent.id,
          agentVersion: agent.version,
          status: 'idle',
          title: input.title,
          metadata,
          budget: input.budget ?? null,
          createdAt: now,
          updatedAt: now,
          archivedAt: null,
        }
        const { harness } = policy
        await sessions.create(row, { id: configuration, harness, ...configured })
        return {
          entries: [{ type: 'log.configured', configuration, agent_name: agent.name, ...keptOf(policy) }],
          agentName: agent.name,
          policy,
        }
      } catch (error) {
        if (error instanceof SessionBuried) throw failure('deleted', `store: ${error.message}`, error)
        if (error instanceof EnvironmentGone) throw failure('refused', error.message, error)
        if (error instanceof ApiError) throw failure('refused', error.message, error)
        if (isRefusedByStore(error)) throw failure('refused', `store: ${error.message}`, error)
        throw error
      }
    },
  }
}

/** What of a policy readers of the log know too. */
function keptOf({
  accounting,
  takesSystem,
  selfHosted,
  provisioning,
}: Policy): Pick<Policy, 'accounting' | 'takesSystem' | 'selfHosted' | 'provisioning'> {
  return {
    ...(accounting ? { accounting } : {}),
    ...(takesSystem === undefined ? {} : { takesSystem }),
    ...(selfHosted ? { selfHosted } : {}),
    ...(provisioning ? { provisioning } : {}),
  }
}

/** Title and metadata have the limits that they have later: every run of the session carries them. */
function refuseLong({ title, metadata }: Pick<OpenSession, 'title' | 'metadata'>): void {
  const parsed = parseChange({ title, metadata })
  if (!parsed.ok) throw failure('refused', parsed.reason)
  const refusal = refuses(startingState({ metadata }), { type: 'configured', ...parsed.change })
  if (refusal !== null) throw failure('refused', refusal.reason)
}

/** A workspace that is not there, a text that cannot be stored: PostgreSQL's classes 22 and 23. No try helps. */
function isRefusedByStore(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && /^2[23]\d\w{2}$/.test(String(error.code))
}

async function storeAgent({ agents, parseAgent }: OpenSessionPorts, input: OpenSession): Promise<Agent> {
  const id = input.session.replace(/^sesn_/, 'agent_')
  const stored = await agents.read(input.workspace, id)
  if (stored) return stored
  if (input.agent === null) throw failure('refused', 'a session started by hand needs an agent, e.g. {"model": "…"}')
  const body = parseAgent({ name: UNNAMED, ...(typeof input.agent === 'object' ? input.agent : {}) })
  const agent = createAgent(body, { id, now: new Date().toISOString(), lookup: () => undefined })
  await agents.create(input.workspace, agent)
  return agent
}

async function findEnvironment({ environments }: OpenSessionPorts, input: OpenSession): Promise<Environment> {
  if (input.environment !== null) {
    const named = await readEnvironment({ environments }, input.workspace, input.environment)
    if (named.archived_at !== null) throw failure('refused', `the environment ${named.id} is archived`)
    return named
  }
  return environments.ensureDefault(input.workspace, () =>
    createEnvironment({ name: 'default' }, { id: mintId('env'), now: new Date().toISOString() }),
  )
}

async function readEnvironment(
  { environments }: Pick<OpenSessionPorts, 'environments'>,
  workspace: string,
  id: string,
): Promise<Environment> {
  const environment = await environments.read(workspace, id)
  if (!environment) throw failure('refused', `no environment ${id} in workspace ${workspace}`)
  return environment
}
