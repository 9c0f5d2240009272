import type { Kysely } from 'kysely'
import { sql } from 'kysely'

/**
 * The first tables. Ids compare bytewise (`collate "C"`), so that a page ends at the same row whatever the server's
 * locale; times keep milliseconds, as a cursor does; documents are `json`, which keeps what the client sent, NUL
 * escapes included, where `jsonb` would refuse it.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of [workspaces, agents, environments, sessions, ingress, sandboxes, burial])
    await statement.execute(db)
}

const workspaces = sql`
  create table workspaces (
    id   text collate "C" primary key,
    name text not null
  );
  insert into workspaces (id, name) values ('default', 'Default');

  create table api_keys (
    id           text collate "C" primary key,
    workspace_id text collate "C" not null references workspaces,
    name         text not null check (name <> ''),
    secret_hash  bytea not null unique check (octet_length(secret_hash) = 32),
    created_at   timestamptz(3) not null default now()
  );
`

const agents = sql`
  create table agents (
    id           text collate "C" primary key,
    workspace_id text collate "C" not null references workspaces,
    version      integer not null check (version >= 1),
    created_at   timestamptz(3) not null,
    archived_at  timestamptz(3)
  );
  create index agents_by_age on agents (workspace_id, created_at, id);

  create table agent_versions (
    agent_id     text collate "C" not null references agents,
    version      integer not null,
    workspace_id text collate "C" not null,
    document     json not null,
    primary key (agent_id, version)
  );
`

const environments = sql`
  create table environments (
    id           text collate "C" primary key,
    workspace_id text collate "C" not null references workspaces,
    name         text not null,
    document     json not null,
    created_at   timestamptz(3) not null,
    archived_at  timestamptz(3)
  );
  create unique index environments_live_name on environments (workspace_id, name) where archived_at is null;
  create index environments_by_age on environments (workspace_id, created_at, id);
`

const sessions = sql`
  create table sessions (
    id               text collate "C" primary key,
    workspace_id     text collate "C" not null references workspaces,
    environment_id   text collate "C" not null,
    configuration_id text collate "C" not null,
    agent_id         text collate "C" not null,
    agent_version    integer not null,
    status           text not null check (status in ('creating', 'idle', 'running', 'rescheduling', 'terminated')),
    title            text,
    metadata         json not null,
    created_at       timestamptz(3) not null,
    updated_at       timestamptz(3) not null,
    archived_at      timestamptz(3),
    run              integer not null default 0,
    length           integer not null default 0
  );
  create index sessions_by_age on sessions (workspace_id, created_at, id);
  create index sessions_by_agent on sessions (workspace_id, agent_id, created_at, id);
  create index sessions_by_status on sessions (workspace_id, status, created_at, id);
  create index sessions_unsettled on sessions (updated_at) where status in ('creating', 'running', 'rescheduling');

  create table configurations (
    id           text collate "C" primary key,
    workspace_id text collate "C" not null,
    session_id   text collate "C" not null,
    agent        json not null,
    harness      text not null
  );
  create index configurations_of_session on configurations (session_id);

  create table tombstones (
    session_id   text collate "C" primary key,
    workspace_id text collate "C" not null,
    buried_at    timestamptz(3) not null default now(),
    cleared_at   timestamptz(3)
  );
  create index tombstones_uncleared on tombstones (buried_at) where cleared_at is null;
`

const ingress = sql`
  create table ingress (
    id           text collate "C" primary key,
    workspace_id text collate "C" not null,
    target       text collate "C" not null,
    key          text,
    body_hash    text collate "C" not null,
    ids          text[] not null,
    state        text not null check (state in ('begun', 'accepted', 'answered')),
    created_at   timestamptz(3) not null default now(),
    accepted_at  timestamptz(3)
  );
  create unique index ingress_key on ingress (workspace_id, target, key) where key is not null;
  create index ingress_unanswered on ingress (workspace_id, target, body_hash, created_at)
    where key is null and state <> 'answered';
  create index ingress_accepted on ingress (target, accepted_at) where accepted_at is not null;
  create index ingress_by_age on ingress (created_at);
`

const sandboxes = sql`
  create table sandboxes (
    session_id   text collate "C" primary key,
    workspace_id text collate "C" not null,
    generation   integer not null check (generation >= 1),
    provider     text not null,
    reference    text not null,
    boot_id      text not null
  );

  create table call_bindings (
    session_id   text collate "C" not null,
    tool_use_id  text collate "C" not null,
    workspace_id text collate "C" not null,
    generation   integer not null check (generation >= 1),
    primary key (session_id, tool_use_id)
  );
`

/**
 * Nothing is inserted for a deleted session. An insert takes the session's lock shared and looks for the tombstone
 * behind it (a plpgsql function sees what was committed while it waited); who buries holds the lock alone, so every
 * insert is either refused or committed before the tombstone is, where the clearing after it finds it.
 */
const burial = sql`
  create function burial_lock(session text) returns bigint
    language sql immutable as $$ select hashtextextended('burial ' || session, 0) $$;

  create function refuse_buried() returns trigger language plpgsql as $$
  declare
    session text;
  begin
    if tg_table_name = 'sessions' then session := new.id;
    elsif tg_table_name = 'ingress' then session := new.target;
    else session := new.session_id;
    end if;
    perform pg_advisory_xact_lock_shared(burial_lock(session));
    if exists (select from tombstones t where t.session_id = session) then
      raise exception 'session % was deleted', session using errcode = 'LH410';
    end if;
    return new;
  end $$;

  create trigger refuse_buried before insert on sessions for each row execute function refuse_buried();
  create trigger refuse_buried before insert on configurations for each row execute function refuse_buried();
  create trigger refuse_buried before insert on ingress for each row execute function refuse_buried();
  create trigger refuse_buried before insert on sandboxes for each row execute function refuse_buried();
  create trigger refuse_buried before insert on call_bindings for each row execute function refuse_buried();
`
