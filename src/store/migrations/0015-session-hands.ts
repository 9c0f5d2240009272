import type { Kysely } from 'kysely'
import { sql } from 'kysely'

/** The environments that sessions have hands in beside their own; they go with the session's row. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table session_hands (
      session_id     text collate "C" not null references sessions on delete cascade,
      hand           text collate "C" not null,
      workspace_id   text collate "C" not null references workspaces,
      environment_id text collate "C" not null,
      primary key (session_id, hand),
      constraint session_hands_environment foreign key (environment_id) references environments
    );
    create index session_hands_by_environment on session_hands (environment_id);
  `.execute(db)
}
