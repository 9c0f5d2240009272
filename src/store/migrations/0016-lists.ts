import type { Kysely } from 'kysely'
import { sql } from 'kysely'

/**
 * What lists tell of sessions without their logs: what they have used, and their resources without those that nobody knows
 * to be in the log. And to how many polls an item of work was given, which is not known of those that are out.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of [sessions, resources, work]) await statement.execute(db)
}

const sessions = sql`
  alter table sessions add column usage json;
`

const resources = sql`
  alter table session_resources
    add column pending       text check (pending in ('added', 'removed')),
    add column pending_since timestamptz(3);
  create index session_resources_pending on session_resources (pending_since) where pending is not null;
`

const work = sql`
  alter table work_items add column given integer not null default 0 check (given >= 0);
  update work_items set given = 2 where polled_at is not null and state <> 'stopped';
  create index work_items_stopping on work_items (lease_until) where state = 'stopping';
`
