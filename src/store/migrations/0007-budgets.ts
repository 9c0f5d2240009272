import type { Kysely } from 'kysely'
import { sql } from 'kysely'

/** The budget of a session beside what else of it changes, for lists. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table sessions add column budget json`.execute(db)
}
