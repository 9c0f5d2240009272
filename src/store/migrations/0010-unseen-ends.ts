import type { Kysely } from 'kysely'
import { sql } from 'kysely'

/**
 * Whether a session has ended and nobody has looked at its log since, which may say that it was archived; and when a
 * sandbox that nobody needs was last tried to be destroyed. Both are for the sweeper.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table sessions add column end_unseen boolean not null default false`.execute(db)
  await sql`update sessions set end_unseen = true where status = 'terminated' and archived_at is null`.execute(db)
  await sql`create index sessions_unseen on sessions (updated_at) where end_unseen`.execute(db)
  await sql`alter table sandboxes add column tried_at timestamptz(3)`.execute(db)
}
