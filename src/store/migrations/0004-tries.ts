import type { Kysely } from 'kysely'
import { sql } from 'kysely'

/** The number of the last try that a row was made or taken by, so that no two clients' retries take one row. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table ingress add column tries integer not null default 0`.execute(db)
}
