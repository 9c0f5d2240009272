import type { FastifyInstance } from 'fastify'
import { createEnvironment } from '../wire/environments.ts'
import { ApiError } from '../wire/errors.ts'
import { PAGE_SIZES } from '../wire/limits.ts'
import { mintId } from '../wire/mint.ts'
import { decodeCursor, encodeCursor, toPage } from '../wire/pages.ts'
import type { Environment } from '../wire/types.ts'
import type { ApiContext, Caller } from './context.ts'
import { fromCreated, isCreatedPosition } from './created.ts'

export function environmentRoutes(app: FastifyInstance, context: ApiContext): void {
  const { environments, validator } = context

  app.post('/v1/environments', async ({ body, caller }) => {
    const params = validator.parseBody('environments.create', body)
    const environment = createEnvironment(params, { id: mintId('env'), now: new Date().toISOString() })
    if (await environments.create(caller.workspaceId, environment)) return environment
    throw new ApiError('conflict', `name: an environment named "${params.name}" exists already`)
  })

  app.get('/v1/environments', async ({ query, caller }) => {
    const params = validator.parseQuery('environments.list', query)
    const scope = { workspaceId: caller.workspaceId, resource: 'environments', order: 'desc' } as const
    const limit = params.limit ?? PAGE_SIZES['environments.list'].default
    const rows = await environments.list(caller.workspaceId, {
      limit: limit + 1,
      ...(params.page ? { from: fromCreated(decodeCursor(scope, params.page, isCreatedPosition)) } : {}),
      includeArchived: params.include_archived === true,
    })
    return toPage({ rows, limit, cursorAfter: ({ created_at, id }) => encodeCursor(scope, [created_at, id]) })
  })

  app.get<{ Params: { id: string } }>('/v1/environments/:id', ({ params: { id }, caller }) =>
    readEnvironment(context, caller, id),
  )
}

/** @throws ApiError 404, the same for a missing id and for one of another workspace. */
export async function readEnvironment(context: ApiContext, caller: Caller, id: string): Promise<Environment> {
  const environment = await context.environments.read(caller.workspaceId, id)
  if (!environment) throw new ApiError('not_found', `No environment ${id}.`)
  return environment
}
