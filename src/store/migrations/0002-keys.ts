import type { Kysely } from 'kysely'
import { sql } from 'kysely'

/**
 * Keys that can be listed and revoked, workspaces that can be listed, and sessions that keep their environment from
 * being deleted: a foreign key, so that a session and a deletion at the same moment cannot both succeed.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of [lock, workspaces, keys, environments]) await statement.execute(db)
}

/** In the order in which a session is written: sessions before workspaces. */
const lock = sql`lock table sessions, workspaces in access exclusive mode`

/** Names that differ by case alone were possible: all but one get their id behind them. */
const workspaces = sql`
  alter table workspaces add column created_at timestamptz(3) not null default now();
  update workspaces set name = name || ' ' || id where id <> 'default' and exists (
    select from workspaces other
    where other.id <> workspaces.id and lower(other.name) = lower(workspaces.name)
      and (other.id = 'default' or other.id < workspaces.id)
  );
  create unique index workspaces_name on workspaces (lower(name));
`

const keys = sql`
  alter table api_keys add column ending text not null default '';
  alter table api_keys add column revoked_at timestamptz(3);
  delete from api_keys where exists (
    select from api_keys later
    where later.workspace_id = api_keys.workspace_id and later.name = api_keys.name
      and (later.created_at, later.id) > (api_keys.created_at, api_keys.id)
  );
  create unique index api_keys_live_name on api_keys (workspace_id, name) where revoked_at is null;
`

/** Rows that are there already are left unchecked: one of them may have lost its environment by hand. */
const environments = sql`
  alter table sessions add constraint sessions_environment
    foreign key (environment_id) references environments not valid;
  create index sessions_by_environment on sessions (environment_id);
`
