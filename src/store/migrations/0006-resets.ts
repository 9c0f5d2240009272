import type { Kysely } from 'kysely'
import { sql } from 'kysely'

/**
 * What an archived run follows and what resets gave up within it, so that the archive alone says which of its runs are
 * the log: numbers have gaps behind a reset.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of [columns, predecessors, index]) await statement.execute(db)
}

const columns = sql`
  alter table archived_runs add column follows text collate "C", add column cuts json
`

const predecessors = sql`
  update archived_runs run set follows = before.run_id
  from archived_runs before where before.session_id = run.session_id and before.run = run.run - 1
`

const index = sql`
  create index archived_runs_reset on archived_runs (session_id) where cuts is not null
`
