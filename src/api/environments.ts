import type { FastifyInstance } from 'fastify'
import { NameTaken } from '../store/environments.ts'
import { createEnvironment, updateEnvironment } from '../wire/environments.ts'
import { ApiError } from '../wire/errors.ts'
import { PAGE_SIZES } from '../wire/limits.ts'
import { mintId } from '../wire/mint.ts'
import { decodeCursor, encodeCursor, toPage } from '../wire/pages.ts'
import type { Environment } from '../wire/types.ts'
import { admit, markAnswered, recall, wasDone } from './admission.ts'
import type { ApiContext, Caller } from './context.ts'
import { fromCreated, isCreatedPosition } from './created.ts'

type ById = { Params: { id: string } }

export function environmentRoutes(app: FastifyInstance, context: ApiContext): void {
  const { environments, validator } = context

  app.post('/v1/environments', async (request, reply) => {
    const { body, caller } = request
    const params = validator.parseBody('environments.create', body)
    const draft = createEnvironment(params, { id: mintId('env'), now: new Date().toISOString() })
    // A request that repeats one is answered with the environment that the first one made, unless that was deleted.
    const submission = { request, reply, target: 'environments' }
    const earlier = await recall(context, submission)
    if (earlier && earlier.state !== 'begun') {
      markAnswered(context.ingress, submission, earlier)
      return readEnvironment(context, caller, earlier.ids[0] ?? '')
    }
    await demandFreeName(context, caller, { name: draft.name, id: earlier?.ids[0] ?? draft.id })
    const { id: row, ids } = await admit(context, submission, () => [draft.id])
    const created = environments.create(caller.workspaceId, { ...draft, id: ids[0] ?? draft.id })
    const environment = await refusingTakenName(created)
    await context.ingress.accepted(row)
    return environment
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

  app.get<ById>('/v1/environments/:id', ({ params: { id }, caller }) => readEnvironment(context, caller, id))

  app.post<ById>('/v1/environments/:id', async (request, reply) => {
    const {
      params: { id },
      body,
      caller,
    } = request
    const params = validator.parseBody('environments.update', body)
    const submission = { request, reply, target: id }
    if (await wasDone(context, submission)) return readEnvironment(context, caller, id)
    const change = (stored: Environment): Environment => updateEnvironment(stored, params, new Date().toISOString())
    const changed = change(await readEnvironment(context, caller, id))
    if (changed.archived_at === null) await demandFreeName(context, caller, changed)
    const { id: row } = await admit(context, submission, () => [])
    const updated = await refusingTakenName(environments.update(caller.workspaceId, id, change))
    await context.ingress.accepted(row)
    return updated ?? missing(id)
  })

  app.post<ById>('/v1/environments/:id/archive', async ({ params: { id }, caller }) => {
    const environment = await environments.archive(caller.workspaceId, id, new Date())
    return environment ?? missing(id)
  })

  app.delete<ById>('/v1/environments/:id', async ({ params: { id }, caller }) => {
    const outcome = await environments.delete(caller.workspaceId, id)
    if (outcome === 'missing') return missing(id)
    if (outcome === 'deleted') return { id, type: 'environment_deleted' }
    const message = `${id} is the environment of sessions, archived ones included; delete them first, or archive it`
    throw new ApiError('invalid_request', message, { code: 'environment_in_use' })
  })
}

/** @throws ApiError 404, the same for a missing id and for one of another workspace. */
export async function readEnvironment(context: ApiContext, caller: Caller, id: string): Promise<Environment> {
  const environment = await context.environments.read(caller.workspaceId, id)
  return environment ?? missing(id)
}

/**
 * Refused before it leaves a row; of two that want one name at once the second is refused behind its row.
 * @throws ApiError 409 when another live environment of the workspace has the name.
 */
async function demandFreeName(
  { environments }: ApiContext,
  { workspaceId }: Caller,
  { name, id }: Pick<Environment, 'name' | 'id'>,
): Promise<void> {
  const named = await environments.findNamed(workspaceId, name)
  if (named && named.id !== id) throw toConflict(new NameTaken(name))
}

function missing(id: string): never {
  throw new ApiError('not_found', `No environment ${id}.`)
}

async function refusingTakenName<T>(write: Promise<T>): Promise<T> {
  try {
    return await write
  } catch (error) {
    throw error instanceof NameTaken ? toConflict(error) : error
  }
}

function toConflict(error: NameTaken): ApiError {
  return new ApiError('conflict', `name: ${error.message}`, { cause: error })
}
