import type { Kysely } from 'kysely'
import { sql } from 'kysely'

/** What tells of losses as they are: what of a workspace is not in its copy, and which calls never began. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table workspace_exports
      add column left_out integer not null default 0 check (left_out >= 0),
      add column whole    boolean not null default true;
    alter table call_bindings add column given_up boolean not null default false;
  `.execute(db)
}
