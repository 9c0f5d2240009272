import type { Kysely } from 'kysely'
import { sql } from 'kysely'

/** When the sandbox was destroyed because no call can use it any more; null while it may be there. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table sandboxes add column destroyed_at timestamptz(3)`.execute(db)
  await sql`create index sandboxes_left on sandboxes (session_id) where destroyed_at is null`.execute(db)
}
