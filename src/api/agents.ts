import type { FastifyInstance } from 'fastify'
import { createAgent, updateAgent } from '../wire/agents.ts'
import { ApiError } from '../wire/errors.ts'
import { PAGE_SIZES } from '../wire/limits.ts'
import { mintId } from '../wire/mint.ts'
import { decodeCursor, encodeCursor, toPage } from '../wire/pages.ts'
import type { Agent } from '../wire/types.ts'
import type { Submission } from './admission.ts'
import { admit, recall, wasDone } from './admission.ts'
import type { ApiContext, Caller } from './context.ts'
import { createdAtRange, demandWithin, fromCreated, isCreatedPosition } from './created.ts'
import { loadRoster } from './roster.ts'

type ById = { Params: { id: string } }

export function agentRoutes(app: FastifyInstance, context: ApiContext): void {
  const { agents, validator } = context

  app.post('/v1/agents', async (request, reply) => {
    const { body, caller } = request
    const params = validator.parseBody('agents.create', body)
    const lookup = await loadRoster(agents, caller.workspaceId, params.multiagent)
    const build = (id: string): Agent => createAgent(params, { id, now: new Date().toISOString(), lookup })
    const draft = build(mintId('agent'))
    // A request that repeats one is answered with the agent that the first one made.
    const { id: row, ids } = await admit(context, { request, reply, target: 'agents' }, () => [draft.id])
    const created = await agents.create(caller.workspaceId, ids[0] === draft.id ? draft : build(ids[0] ?? ''))
    await context.ingress.accepted(row)
    return created
  })

  app.get('/v1/agents', async ({ query, caller }) => {
    const params = validator.parseQuery('agents.list', query)
    const scope = { workspaceId: caller.workspaceId, resource: 'agents', order: 'desc' } as const
    const limit = params.limit ?? PAGE_SIZES['agents.list'].default
    const position = params.page ? decodeCursor(scope, params.page, isCreatedPosition) : null
    if (position) demandWithin(createdAtRange(params), Date.parse(position[0]))
    const rows = await agents.list(caller.workspaceId, {
      limit: limit + 1,
      ...(position ? { from: fromCreated(position) } : {}),
      includeArchived: params.include_archived === true,
      createdAt: createdAtRange(params),
    })
    return toPage({ rows, limit, cursorAfter: (agent) => encodeCursor(scope, [agent.created_at, agent.id]) })
  })

  app.get<ById>('/v1/agents/:id', async ({ params: { id }, query, caller }) => {
    const { version } = validator.parseQuery('agents.retrieve', query)
    return readAgent(context, caller, { id, version })
  })

  app.post<ById>('/v1/agents/:id', (request, reply) => update(context, { request, reply, target: request.params.id }))

  app.post<ById>('/v1/agents/:id/archive', async ({ params: { id }, caller }) => {
    const agent = await agents.archive(caller.workspaceId, id, new Date())
    return agent ?? missing(id)
  })

  app.get<ById>('/v1/agents/:id/versions', async ({ params: { id }, query, caller }) => {
    const params = validator.parseQuery('agents.versions', query)
    const scope = { workspaceId: caller.workspaceId, resource: `versions/${id}`, order: 'desc' } as const
    const limit = params.limit ?? PAGE_SIZES['agents.versions'].default
    const before = params.page ? decodeCursor(scope, params.page, isVersion) : undefined
    await readAgent(context, caller, { id })
    const rows = await agents.versions(caller.workspaceId, id, {
      limit: limit + 1,
      ...(before === undefined ? {} : { before }),
    })
    return toPage({ rows, limit, cursorAfter: (agent) => encodeCursor(scope, agent.version) })
  })
}

/**
 * Refused before it leaves a row. One that is sent again and was carried out is answered with the agent as it is now:
 * by its row, or, when that was never finished, by the agent's having the next version and all that is asked for.
 */
async function update(context: ApiContext, submission: Submission): Promise<Agent> {
  const { agents, validator, ingress } = context
  const { request, target: id } = submission
  const { body, caller } = request
  const params = validator.parseBody('agents.update', body)
  if (await wasDone(context, submission)) return readAgent(context, caller, { id })
  const lookup = await loadRoster(agents, caller.workspaceId, params.multiagent)
  const isRepeated = (await recall(context, submission)) !== null
  const change = (latest: Agent): Agent => {
    const about = { now: new Date().toISOString(), lookup }
    const { version = 0 } = params
    const isMade =
      isRepeated &&
      latest.version === version + 1 &&
      updateAgent(latest, { ...params, version: latest.version }, about) === latest
    return isMade ? latest : updateAgent(latest, params, about)
  }
  change(await readAgent(context, caller, { id }))
  const { id: row } = await admit(context, submission, () => [])
  const agent = await agents.update(caller.workspaceId, id, change)
  await ingress.accepted(row)
  return agent ?? missing(id)
}

/** @throws ApiError 404, the same for a missing id and for one of another workspace. */
export async function readAgent(
  context: ApiContext,
  caller: Caller,
  { id, version }: { readonly id: string; readonly version?: number | undefined },
): Promise<Agent> {
  const agent = await context.agents.read(caller.workspaceId, id, version)
  return agent ?? missing(version === undefined ? id : `${id} with version ${version}`)
}

function missing(what: string): never {
  throw new ApiError('not_found', `No agent ${what}.`)
}

function isVersion(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1
}
