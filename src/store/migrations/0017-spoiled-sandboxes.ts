import type { Kysely } from 'kysely'
import { sql } from 'kysely'

/**
 * Whether a sandbox that takes no calls was lost before anybody put it away, and since when its successor does not take the
 * copy of its workspace. When its end was tried is noted no more: its host's keeper does that.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table sandboxes
      add column lost       boolean not null default false,
      add column refused_at timestamptz(3),
      drop column tried_at
  `.execute(db)
}
