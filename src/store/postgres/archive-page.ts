import type { RawBuilder } from 'kysely'
import { sql } from 'kysely'
import type { Selection } from '../../history/archive.ts'
import type { Position } from '../../history/position.ts'
import type { ItemRow } from './archived-documents.ts'
import type { Database } from './database.ts'

/**
 * A page of archived items. All bounds become one first and one last position before the items are looked at, so that
 * the page is a range of one index which is entered where the page begins: with two bounds on a side PostgreSQL would
 * walk from either, and with a time it would walk everything before it.
 */
export function readArchivePage(
  database: Database,
  session: string,
  selection: Selection,
): Promise<readonly ItemRow[]> {
  return database.transaction().execute(async (transaction) => {
    // While the server does not know yet how long this log is, it would fetch all that follows and sort it.
    await sql`select set_config('enable_bitmapscan', 'off', true)`.execute(transaction)
    const { rows } = await buildPage(session, selection).execute(transaction)
    return rows
  })
}

function buildPage(session: string, { types, order, limit, ...selection }: Selection): RawBuilder<ItemRow> {
  const direction = order === 'asc' ? sql`asc` : sql`desc`
  const sorted = sql`order by run ${direction}, event ${direction}, index ${direction} limit ${limit}`
  const choices = types ? [...new Set(types)].map((type) => sql`type = ${type}`) : [sql`true`]
  // One range of the index per type: in a single range over all types the page might be the rarest part.
  const parts = choices.map(
    (chosen) => sql`(
      select run, event, index, at, audience, entry, blobs from archived_items
      where session_id = ${session} and ${chosen} and audience in ('all', ${selection.audience})
        and (run, event, index) >= (select low[1], low[2], low[3] from range)
        and (run, event, index) <= (select high[1], high[2], high[3] from range)
      ${sorted}
    )`,
  )
  const low = lowest(session, { ...selection, order })
  const high = highest(session, { ...selection, order })
  return sql<ItemRow>`
    with range as materialized (select ${low} as low, ${high} as high)
    select * from (${sql.join(parts, sql` union all `)}) as items ${sorted}
  `
}

type Bounds = Pick<Selection, 'runs' | 'behind' | 'at' | 'order'>

const LAST = 2 ** 31 - 1

/** The first position of the range, as an array: arrays compare as positions do. */
function lowest(session: string, { runs, behind, at, order }: Bounds): RawBuilder<unknown> {
  const bounds = [toArray({ run: runs.first, event: 0, index: 0 })]
  if (behind && order === 'asc') bounds.push(toArray({ ...behind, index: behind.index + 1 }))
  if (at?.least !== undefined) {
    const first = sql`
      select array[run, event, index] from archived_items where session_id = ${session} and at >= ${at.least}
      order by at, run, event, index limit 1`
    bounds.push(sql`coalesce((${first}), ${toArray({ run: LAST, event: LAST, index: LAST })})`)
  }
  return sql`greatest(${sql.join(bounds)})`
}

function highest(session: string, { runs, behind, at, order }: Bounds): RawBuilder<unknown> {
  const bounds = [toArray({ run: runs.last, event: runs.lastEvent ?? LAST, index: LAST })]
  if (behind && order === 'desc') bounds.push(toArray({ ...behind, index: behind.index - 1 }))
  if (at?.most !== undefined) {
    const last = sql`
      select array[run, event, index] from archived_items where session_id = ${session} and at <= ${at.most}
      order by at desc, run desc, event desc, index desc limit 1`
    bounds.push(sql`coalesce((${last}), ${toArray({ run: 0, event: 0, index: 0 })})`)
  }
  return sql`least(${sql.join(bounds)})`
}

function toArray({ run, event, index }: Position): RawBuilder<unknown> {
  return sql`${[run, event, index]}::integer[]`
}
