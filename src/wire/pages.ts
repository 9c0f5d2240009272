import { createHash } from 'node:crypto'
import { ApiError } from './errors.ts'
import type { ModelInfo, ModelListQuery } from './types.ts'

/** What a cursor belongs to. One that is shown to another scope is refused like an altered one. */
export interface CursorScope {
  readonly workspaceId: string
  /** The list it came from, with the id of its parent: `sessions`, `events/sesn_…`. */
  readonly resource: string
  readonly order: 'asc' | 'desc'
  /** Anything else that must not change between pages. */
  readonly extra?: string
}

export interface CursorPage<Item> {
  data: Item[]
  next_page: string | null
}

export interface BidirectionalPage<Item> extends CursorPage<Item> {
  prev_page: string | null
}

export interface ModelPage {
  data: ModelInfo[]
  has_more: boolean
  first_id: string | null
  last_id: string | null
}

/** Rows as a store answers them: one more than the page holds tells that there is a next page. */
export interface PageRows<Item> {
  readonly rows: readonly Item[]
  readonly limit: number
  /** The cursor of the page that starts behind this item. */
  readonly cursorAfter: (item: Item) => string
}

export interface BidirectionalRows<Item> extends PageRows<Item> {
  /** Whether the request came with a cursor; the first page has no page before it. */
  readonly hasCursor: boolean
  /** Whether the rows were read backwards, nearest to the cursor last: the surplus row is then the first one. */
  readonly isBackward: boolean
  readonly cursorBefore: (item: Item) => string
}

/** Stages of models that a list shows when none is named. */
const SHOWN_STAGES: readonly ModelInfo['lifecycle'][] = ['active', 'deprecated']
const TAG_BYTES = 16
const MAX_CURSOR = 2048

/**
 * An opaque cursor for a position, any small JSON value. The tag keeps a cursor from being altered or carried to another
 * list by mistake; it needs no secret, because a position grants nothing: every read filters by workspace anyway.
 */
export function encodeCursor(scope: CursorScope, position: unknown): string {
  const payload = Buffer.from(JSON.stringify(position))
  return Buffer.concat([tag(scope, payload), payload]).toString('base64url')
}

/**
 * The position inside a cursor made for the same scope.
 * @throws ApiError 400 for a cursor that is altered, foreign, or holds something that is no such position.
 */
export function decodeCursor<Position>(
  scope: CursorScope,
  cursor: string,
  isPosition: (value: unknown) => value is Position,
): Position {
  const bytes = Buffer.from(cursor.length > MAX_CURSOR ? '' : cursor, 'base64url')
  const payload = bytes.subarray(TAG_BYTES)
  // Decoding skips foreign characters and ignores spare bits, so only the spelling that we send is taken.
  const isOurs =
    bytes.toString('base64url') === cursor &&
    bytes.length > TAG_BYTES &&
    bytes.subarray(0, TAG_BYTES).equals(tag(scope, payload))
  const position = isOurs ? parsePosition(payload) : undefined
  if (position === undefined || !isPosition(position)) {
    throw new ApiError(
      'invalid_request',
      'page: expected a cursor from an earlier answer of this list with the same order',
    )
  }
  return position
}

/** Undefined for what is no JSON: whoever knows the scheme can put a right tag on anything. */
function parsePosition(payload: Buffer): unknown {
  try {
    return JSON.parse(payload.toString())
  } catch {
    return undefined
  }
}

/** A `PageCursor` answer. */
export function toPage<Item>({ rows, limit, cursorAfter }: PageRows<Item>): CursorPage<Item> {
  const data = rows.slice(0, limit)
  const last = data.at(-1)
  return { data, next_page: rows.length > limit && last !== undefined ? cursorAfter(last) : null }
}

/**
 * A `PageCursor` answer that holds the whole list.
 * @throws ApiError 400 for any cursor: this list has never given one out.
 */
export function toOnlyPage<Item>(data: Item[], cursor: string | null | undefined): CursorPage<Item> {
  if (cursor) throw new ApiError('invalid_request', 'page: expected none, this list has a single page')
  return { data, next_page: null }
}

/** A `BidirectionalPageCursor` answer; the rows are in the order of the answer, whichever way they were read. */
export function toBidirectionalPage<Item>(page: BidirectionalRows<Item>): BidirectionalPage<Item> {
  const { rows, limit, hasCursor, isBackward } = page
  const isSurplus = rows.length > limit
  const data = isBackward ? rows.slice(Math.max(0, rows.length - limit)) : rows.slice(0, limit)
  const [first, last] = [data[0], data.at(-1)]
  const hasNext = isBackward ? hasCursor : isSurplus
  const hasPrevious = isBackward ? isSurplus : hasCursor
  return {
    data,
    next_page: hasNext && last !== undefined ? page.cursorAfter(last) : null,
    prev_page: hasPrevious && first !== undefined ? page.cursorBefore(first) : null,
  }
}

/**
 * The `Page` answer of the list of models, cut from those in the stages that are asked for. `has_more` looks in the
 * direction of travel.
 * @param models of every stage: a place in the list may be named by a model that the page itself does not show.
 * @throws ApiError 400 when `after_id` or `before_id` names no model.
 */
export function toModelPage(models: readonly ModelInfo[], query: ModelListQuery, defaultLimit: number): ModelPage {
  const limit = query.limit ?? defaultLimit
  const after = query.after_id === undefined ? -1 : indexOf(models, query.after_id, 'after_id')
  const before = query.before_id === undefined ? models.length : indexOf(models, query.before_id, 'before_id')
  const stages = query['lifecycle[]'] ?? SHOWN_STAGES
  const rest = models.slice(after + 1, before).filter((model) => stages.includes(stageOf(model)))
  const data = query.before_id === undefined ? rest.slice(0, limit) : rest.slice(Math.max(0, rest.length - limit))
  return {
    data,
    has_more: rest.length > data.length,
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
  }
}

/** Servers that speak the API and know no stages name none. */
function stageOf({ lifecycle = 'active' }: Partial<ModelInfo>): ModelInfo['lifecycle'] {
  return lifecycle
}

function indexOf(models: readonly ModelInfo[], id: string, field: string): number {
  const index = models.findIndex((model) => model.id === id)
  if (index < 0) throw new ApiError('invalid_request', `${field}: expected the id of a model`)
  return index
}

function tag(scope: CursorScope, payload: Buffer): Buffer {
  const key = JSON.stringify([scope.workspaceId, scope.resource, scope.order, scope.extra ?? null])
  return createHash('sha256').update(key).update('\n').update(payload).digest().subarray(0, TAG_BYTES)
}
