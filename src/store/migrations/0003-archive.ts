import type { Kysely } from 'kysely'
import { sql } from 'kysely'

/**
 * What outlives Temporal's retention. An item's entry is `json` for the reason given at the first tables; what is
 * searched stands beside it, because looking into a document fails at a NUL escape.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of [runs, items]) await statement.execute(db)
}

/** Whoever writes items writes their run first: its trigger refuses a deleted session and holds off a deletion. */
const runs = sql`
  create table archived_runs (
    session_id   text collate "C" not null,
    run          integer not null check (run >= 1),
    workspace_id text collate "C" not null,
    run_id       text collate "C" not null,
    last_event   integer not null,
    closed       boolean not null,
    started_at   bigint not null,
    changed_at   bigint not null,
    archived_at  bigint,
    state        json,
    primary key (session_id, run)
  );
  create trigger refuse_buried before insert on archived_runs for each row execute function refuse_buried();
`

/**
 * Times are milliseconds since the epoch. `event_key` is a hash, null for private records: an event's id may be any text
 * that a plain Temporal client likes, and repeated, which is why it is not unique.
 */
const items = sql`
  create table archived_items (
    session_id   text collate "C" not null,
    run          integer not null,
    event        integer not null,
    index        integer not null,
    workspace_id text collate "C" not null,
    at           bigint not null,
    type         text collate "C" not null,
    event_key    bigint,
    audience     text not null check (audience in ('all', 'client', 'model')),
    entry        json not null,
    blobs        json,
    primary key (session_id, run, event, index)
  );
  create index archived_items_by_type on archived_items (session_id, type, run, event, index);
  create index archived_items_by_time on archived_items (session_id, at, run, event, index);
  create index archived_items_by_key on archived_items (session_id, event_key) where event_key is not null;
`
