import type { FastifyInstance } from 'fastify'
import { createAgent, updateAgent } from '../wire/agents.ts'
import { ApiError } from '../wire/errors.ts'
import { PAGE_SIZES } from '../wire/limits.ts'
import { mintId } from '../wire/mint.ts'
import { decodeCursor, encodeCursor, toPage } from '../wire/pages.ts'
import type { Agent } from '../wire/types.ts'
import type { ApiContext, Caller } from './context.ts'
import { createdAtRange, demandWithin, fromCreated, isCreatedPosition } from './created.ts'
import { loadRoster } from './roster.ts'

type ById = { Params: { id: string } }

export function agentRoutes(app: FastifyInstance, context: ApiContext): void {
  const { agents, validator } = context

  app.post('/v1/agents', async ({ body, caller }) => {
    const params = validator.parseBody('agents.create', body)
    const lookup = await loadRoster(agents, caller.workspaceId, params.multiagent)
    const agent = createAgent(params, { id: mintId('agent'), now: new Date().toISOString(), lookup })
    await agents.create(caller.workspaceId, agent)
    return agent
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

  app.post<ById>('/v1/agents/:id', async ({ params: { id }, body, caller }) => {
    const params = validator.parseBody('agents.update', body)
    const stored = await readAgent(context, caller, { id })
    const lookup = await loadRoster(agents, caller.workspaceId, params.multiagent)
    const next = updateAgent(stored, params, { now: new Date().toISOString(), lookup })
    if (next === stored) return stored
    if (await agents.update(caller.workspaceId, stored.version, next)) return next
    throw new ApiError('conflict', `${id} was changed by somebody else meanwhile; read it again`)
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

/** @throws ApiError 404, the same for a missing id and for one of another workspace. */
export async function readAgent(
  context: ApiContext,
  caller: Caller,
  { id, version }: { readonly id: string; readonly version?: number | undefined },
): Promise<Agent> {
  const agent = await context.agents.read(caller.workspaceId, id, version)
  if (!agent)
    throw new ApiError('not_found', `No agent ${id}${version === undefined ? '' : ` with version ${version}`}.`)
  return agent
}

function isVersion(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1
}
