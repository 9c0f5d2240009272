import type { FastifyInstance } from 'fastify'
import { refuses } from '../session/settle.ts'
import { ApiError } from '../wire/errors.ts'
import { PAGE_SIZES } from '../wire/limits.ts'
import { patchMetadata } from '../wire/metadata.ts'
import { decodeCursor, encodeCursor, toBidirectionalPage } from '../wire/pages.ts'
import type { Session } from '../wire/types.ts'
import { refuseUnsupported, unsupportedInUpdate } from '../wire/unsupported.ts'
import { admit } from './admission.ts'
import type { ApiContext, Caller } from './context.ts'
import { createSession } from './create-session.ts'
import type { CreatedPosition } from './created.ts'
import { createdAtRange, demandWithin, fromCreated, isCreatedPosition } from './created.ts'
import { readLog, readRow } from './read-log.ts'
import { presentStatus, toSession } from './session-object.ts'

type ById = { Params: { id: string } }

export function sessionRoutes(app: FastifyInstance, context: ApiContext): void {
  app.post('/v1/sessions', (request, reply) => createSession(context, request, reply))
  app.get('/v1/sessions', ({ query, caller }) => listSessions(context, query, caller))
  app.get<ById>('/v1/sessions/:id', ({ params: { id }, caller }) => retrieve(context, caller, id))

  app.post<ById>('/v1/sessions/:id', async (request, reply) => {
    const {
      params: { id },
      caller,
    } = request
    const { title, metadata, ...rest } = context.validator.parseBody('sessions.update', request.body)
    refuseUnsupported(unsupportedInUpdate(rest))
    const { state } = await readLog(context, await readRow(context, caller, id))
    // The workflow applies the patch, so that two at once both count; here it is only checked.
    patchMetadata(state.metadata, metadata)
    const change = { ...(title === undefined ? {} : { title }), ...(metadata ? { metadata } : {}) }
    demand(refuses(state, { type: 'configured', ...change }))
    const { id: updateId } = await admit(context, { request, reply, target: id }, () => [])
    demand((await context.workflows.configure(id, change, updateId)).refused)
    return retrieve(context, caller, id)
  })

  app.post<ById>('/v1/sessions/:id/archive', async (request, reply) => {
    const {
      params: { id },
      caller,
    } = request
    const { state } = await readLog(context, await readRow(context, caller, id))
    if (state.status !== 'terminated') {
      const { id: updateId } = await admit(context, { request, reply, target: id }, () => [])
      demand((await context.workflows.archive(id, updateId)).refused)
    }
    return retrieve(context, caller, id)
  })

  app.delete<ById>('/v1/sessions/:id', async ({ params: { id }, caller }) => {
    const { state } = await readLog(context, await readRow(context, caller, id))
    const status = presentStatus(state)
    if (status === 'running' || status === 'rescheduling') {
      throw new ApiError(
        'invalid_request',
        `The session is ${status}; interrupt it and wait until it is idle before deleting it.`,
      )
    }
    if (!(await context.sessions.bury(caller.workspaceId, id))) throw new ApiError('not_found', `No session ${id}.`)
    // The tombstone stands: what follows is finished by the sweeper should this process die.
    await context.workflows.terminate(id)
    await context.announceDeleted(id)
    return { id, type: 'session_deleted' }
  })
}

/** Reading a session folds its log and mends its row. */
async function retrieve(context: ApiContext, caller: Caller, id: string): Promise<Session> {
  const row = await readRow(context, caller, id)
  const [view, configuration] = await Promise.all([readLog(context, row), context.sessions.configuration(id)])
  if (!configuration) throw new ApiError('not_found', `No session ${id}.`)
  const { title, metadata } = view.state
  const status = presentStatus(view.state)
  const archivedAt = view.archivedAt === null ? null : new Date(view.archivedAt)
  await context.sessions.repair(id, { status, title, metadata, archivedAt })
  return toSession(row, configuration, view)
}

/** A position, and whether the page is the one that ends before it. */
type ListPosition = readonly [position: CreatedPosition, isBackward: boolean]

async function listSessions({ validator, sessions }: ApiContext, query: unknown, caller: Caller): Promise<object> {
  const params = validator.parseQuery('sessions.list', query)
  const order = params.order ?? 'desc'
  const limit = params.limit ?? PAGE_SIZES['sessions.list'].default
  const scope = { workspaceId: caller.workspaceId, resource: 'sessions', order }
  if (params.deployment_id !== undefined || params.memory_store_id !== undefined) {
    // Nothing here has made a session from a deployment or with a memory store yet.
    return { data: [], next_page: null, prev_page: null }
  }
  const [position, isBackward] = params.page ? decodeCursor(scope, params.page, isListPosition) : [null, false]
  if (position) demandWithin(createdAtRange(params), Date.parse(position[0]))
  const rows = await sessions.list(caller.workspaceId, {
    limit: limit + 1,
    order,
    backward: isBackward,
    ...(position ? { from: fromCreated(position) } : {}),
    ...(params.agent_id === undefined ? {} : { agentId: params.agent_id }),
    ...(params.agent_version === undefined ? {} : { agentVersion: params.agent_version }),
    ...(params['statuses[]'] ? { statuses: params['statuses[]'] } : {}),
    includeArchived: params.include_archived === true,
    createdAt: createdAtRange(params),
  })
  const page = toBidirectionalPage({
    rows,
    limit,
    hasCursor: position !== null,
    isBackward,
    cursorAfter: (row) => encodeCursor(scope, [[row.createdAt.toISOString(), row.id], false]),
    cursorBefore: (row) => encodeCursor(scope, [[row.createdAt.toISOString(), row.id], true]),
  })
  const data = await Promise.all(
    page.data.map(async (row) => {
      const configuration = await sessions.configuration(row.id)
      return configuration ? [toSession(row, configuration, null)] : []
    }),
  )
  return { ...page, data: data.flat() }
}

function isListPosition(value: unknown): value is ListPosition {
  return Array.isArray(value) && value.length === 2 && isCreatedPosition(value[0]) && typeof value[1] === 'boolean'
}

function demand(refused: string | null): void {
  if (refused !== null) throw new ApiError('invalid_request', refused)
}
