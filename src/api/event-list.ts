import type { LogItem } from '../history/project.ts'
import type { LogView } from '../history/tracked.ts'
import type { Position } from '../history/position.ts'
import { comparePositions, formatPosition, parsePosition } from '../history/position.ts'
import { ApiError } from '../wire/errors.ts'
import { PAGE_SIZES } from '../wire/limits.ts'
import type { CursorPage } from '../wire/pages.ts'
import { decodeCursor, encodeCursor, toPage } from '../wire/pages.ts'
import type { EventListQuery, SessionEvent } from '../wire/types.ts'
import { createdAtRange, demandWithin, isWithin } from './created.ts'

/** A finished item that clients see. */
type Shown = LogItem & { readonly shown: SessionEvent }

/**
 * A page of a log: the finished events in log order, then the queue. Queued events have no place in the order yet, so
 * no cursor names one and no `created_at` filter sees them: they are added whole to the page that ends the list, or
 * begins it in descending order.
 */
export function listEvents(view: LogView, query: EventListQuery, workspaceId: string): CursorPage<SessionEvent> {
  const order = query.order ?? 'asc'
  const limit = query.limit ?? PAGE_SIZES['events.list'].default
  const scope = { workspaceId, resource: `events/${view.session}`, order }
  const after = query.page ? parsePosition(decodeCursor(scope, query.page, isPosition)) : null
  if (after) demandWithin(createdAtRange(query), timeOf(view, after))
  const isWanted = createFilter(query)

  const finished = view.items.filter(
    (item): item is Shown => item.finished && item.shown !== null && isWanted(item.shown),
  )
  const ordered = order === 'asc' ? finished : finished.toReversed()
  const page = toPage({
    rows: ordered.filter(({ position }) => after === null || isBehind(position, after, order)).slice(0, limit + 1),
    limit,
    cursorAfter: ({ position }) => encodeCursor(scope, formatPosition(position)),
  })
  const queued = hasTimeFilter(query) ? [] : queueOf(view).filter(isWanted)
  const data = page.data.map((item) => item.shown)
  if (order === 'desc') return { data: after ? data : [...queued.toReversed(), ...data], next_page: page.next_page }
  return { data: page.next_page ? data : [...data, ...queued], next_page: page.next_page }
}

/** A cursor names an item that stands in the log for ever; one that names none is nobody's. */
function timeOf({ items }: LogView, place: Position): number {
  const item = items.find(({ position }) => comparePositions(position, place) === 0)
  if (!item) throw new ApiError('invalid_request', 'page: expected a cursor from an earlier answer of this list')
  return item.at
}

function queueOf(view: LogView): readonly SessionEvent[] {
  const waiting = new Set(view.state.queue.map((event) => event.id))
  return view.items.flatMap(({ shown, finished }) => (shown && !finished && waiting.has(shown.id) ? [shown] : []))
}

function isBehind(position: Position, after: Position, order: 'asc' | 'desc'): boolean {
  const side = comparePositions(position, after)
  return order === 'asc' ? side > 0 : side < 0
}

/** Types that no event has were refused before: a misspelt filter must not look like a log without such events. */
function createFilter(query: EventListQuery): (event: SessionEvent) => boolean {
  const types: readonly string[] | undefined = query['types[]']
  const range = createdAtRange(query)
  return ({ type, processed_at: at }) => (!types || types.includes(type)) && (!at || isWithin(range, Date.parse(at)))
}

function hasTimeFilter(query: EventListQuery): boolean {
  return Object.keys(createdAtRange(query)).length > 0
}

function isPosition(value: unknown): value is string {
  return typeof value === 'string' && parsePosition(value) !== null
}
