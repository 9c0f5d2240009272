import type { Position } from '../history/position.ts'
import { comparePositions, formatPosition, parsePosition } from '../history/position.ts'
import type { LogItem } from '../history/project.ts'
import type { SessionLog } from '../history/session-log.ts'
import type { LogView } from '../history/tracked.ts'
import { ApiError } from '../wire/errors.ts'
import { PAGE_SIZES } from '../wire/limits.ts'
import type { CursorPage } from '../wire/pages.ts'
import { decodeCursor, encodeCursor } from '../wire/pages.ts'
import type { EventListQuery, SessionEvent } from '../wire/types.ts'
import { createdAtRange, demandWithin } from './created.ts'
import type { TimeRange } from './created.ts'
import type { PartStores, Queued } from './whole.ts'
import { countFitting, isFitting, queuedItems, toWholes } from './whole.ts'

/** A finished item that clients see. */
type Shown = LogItem & { readonly shown: SessionEvent }

interface Listing {
  readonly log: Pick<SessionLog, 'slice' | 'find' | 'wasGivenUp'>
  readonly stores: PartStores
  readonly view: LogView
  readonly query: EventListQuery
  readonly order: 'asc' | 'desc'
  readonly limit: number
}

/**
 * A page of a log: the finished events in log order, then the queue. Queued events have no place in the order yet, so
 * no cursor names one, no `created_at` filter sees them and none is before an event: they are added whole to the page
 * that ends the list, or begins it in descending order. When the finished ones leave no room for them, that page is one
 * of their own, or one with a single finished event.
 */
export async function listEvents(
  log: Listing['log'],
  view: LogView,
  {
    query,
    workspaceId,
    stores,
  }: { readonly query: EventListQuery; readonly workspaceId: string; readonly stores: PartStores },
): Promise<CursorPage<SessionEvent>> {
  const order = query.order ?? 'asc'
  const limit = query.limit ?? PAGE_SIZES['events.list'].default
  const listing: Listing = { log, stores, view, query, order, limit }
  const scope = { workspaceId, resource: `events/${view.session}`, order }
  refuseCombination(query)

  const cursor = query.page ? parsePosition(decodeCursor(scope, query.page, isPosition)) : null
  const at = cursor && (await timeOf(listing, cursor))
  if (at !== null) demandWithin(createdAtRange(query), at)
  const around = cursor ? undefined : query.around
  const rows = around === undefined ? await readPage(listing, cursor) : await readAround(listing, around)
  const queue = listQueue(listing)
  const first = order === 'desc' && !cursor && around === undefined ? queue.toReversed() : []
  const fitting = rows.slice(0, Math.min(limit, countFitting(rows, first)))
  const isEnd = fitting.length === rows.length
  const last = order === 'asc' && isEnd && (rows.length === 0 || isFitting([...rows, ...queue])) ? queue : []
  const isOver = isEnd && (order === 'desc' || last.length === queue.length)
  const end = fitting.at(-1)
  return {
    data: [...(await toWholes(stores, view.session, [...first, ...fitting, ...last]))],
    next_page: end && !isOver ? encodeCursor(scope, formatPosition(end.position)) : null,
  }
}

/** `around` says where the first page lies; the pages behind it carry it along and go on from their cursor. */
function refuseCombination({ around, before, after }: EventListQuery): void {
  if (around !== undefined && (before ?? after) !== undefined) {
    throw new ApiError('invalid_request', 'around: expected without before and after')
  }
}

/** One row more than the page holds, where there is one. */
async function readPage(listing: Listing, cursor: Position | null): Promise<readonly Shown[]> {
  const { query, order } = listing
  const [after, before] = await Promise.all([placeOf(listing, 'after'), placeOf(listing, 'before')])
  const edge = order === 'asc' ? after : before
  const end = order === 'asc' ? before : after
  // The cursor lies behind the edge, unless the edge is another one than on the page before it.
  if (cursor && edge && !isBehind(cursor, edge, order)) {
    const which = query.after !== undefined && order === 'asc' ? 'after' : 'before'
    throw new ApiError('invalid_request', `page: the cursor lies outside of what \`${which}\` leaves`)
  }
  const rows = await read(listing, { order, behind: cursor ?? edge, limit: listing.limit + 1 })
  return end ? rows.filter(({ position }) => isBehind(end, position, order)) : rows
}

/** The event in the middle of its page, as far as there are others on both of its sides. */
async function readAround(listing: Listing, id: string): Promise<readonly Shown[]> {
  const { limit, order } = listing
  const opposite = order === 'asc' ? 'desc' : 'asc'
  const { position } = await findNamed(listing, 'around', id)
  const before = await read(listing, { order: opposite, behind: position, limit: Math.floor((limit - 1) / 2) })
  const start = before.at(-1)?.position ?? position
  const justBefore = { ...start, index: start.index + (order === 'asc' ? -1 : 1) }
  return read(listing, { order, behind: justBefore, limit: limit + 1 })
}

interface Stretch {
  readonly order: 'asc' | 'desc'
  readonly behind: Position | null
  readonly limit: number
}

async function read({ log, view, query }: Listing, { order, behind, limit }: Stretch): Promise<readonly Shown[]> {
  if (limit === 0) return []
  const at = toBounds(createdAtRange(query))
  const types = query['types[]']
  const items = await log.slice(view, {
    order,
    limit,
    audience: 'client',
    ...(behind ? { behind } : {}),
    ...(at ? { at } : {}),
    ...(types ? { types } : {}),
  })
  return items.filter((item): item is Shown => item.shown !== null)
}

async function placeOf(listing: Listing, name: 'before' | 'after'): Promise<Position | null> {
  const id = listing.query[name]
  return id === undefined ? null : (await findNamed(listing, name, id)).position
}

async function findNamed({ log, view }: Listing, name: string, id: string): Promise<LogItem> {
  const item = await log.find(view, id)
  if (item) return item
  throw new ApiError('invalid_request', `${name}: this session has no finished event ${id}`)
}

/**
 * A cursor names an item that stands in the log for ever, and one that names none is nobody's; but what a reset gave up
 * has no time any more, and its list goes on with what came in its stead.
 */
async function timeOf({ log, view }: Listing, place: Position): Promise<number | null> {
  const item = await log.find(view, place)
  if (item) return item.at
  if (await log.wasGivenUp(view, place)) return null
  throw new ApiError('invalid_request', 'page: expected a cursor from an earlier answer of this list')
}

/** Types that no event has were refused before: a misspelt filter must not look like a log without such events. */
function listQueue({ view, query }: Listing): readonly Queued[] {
  if (query.before !== undefined || toBounds(createdAtRange(query))) return []
  const types: readonly string[] | undefined = query['types[]']
  return queuedItems(view.state).filter(({ shown }) => !types || types.includes(shown.type))
}

function isBehind(position: Position, after: Position, order: 'asc' | 'desc'): boolean {
  const side = comparePositions(position, after)
  return order === 'asc' ? side > 0 : side < 0
}

/** Times are whole milliseconds. */
function toBounds({ gt, gte, lt, lte }: TimeRange): { least?: number; most?: number } | null {
  if (!gt && !gte && !lt && !lte) return null
  return {
    ...(gt || gte ? { least: Math.max(gt ? gt.getTime() + 1 : 0, gte?.getTime() ?? 0) } : {}),
    ...(lt || lte ? { most: Math.min(lt ? lt.getTime() - 1 : Infinity, lte?.getTime() ?? Infinity) } : {}),
  }
}

function isPosition(value: unknown): value is string {
  return typeof value === 'string' && parsePosition(value) !== null
}
