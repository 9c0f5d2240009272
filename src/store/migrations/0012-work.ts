import type { Kysely } from 'kysely'
import { sql } from 'kysely'

/**
 * What self-hosted environments have: invitations to their sessions, the keys of their workers, the tokens that come
 * with an invitation, who polls; and beside a session's agent whether its tools are the workers'.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of [configurations, items, keys, tokens, pollers]) await statement.execute(db)
}

const configurations = sql`
  alter table configurations add column self_hosted boolean not null default false;
`

/** One at a time invites to a session: those that stop do not count. */
const items = sql`
  create table work_items (
    id                  text collate "C" primary key,
    workspace_id        text collate "C" not null references workspaces,
    environment_id      text collate "C" not null references environments on delete cascade,
    session_id          text collate "C" not null,
    state               text not null check (state in ('queued', 'starting', 'active', 'stopping', 'stopped')),
    metadata            json not null default '{}',
    created_at          timestamptz(3) not null,
    claimable_at        timestamptz(3) not null,
    polled_at           timestamptz(3),
    acknowledged_at     timestamptz(3),
    started_at          timestamptz(3),
    latest_heartbeat_at timestamptz(3),
    expected_heartbeat  timestamptz(3),
    lease_until         timestamptz(3),
    stop_requested_at   timestamptz(3),
    stopped_at          timestamptz(3),
    stopped_by          text check (stopped_by in ('worker', 'operator', 'server')),
    attempt             integer not null check (attempt >= 1),
    looked_at           timestamptz(3)
  );
  create unique index work_items_live on work_items (session_id) where state in ('queued', 'starting', 'active');
  create index work_items_open on work_items (environment_id, created_at, id) where state <> 'stopped';
  create index work_items_by_age on work_items (environment_id, created_at, id);
  create index work_items_of_session on work_items (session_id, created_at, id);
  create index work_items_unseen on work_items (stopped_at)
    where state = 'stopped' and stopped_by <> 'operator' and looked_at is null;
  create trigger refuse_buried before insert on work_items for each row execute function refuse_buried();
`

const keys = sql`
  create table environment_keys (
    id             text collate "C" primary key,
    environment_id text collate "C" not null references environments on delete cascade,
    workspace_id   text collate "C" not null references workspaces,
    name           text not null check (name <> ''),
    secret_hash    bytea not null unique check (octet_length(secret_hash) = 32),
    ending         text not null,
    created_at     timestamptz(3) not null default now(),
    revoked_at     timestamptz(3)
  );
  create unique index environment_keys_live_name on environment_keys (environment_id, name) where revoked_at is null;
`

const tokens = sql`
  create table work_tokens (
    secret_hash  bytea primary key check (octet_length(secret_hash) = 32),
    workspace_id text collate "C" not null,
    work_id      text collate "C" not null references work_items on delete cascade,
    key_id       text collate "C" not null references environment_keys on delete cascade,
    attempt      integer not null,
    created_at   timestamptz(3) not null
  );
  create index work_tokens_of_item on work_tokens (work_id);
  create index work_tokens_of_key on work_tokens (key_id);
`

const pollers = sql`
  create table work_pollers (
    environment_id text collate "C" not null references environments on delete cascade,
    workspace_id   text collate "C" not null,
    worker         text not null,
    polled_at      timestamptz(3) not null,
    primary key (environment_id, worker)
  );
`
