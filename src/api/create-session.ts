import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Parcel } from '../history/blobs.ts'
import { storeParcel } from '../history/blobs.ts'
import type { SessionRow, SessionStore } from '../store/sessions.ts'
import { toSessionAgent } from '../wire/agents.ts'
import { ApiError } from '../wire/errors.ts'
import { mintId } from '../wire/mint.ts'
import type { Session, SessionAgent, SessionCreate, UserEvent } from '../wire/types.ts'
import {
  refuseUnsupported,
  unsupportedInAgent,
  unsupportedInEnvironment,
  unsupportedInSession,
} from '../wire/unsupported.ts'
import { admit, markAnswered, packEvents, recall } from './admission.ts'
import { readAgent } from './agents.ts'
import type { ApiContext, Caller } from './context.ts'
import { readEnvironment } from './environments.ts'
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
  const made = earlier && (await readCreated(context.sessions, earlier.ids[0] ?? ''))
  if (earlier && made) {
    markAnswered(context.ingress, submission, earlier)
    return made
  }
  refuseUnsupported(unsupportedInSession(params))
  const agent = await resolveAgent(context, caller, params.agent)
  refuseUnsupported(unsupportedInAgent(agent))
  const environment = await readEnvironment(context, caller, params.environment_id)
  if (environment.archived_at !== null) {
    throw new ApiError('invalid_request', `environment_id: ${environment.id} is archived`, {
      code: 'environment_archived',
    })
  }
  refuseUnsupported(unsupportedInEnvironment(environment))

  const initial = params.initial_events ?? []
  const parcel = packEvents(initial)
  const over = initial.length > 0 ? await context.quota.running(caller.workspaceId, null) : null
  if (over) throw over
  const { title = null, metadata = {} } = params
  const { id: row, ids } = await admit(context, submission, () => [
    mintId('sesn'),
    mintId('cfg'),
    ...initial.map(() => mintId('sevt')),
  ])
  const [id = '', configurationId = '', ...eventIds] = ids
  const session = { id, configurationId, agent, environment: environment.id, title, metadata, parcel, eventIds }
  const created = await start(context, caller, session)
  await context.ingress.accepted(row)
  return created
}

interface NewSession {
  readonly id: string
  readonly configurationId: string
  readonly agent: SessionAgent
  readonly environment: string
  readonly title: string | null
  readonly metadata: Readonly<Record<string, string>>
  readonly parcel: Parcel<UserEvent>
  readonly eventIds: readonly string[]
}

/** Writes the row, then starts the workflow: a row without a workflow can be found and given up, the reverse cannot. */
async function start(
  { sessions, blobs, workflows, policyFor }: ApiContext,
  { workspaceId: workspace, keyId: by }: Caller,
  { id, configurationId, agent, environment, title, metadata, parcel, eventIds }: NewSession,
): Promise<Session> {
  const now = new Date()
  const policy = policyFor(agent.model.id)
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
    createdAt: now,
    updatedAt: now,
    archivedAt: null,
  }
  await sessions.create(row, { id: configurationId, agent, harness: policy.harness })
  await storeParcel(blobs, id, parcel)
  const { elements, ...beside } = parcel.kept
  const events = elements.map((event, index) => ({ ...event, id: eventIds[index] }))
  const configuration = { id: configurationId, agentName: agent.name, policy }
  const said = events.length > 0 ? { events, ...beside, by } : {}
  await workflows.start(id, { workspace, configuration, environment, title, metadata, ...said }, title ?? agent.name)
  const status = events.length > 0 ? 'running' : 'idle'
  await sessions.hint([{ id, run: 1, length: 1, status }])
  const created = await readCreated(sessions, id)
  if (created) return { ...created, status }
  throw new ApiError('not_found', `The session ${id} was deleted while it was created.`)
}

/** The session as its row says, or null while its workflow was never started, and when it was deleted. */
async function readCreated(sessions: SessionStore, id: string): Promise<Session | null> {
  const [row, configuration] = await Promise.all([sessions.find(id), sessions.configuration(id)])
  return row && configuration && row.status !== 'creating' ? toSession(row, configuration, null) : null
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
