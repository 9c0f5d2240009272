import type { Kysely } from 'kysely'
import { sql } from 'kysely'

/** Sealed secrets of sessions' resources, apart from the rows that lists read. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table resource_secrets (
      resource_id  text collate "C" primary key,
      session_id   text collate "C" not null,
      workspace_id text collate "C" not null references workspaces,
      version      integer not null,
      sealed       bytea not null,
      updated_at   timestamptz(3) not null default clock_timestamp()
    );
    create index resource_secrets_by_session on resource_secrets (session_id);
    create trigger refuse_buried before insert on resource_secrets for each row execute function refuse_buried();
  `.execute(db)
}
