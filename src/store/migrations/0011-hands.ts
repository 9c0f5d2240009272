import type { Kysely } from 'kysely'
import { sql } from 'kysely'

/**
 * Hands beside the main one, the hosts that they are on, what is put into them and what is kept of them. A worker of the
 * version before goes on with this: every new column has a default, and what it writes is the main hand's.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of [sandboxes, exports, hosts, resources, outputs, files]) await statement.execute(db)
}

const sandboxes = sql`
  alter table sandboxes
    add column hand         text collate "C" not null default 'main',
    add column host         text collate "C",
    add column used_at      timestamptz(3) not null default now(),
    add column exported_at  timestamptz(3),
    add column collected_at timestamptz(3),
    add column supplies     integer not null default 0 check (supplies >= 0),
    add column evict_at     timestamptz(3),
    add column facts        json;
  alter table sandboxes drop constraint sandboxes_pkey;
  alter table sandboxes add primary key (session_id, hand);
  create index sandboxes_of_host on sandboxes (host) where destroyed_at is null;

  alter table call_bindings
    add column hand     text collate "C" not null default 'main',
    add column bound_at timestamptz(3) not null default now();

  alter table configurations add column recipe json;
`

/** Of each hand the newest copy of its workspace; without a content where there was too much to keep. */
const exports = sql`
  create table workspace_exports (
    session_id   text collate "C" not null,
    hand         text collate "C" not null,
    workspace_id text collate "C" not null,
    generation   integer not null check (generation >= 1),
    content      text collate "C" references file_contents,
    bytes        bigint not null check (bytes >= 0),
    entries      integer not null check (entries >= 0),
    sha256       text collate "C" not null,
    probe        text not null,
    exported_at  timestamptz(3) not null,
    primary key (session_id, hand)
  );
  create index workspace_exports_by_content on workspace_exports (content) where content is not null;
  create trigger refuse_buried before insert on workspace_exports for each row execute function refuse_buried();
`

const hosts = sql`
  create table hands_hosts (
    host    text collate "C" primary key,
    offers  json not null,
    beat_at timestamptz(3) not null default now(),
    since   timestamptz(3) not null default now()
  );
`

/** The index of what the sessions' logs say of their resources. */
const resources = sql`
  create table session_resources (
    id           text collate "C" primary key,
    session_id   text collate "C" not null,
    workspace_id text collate "C" not null references workspaces,
    mount_path   text collate "C" not null,
    document     json not null,
    created_at   timestamptz(3) not null default now(),
    updated_at   timestamptz(3) not null default now(),
    removed_at   timestamptz(3)
  );
  create index session_resources_of_session on session_resources (session_id, created_at, id);
  create unique index session_resources_live_path on session_resources (session_id, mount_path)
    where removed_at is null;
  create trigger refuse_buried before insert on session_resources for each row execute function refuse_buried();
`

/** Which file came of which output, as it was when it was read. */
const outputs = sql`
  create table session_outputs (
    session_id   text collate "C" not null,
    hand         text collate "C" not null,
    path         text collate "C" not null,
    workspace_id text collate "C" not null references workspaces,
    changed      text not null,
    sha256       text collate "C" not null,
    file_id      text collate "C" not null,
    primary key (session_id, hand, path)
  );
  create trigger refuse_buried before insert on session_outputs for each row execute function refuse_buried();
`

/** A file that belongs to a session is refused with it. */
const files = sql`
  create function refuse_buried_scope() returns trigger language plpgsql as $$
  begin
    if new.scope_id is null then return new; end if;
    perform pg_advisory_xact_lock_shared(burial_lock(new.scope_id));
    if exists (select from tombstones t where t.session_id = new.scope_id) then
      raise exception 'session % was deleted', new.scope_id using errcode = 'LH410';
    end if;
    return new;
  end $$;
  create trigger refuse_buried_scope before insert on files for each row execute function refuse_buried_scope();
`
