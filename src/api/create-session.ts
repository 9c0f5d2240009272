import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Parcel } from '../history/blobs.ts'
import { storeParcel } from '../history/blobs.ts'
import { UNPRICED } from '../session/budget.ts'
import { emptyUsage } from '../session/usage.ts'
import { toWireUsage } from '../session/wire-usage.ts'
import type { Configuration, SessionRow } from '../store/sessions.ts'
import { toSessionAgent } from '../wire/agents.ts'
import { configureSession } from '../wire/configure.ts'
import { ApiError } from '../wire/errors.ts'
import { mintId } from '../wire/mint.ts'
import type { Session, SessionAgent, SessionCreate, UserEvent } from '../wire/types.ts'
import { refuseUnsupported, unsupportedInSession } from '../wire/unsupported.ts'
import { refuseUrls } from '../wire/urls.ts'
import type { SessionInput } from '../workflows/messages.ts'
import { admit, markAnswered, packEvents, recall } from './admission.ts'
import { readAgent } from './agents.ts'
import type { ApiContext, Caller } from './context.ts'
import { readEnvironment } from './environments.ts'
import { referToFiles } from './file-sources.ts'
import { toSession } from './session-object.ts'

/**
 * Creates a session: everything is checked first, then configuration and row are written as `creating`, then the
 * workflow starts with the initial events in its first history event. Ids come from the ingress row, so a repeated
 * request is the same session.
 */
export async function createSession(
  context: ApiContext,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<Session> {
  const { caller } = request
  const params = context.validator.parseBody('sessions.create', request.body)
  const submission = { request, reply, target: 'sessions' }
  const earlier = await recall(context, submission)
  const made = earlier && (await readCreated(context, earlier.ids[0] ?? ''))
  if (earlier && made) {
    markAnswered(context.ingress, submission, earlier)
    return made
  }
  // What an earlier try has stored is what the session has, whatever became of its agent since.
  const begun = earlier && (await context.sessions.configuration(earlier.ids[0] ?? ''))
  const { agent, networking } = begun ?? (await resolve(context, caller, params))
  const initial = params.initial_events ?? []
  const over = initial.length > 0 && !begun ? await context.quota.running(caller.workspaceId, null) : null
  if (over) throw over
  const parcel = await referToFiles(context, caller, { parcel: packEvents(initial), field: 'initial_events' })
  const { title = null, metadata = {} } = params
  const { id: row, ids } = await admit(context, submission, () => [
    mintId('sesn'),
    mintId('cfg'),
    ...initial.map(() => mintId('sevt')),
  ])
  const [id = '', configurationId = '', ...eventIds] = ids
  const about = {
    environment: params.environment_id,
    title,
    metadata,
    ...(params.budget ? { budget: params.budget } : {}),
  }
  const configuration = { agent, ...(networking ? { networking } : {}) }
  const created = await start(context, caller, { id, configurationId, configuration, about, parcel, eventIds })
  await context.ingress.accepted(row)
  return created
}

type Configured = Pick<Configuration, 'agent' | 'networking'>

/** What the session is to have of its agent and environment; the rest of what the request names is checked with it. */
async function resolve(context: ApiContext, caller: Caller, params: SessionCreate): Promise<Configured> {
  refuseUnsupported(unsupportedInSession(params))
  if (!context.takesUrls) refuseUrls('initial_events', params.initial_events ?? [])
  const agent = await resolveAgent(context, caller, params.agent)
  if (params.budget && !context.policyFor(agent.model.id, agent.model.speed).accounting?.prices) {
    throw new ApiError('invalid_request', `budget: ${UNPRICED}`, { code: 'model_not_budgetable' })
  }
  const environment = await readEnvironment(context, caller, params.environment_id)
  if (environment.archived_at !== null) {
    throw new ApiError('invalid_request', `environment_id: ${environment.id} is archived`, {
      code: 'environment_archived',
    })
  }
  return configureSession(agent, environment, context)
}

interface NewSession {
  readonly id: string
  readonly configurationId: string
  readonly configuration: Configured
  readonly about: Required<Pick<SessionInput, 'environment' | 'title' | 'metadata'>> & Pick<SessionInput, 'budget'>
  readonly parcel: Parcel<UserEvent>
  readonly eventIds: readonly string[]
}

/** Writes the row, then starts the workflow: a row without a workflow can be found and given up, the reverse cannot. */
async function start(
  context: ApiContext,
  { workspaceId: workspace, keyId: by }: Caller,
  { id, configurationId, configuration: configured, about, parcel, eventIds }: NewSession,
): Promise<Session> {
  const { sessions, blobs, workflows, policyFor } = context
  const { environment, title, metadata } = about
  const { agent } = configured
  const now = new Date()
  const row: SessionRow = {
    id,
    workspaceId: workspace,
    environmentId: environment,
    configurationId,
    agentId: agent.id,
    agentVersion: agent.version,
    status: 'creating',
    title,
    metadata,
    budget: about.budget ?? null,
    createdAt: now,
    updatedAt: now,
    archivedAt: null,
  }
  const { harness } = policyFor(agent.model.id)
  await sessions.create(row, { id: configurationId, ...configured, harness })
  // Of two tries at once one is stored.
  const stored = (await sessions.configuration(id)) ?? gone(id)
  await storeParcel(blobs, id, parcel)
  const { elements, ...beside } = parcel.kept
  const events = elements.map((event, index) => ({ ...event, id: eventIds[index] }))
  const { name } = stored.agent
  const configuration = {
    id: configurationId,
    agentName: name,
    policy: policyFor(stored.agent.model.id, stored.agent.model.speed),
  }
  const said = events.length > 0 ? { events, ...beside, by } : {}
  await workflows.start(id, { workspace, configuration, ...about, ...said }, title ?? name)
  const status = events.length > 0 ? 'running' : 'idle'
  await sessions.hint([{ id, run: 1, length: 1, status }])
  const created = (await sessions.find(id)) ?? gone(id)
  return { ...toNewSession(context, created, stored), status }
}

function gone(id: string): never {
  throw new ApiError('not_found', `The session ${id} was deleted while it was created.`)
}

/** The session as its row says, or null while its workflow was never started, and when it was deleted. */
async function readCreated(context: ApiContext, id: string): Promise<Session | null> {
  const { sessions } = context
  const [row, configuration] = await Promise.all([sessions.find(id), sessions.configuration(id)])
  return row && configuration && row.status !== 'creating' ? toNewSession(context, row, configuration) : null
}

/** A session that has used nothing yet, whatever it was told to do. */
function toNewSession({ policyFor }: ApiContext, row: SessionRow, configuration: Configuration): Session {
  const { accounting } = policyFor(configuration.agent.model.id, configuration.agent.model.speed)
  const usage = toWireUsage({ usage: emptyUsage(), ...(accounting ? { accounting } : {}) })
  const session = toSession(row, configuration, null)
  // Not when the row was written last: no later answer may say less.
  return { ...session, updated_at: session.created_at, usage, stats: { active_seconds: 0, ...session.stats } }
}

async function resolveAgent(context: ApiContext, caller: Caller, agent: SessionCreate['agent']): Promise<SessionAgent> {
  const reference = typeof agent === 'string' ? { id: agent } : agent
  const version = 'version' in reference ? (reference.version ?? undefined) : undefined
  const stored = await readAgent(context, caller, { id: reference.id, version })
  if (stored.archived_at !== null) throw new ApiError('invalid_request', `agent: ${stored.id} is archived`)
  return toSessionAgent(
    stored,
    'type' in reference && reference.type === 'agent_with_overrides' ? reference : undefined,
  )
}
