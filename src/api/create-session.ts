import type { FastifyReply, FastifyRequest } from 'fastify'
import type { SessionRow } from '../store/sessions.ts'
import { toSessionAgent } from '../wire/agents.ts'
import { ApiError } from '../wire/errors.ts'
import { mintId } from '../wire/mint.ts'
import type { Session, SessionAgent, SessionCreate } from '../wire/types.ts'
import {
  refuseUnsupported,
  unsupportedInAgent,
  unsupportedInEnvironment,
  unsupportedInSession,
} from '../wire/unsupported.ts'
import { admit, refuseOversize } from './admission.ts'
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
  refuseOversize(initial)
  const { ids } = await admit(context, { request, reply, target: 'sessions' }, () => [
    mintId('sesn'),
    mintId('cfg'),
    ...initial.map(() => mintId('sevt')),
  ])
  const [id = '', configurationId = '', ...eventIds] = ids
  const now = new Date()
  const row: SessionRow = {
    id,
    workspaceId: caller.workspaceId,
    environmentId: environment.id,
    configurationId,
    agentId: agent.id,
    agentVersion: agent.version,
    status: 'creating',
    title: params.title ?? null,
    metadata: params.metadata ?? {},
    createdAt: now,
    updatedAt: now,
    archivedAt: null,
  }
  const { policy } = context
  await context.sessions.create(row, { id: configurationId, agent, harness: policy.harness })
  const events = initial.map((event, index) => ({ ...event, id: eventIds[index] }))
  await context.workflows.start(
    id,
    {
      workspace: caller.workspaceId,
      configuration: { id: configurationId, agentName: agent.name, policy },
      environment: environment.id,
      title: row.title,
      metadata: row.metadata,
      ...(events.length > 0 ? { events, by: caller.keyId } : {}),
    },
    row.title ?? agent.name,
  )
  const status = events.length > 0 ? 'running' : 'idle'
  await context.sessions.hint([{ id, run: 1, length: 1, status }])
  // A repeated request is answered with the session that the first one made.
  const [stored, configuration] = await Promise.all([context.sessions.find(id), context.sessions.configuration(id)])
  return toSession({ ...(stored ?? row), status }, configuration ?? { agent }, null)
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
