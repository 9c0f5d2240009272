import { PAGE_SIZES } from '../wire/limits.ts'
import type { BidirectionalPage } from '../wire/pages.ts'
import { decodeCursor, encodeCursor, toBidirectionalPage } from '../wire/pages.ts'
import type { Session } from '../wire/types.ts'
import { refuseUnsupported, unsupportedInSessionList } from '../wire/unsupported.ts'
import type { ApiContext, Caller } from './context.ts'
import type { CreatedPosition } from './created.ts'
import { createdAtRange, demandWithin, fromCreated, isCreatedPosition } from './created.ts'
import { toSession } from './session-object.ts'
import { showResource } from './session-resources.ts'

/** A position, and whether the page is the one that ends before it. */
type ListPosition = readonly [position: CreatedPosition, isBackward: boolean]

/**
 * A page of the workspace's sessions as their index rows have them, three queries however many they are.
 */
export async function listSessions(
  { validator, sessions, resources }: Pick<ApiContext, 'validator' | 'sessions' | 'resources'>,
  query: unknown,
  { workspaceId }: Caller,
): Promise<BidirectionalPage<Session>> {
  const params = validator.parseQuery('sessions.list', query)
  refuseUnsupported(unsupportedInSessionList(params))
  const order = params.order ?? 'desc'
  const limit = params.limit ?? PAGE_SIZES['sessions.list'].default
  const scope = { workspaceId, resource: 'sessions', order }
  const [position, isBackward] = params.page ? decodeCursor(scope, params.page, isListPosition) : [null, false]
  if (position) demandWithin(createdAtRange(params), Date.parse(position[0]))
  const rows = await sessions.list(workspaceId, {
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
  const ids = page.data.map(({ id }) => id)
  const [configurations, mounted] = await Promise.all([sessions.configurations(ids), resources.listed(ids)])
  const data = page.data.flatMap((row) => {
    const configuration = configurations.get(row.id)
    // Without one the session was deleted between the two queries.
    const shown = (mounted.get(row.id) ?? []).map(showResource)
    return configuration ? [toSession(row, { ...configuration, resources: shown }, null)] : []
  })
  return { ...page, data }
}

function isListPosition(value: unknown): value is ListPosition {
  return Array.isArray(value) && value.length === 2 && isCreatedPosition(value[0]) && typeof value[1] === 'boolean'
}
