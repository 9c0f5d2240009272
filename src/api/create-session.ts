import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Parcel } from '../history/blobs.ts'
import { storeParcel } from '../history/blobs.ts'
import { UNPRICED } from '../session/budget.ts'
import { policyIn } from '../session/policy.ts'
import { emptyUsage } from '../session/usage.ts'
import { toWireUsage } from '../session/wire-usage.ts'
import type { Configuration, SessionRow } from '../store/sessions.ts'
import { toSessionAgent } from '../wire/agents.ts'
import { configureSession } from '../wire/configure.ts'
import { ApiError } from '../wire/errors.ts'
import { mintId } from '../wire/mint.ts'
import { refuseUnoffered } from '../wire/offers.ts'
import { HAND_KEY, configureHands } from '../wire/session-hands.ts'
import type { Session, SessionAgent, SessionCreate, UserEvent } from '../wire/types.ts'
import { refusalOfSelfHosted } from '../wire/resources.ts'
import { refuseUnsupported, unsupportedInSession } from '../wire/unsupported.ts'
import { refuseUrls } from '../wire/urls.ts'
import type { SessionInput } from '../workflows/messages.ts'
import { admit, markAnswered, packEvents, recall } from './admission.ts'
import { readAgent } from './agents.ts'
import type { ApiContext, Caller } from './context.ts'
import { readEnvironment } from './environments.ts'
import { referToFiles } from './file-sources.ts'
import { toSession } from './session-object.ts'
import type { Wanted } from './session-resources.ts'
import { judgeResources, showResource, storeResources, toMounts, toWanted } from './session-resources.ts'

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
  const minted = mintResources(params)
  const { agent, networking, selfHosted, recipe } = begun ?? (await resolve(context, caller, { params, minted }))
  const initial = params.initial_events ?? []
  const over = initial.length > 0 && !begun ? await context.quota.running(caller.workspaceId, null) : null
  if (over) throw over
  const parcel = await referToFiles(context, caller, { parcel: packEvents(initial), field: 'initial_events' })
  const { title = null, metadata = {} } = params
  const { id: row, ids } = await admit(context, submission, () => [
    mintId('sesn'),
    mintId('cfg'),
    ...initial.map(() => mintId('sevt')),
    ...minted,
  ])
  const [id = '', configurationId = '', ...others] = ids
  const wanted = toWanted(params, others.slice(initial.length))
  const about = {
    environment: params.environment_id,
    title,
    metadata,
    ...(params.budget ? { budget: params.budget } : {}),
  }
  const configuration = {
    agent,
    ...(networking ? { networking } : {}),
    ...(selfHosted ? { selfHosted } : {}),
    ...(recipe || wanted.length > 0 ? { recipe: { ...recipe, ...toMounts(context, wanted) } } : {}),
  }
  const eventIds = others.slice(0, initial.length)
  const created = await start(context, caller, { id, configurationId, configuration, about, parcel, eventIds, wanted })
  await context.ingress.accepted(row)
  return created
}

/** An id for each resource, in the order of the request, which is how the index orders them; behind it one for a copy. */
function mintResources({ resources = [] }: SessionCreate): readonly string[] {
  const ids = resources.map(() => mintId('sesrsc')).toSorted()
  return ids.flatMap((id) => [id, mintId('file')])
}

type Configured = Pick<Configuration, 'agent' | 'networking' | 'selfHosted' | 'recipe'>

/** What the session is to have of its agent and environment; the rest of what the request names is checked with it. */
async function resolve(
  context: ApiContext,
  caller: Caller,
  { params, minted }: { readonly params: SessionCreate; readonly minted: readonly string[] },
): Promise<Configured> {
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
  const own = configureSession(agent, environment, context)
  const { metadata = {} } = params
  const read = (id: string) => readEnvironment(context, caller, id)
  const configured: Configured = { ...own, ...(await configureHands(own.recipe, { metadata, environment, read })) }
  await refuseUnmade(context, configured.recipe)
  const wanted = toWanted(params, minted)
  if (configured.selfHosted && wanted.length > 0) throw refusalOfSelfHosted(environment.id)
  await judgeResources(context, caller, wanted)
  return configured
}

/** @throws ApiError 400 for sandboxes that no host can make. */
async function refuseUnmade({ hosts }: ApiContext, recipe: Configured['recipe']): Promise<void> {
  if (!recipe) return
  const offers = await hosts.offers()
  refuseUnoffered(recipe, offers)
  for (const [name, hand] of Object.entries(recipe.hands ?? {}))
    refuseUnoffered(hand, offers, `metadata: ${HAND_KEY}${name}`)
}

interface NewSession {
  readonly id: string
  readonly configurationId: string
  readonly configuration: Configured
  readonly about: Required<Pick<SessionInput, 'environment' | 'title' | 'metadata'>> & Pick<SessionInput, 'budget'>
  readonly parcel: Parcel<UserEvent>
  readonly eventIds: readonly string[]
  readonly wanted: readonly Wanted[]
}

/** Writes the row, then starts the workflow: a row without a workflow can be found and given up, the reverse cannot. */
async function start(
  context: ApiContext,
  { workspaceId: workspace, keyId: by }: Caller,
  { id, configurationId, configuration: configured, about, parcel, eventIds, wanted }: NewSession,
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
  const resources = await storeResources(context, row, wanted)
  const { elements, ...beside } = parcel.kept
  const events = elements.map((event, index) => ({ ...event, id: eventIds[index] }))
  const { name } = stored.agent
  const configuration = {
    id: configurationId,
    agentName: name,
    policy: policyIn(policyFor(stored.agent.model.id, stored.agent.model.speed), { ...stored.recipe, ...stored }),
  }
  const said = {
    ...(events.length > 0 ? { events, ...beside, by } : {}),
    ...(resources.length > 0 ? { resources: resources.map(({ resource }) => resource) } : {}),
  }
  await workflows.start(id, { workspace, configuration, ...about, ...said }, title ?? name)
  const status = events.length > 0 ? 'running' : 'idle'
  await sessions.hint([{ id, run: 1, length: 1, status }])
  const created = (await sessions.find(id)) ?? gone(id)
  return { ...toNewSession(context, created, { ...stored, resources: resources.map(showResource) }), status }
}

function gone(id: string): never {
  throw new ApiError('not_found', `The session ${id} was deleted while it was created.`)
}

/** The session as its row says, or null while its workflow was never started, and when it was deleted. */
async function readCreated(context: ApiContext, id: string): Promise<Session | null> {
  const { sessions, resources } = context
  const [row, configuration] = await Promise.all([sessions.find(id), sessions.configuration(id)])
  if (!row || !configuration || row.status === 'creating') return null
  const listed = (await resources.listed([id])).get(id) ?? []
  return toNewSession(context, row, { ...configuration, resources: listed.map(showResource) })
}

/** A session that has used nothing yet, whatever it was told to do. */
function toNewSession(
  { policyFor }: ApiContext,
  row: SessionRow,
  configuration: Configuration & Pick<Session, 'resources'>,
): Session {
  const { accounting } = policyFor(configuration.agent.model.id, configuration.agent.model.speed)
  const usage = toWireUsage({ usage: emptyUsage(), ...(accounting ? { accounting } : {}) })
  const session = toSession(row, configuration, null)
  // Not when the row was written last: no later answer may say less.
  return { ...session, updated_at: session.created_at, usage, stats: { ...session.stats, active_seconds: 0 } }
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
