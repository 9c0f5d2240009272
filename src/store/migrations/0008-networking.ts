import type { Kysely } from 'kysely'
import { sql } from 'kysely'

/** What of the network a session was created with, beside its agent; null for sessions from before it was kept. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table configurations add column networking json`.execute(db)
}
