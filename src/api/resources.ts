import type { FastifyInstance } from 'fastify'
import { refuses } from '../session/settle.ts'
import type { LogState } from '../session/state.ts'
import type { ResourceRow } from '../store/session-resources.ts'
import type { SessionRow } from '../store/sessions.ts'
import { ApiError } from '../wire/errors.ts'
import type { CursorPage } from '../wire/pages.ts'
import { decodeCursor, encodeCursor, toPage } from '../wire/pages.ts'
import type { ResourceUpdate, SessionResource } from '../wire/types.ts'
import { addResource } from './add-resource.ts'
import type { ApiContext, Caller } from './context.ts'
import { readLog, readRow } from './read-log.ts'
import { readResources, sealToken, showResource } from './session-resources.ts'
import { demand, demandDone } from './session-update.ts'

/**
 * Lists of sessions know the index alone. What the log does not have by then, whoever looks for it here takes out of
 * that, as the sweeper does of what it knows to be unsettled: no update is on its way for so long.
 */
const LOST_MS = 3_600_000

type ById = { Params: { id: string } }
type OfResource = { Params: { id: string; resource: string } }

export function resourceRoutes(app: FastifyInstance, context: ApiContext): void {
  app.get<ById>('/v1/sessions/:id/resources', ({ params: { id }, query, caller }) =>
    listResources(context, { id, query, caller }),
  )

  app.post<ById>('/v1/sessions/:id/resources', (request, reply) => addResource(context, request, reply))

  app.get<OfResource>('/v1/sessions/:id/resources/:resource', async ({ params, caller }) =>
    showResource((await find(context, caller, params)).found),
  )

  app.post<OfResource>('/v1/sessions/:id/resources/:resource', async ({ params, body, caller }) => {
    const update = context.validator.parseBody('resources.update', body)
    return rotate(context, await find(context, caller, params), update)
  })

  app.delete<OfResource>('/v1/sessions/:id/resources/:resource', async ({ params, caller }) => {
    const { state, found } = await find(context, caller, params)
    const { id, type } = found.resource
    if (type !== 'file') throw new ApiError('invalid_request', `${id} is a ${type}: only files can be removed`)
    demand(refuses(state, { type: 'configured' }))
    await context.resources.removing(params.id, id)
    // The same update for everybody who wants it: it comes true once.
    const verdict = await context.workflows.configure(params.id, { resources: { remove: id } }, `remove-${id}`)
    if (verdict.refused === null) await context.resources.remove(params.id, id)
    else await context.resources.settle(params.id, id)
    demandDone(verdict)
    return { id, type: 'session_resource_deleted' }
  })
}

/** All in one page where no number is named. */
async function listResources(
  context: ApiContext,
  { id, query, caller }: { readonly id: string; readonly query: unknown; readonly caller: Caller },
): Promise<CursorPage<SessionResource>> {
  const { limit = Number.MAX_SAFE_INTEGER, page } = context.validator.parseQuery('resources.list', query)
  const row = await readRow(context, caller, id)
  const { state } = await readLog(context, row)
  await removeLost(context, id, state)
  const all = await readResources(context, id, state)
  const scope = { workspaceId: caller.workspaceId, resource: `resources/${id}`, order: 'asc' } as const
  const position = page ? decodeCursor(scope, page, isPosition) : null
  const rows = all.slice(position === null ? 0 : placeBehind(all, position))
  const cursorAfter = (last: ResourceRow): string => encodeCursor(scope, [all.indexOf(last), last.resource.id])
  const { data, next_page } = toPage({ rows, limit, cursorAfter })
  return { data: data.map(showResource), next_page }
}

/** The last one of a page, and where it stood: it may be removed before the next page is read. */
type Position = readonly [index: number, id: string]

function placeBehind(rows: readonly ResourceRow[], [index, id]: Position): number {
  const at = rows.findIndex(({ resource }) => resource.id === id)
  return at < 0 ? index : at + 1
}

function isPosition(value: unknown): value is Position {
  if (!Array.isArray(value) || value.length !== 2) return false
  const [index, id]: unknown[] = value
  return Number.isSafeInteger(index) && Number(index) >= 0 && typeof id === 'string'
}

interface Found {
  readonly session: SessionRow
  readonly state: LogState
  readonly found: ResourceRow
}

/** @throws ApiError 404 for one that the session has not, or has no more. */
async function find(context: ApiContext, caller: Caller, { id, resource }: OfResource['Params']): Promise<Found> {
  const session = await readRow(context, caller, id)
  const { state } = await readLog(context, session)
  const found = (await readResources(context, id, state)).find((row) => row.resource.id === resource)
  if (!found) {
    await removeLost(context, id, state)
    throw new ApiError('not_found', `No resource ${resource} in session ${id}.`)
  }
  return { session, state, found }
}

function removeLost({ resources }: ApiContext, session: string, { resources: known = [] }: LogState): Promise<void> {
  return resources.removeDead(session, { known, ms: LOST_MS })
}

/** Another token for a repository: the next request of git goes with it, in the sandbox that there is. */
async function rotate(
  context: ApiContext,
  { session, state, found }: Found,
  { authorization_token: token }: ResourceUpdate,
): Promise<SessionResource> {
  const { id, type } = found.resource
  if (type !== 'github_repository') {
    throw new ApiError('invalid_request', `${id} is a ${type}: only github_repository resources have a token to change`)
  }
  demand(refuses(state, { type: 'configured' }))
  await sealToken(context, session, { resource: id, token })
  const updatedAt = (await context.resources.touch(session.id, id)) ?? found.updatedAt
  // Who misses this looks by itself.
  await Promise.allSettled([context.announceResources(session.id)])
  return showResource({ ...found, updatedAt })
}
