import { ApiError } from '../wire/errors.ts'

/** Keyset position of lists in the order of creation. */
export type CreatedPosition = readonly [createdAt: string, id: string]

export function isCreatedPosition(value: unknown): value is CreatedPosition {
  if (!Array.isArray(value) || value.length !== 2) return false
  const [createdAt, id] = value
  return typeof createdAt === 'string' && !Number.isNaN(Date.parse(createdAt)) && typeof id === 'string'
}

export function fromCreated([createdAt, id]: CreatedPosition): { createdAt: Date; id: string } {
  return { createdAt: new Date(createdAt), id }
}

export interface TimeRange {
  gt?: Date
  gte?: Date
  lt?: Date
  lte?: Date
}

type RangeQuery = { readonly [K in 'gt' | 'gte' | 'lt' | 'lte' as `created_at[${K}]`]?: string | undefined }

/** The `created_at[…]` filters of a validated query, each only if it is there. */
export function createdAtRange(query: RangeQuery): TimeRange {
  const range: TimeRange = {}
  for (const bound of ['gt', 'gte', 'lt', 'lte'] as const) {
    const text = query[`created_at[${bound}]`]
    if (text !== undefined) range[bound] = new Date(text)
  }
  return range
}

/** Whether a time, milliseconds since the epoch, lies in the range. */
export function isWithin({ gt, gte, lt, lte }: TimeRange, at: number): boolean {
  return (
    !(gt && at <= gt.getTime()) &&
    !(gte && at < gte.getTime()) &&
    !(lt && at >= lt.getTime()) &&
    !(lte && at > lte.getTime())
  )
}

/** @throws ApiError 400 when the filters of this page leave out the place where the page before it ended. */
export function demandWithin(range: TimeRange, at: number): void {
  if (isWithin(range, at)) return
  throw new ApiError('invalid_request', 'page: the created_at filters exclude the place that this cursor stands for')
}
