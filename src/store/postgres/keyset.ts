import type { RawBuilder } from 'kysely'
import { sql } from 'kysely'

/** The place of a row in a list: its age, and its id among rows of one millisecond. */
export interface Keyset {
  readonly createdAt: Date
  readonly id: string
}

/** True for rows strictly behind `from` when walking in `order`; the indexes on (…, created_at, id) serve it. */
export function isBehind(from: Keyset, order: 'asc' | 'desc'): RawBuilder<boolean> {
  const comparison = order === 'asc' ? sql`>` : sql`<`
  return sql<boolean>`(created_at, id) ${comparison} (${from.createdAt}::timestamptz, ${from.id}::text)`
}
