import type { RawBuilder } from 'kysely'
import { sql } from 'kysely'
import type { Unstaffed } from '../work.ts'
import type { Database } from './database.ts'
import type { Clock, WorkRow } from './work-rows.ts'
import { toStored } from './work-rows.ts'

/** A session without an item is left to its workflow for this long. */
const YOUNG = sql`interval '60 seconds'`
const KEPT = sql`interval '30 days'`
const TOKENS_KEPT = sql`interval '10 minutes'`
const POLLERS_KEPT = sql`interval '1 minute'`

/** Ended for a reader of the index: nobody works for it any more. */
const hasEnded = sql<boolean>`(s.status = 'terminated' or s.archived_at is not null)`
const isLast = sql<boolean>`not exists (
  select from work_items later
  where later.session_id = w.session_id and (later.created_at, later.id) > (w.created_at, w.id)
)`

/** What nobody holds is stopped, what a worker holds is asked to stop. */
export async function endOf(database: Database, clock: Clock, sessionId: string): Promise<void> {
  await end(database, clock, sql`w.session_id = ${sessionId}`)
}

async function end(database: Database, clock: Clock, chosen: RawBuilder<unknown>): Promise<void> {
  await sql`
    with n as materialized (select ${clock()} as now)
    update work_items w
    set state = case when w.state = 'queued' then 'stopped' else 'stopping' end,
      stopped_at = case when w.state = 'queued' then n.now end,
      stop_requested_at = coalesce(w.stop_requested_at, n.now), stopped_by = coalesce(w.stopped_by, 'server')
    from n
    where w.state in ('queued', 'starting', 'active') and ${chosen}
  `.execute(database)
}

/** Newest items that no operator stopped; any of them, so that those that cannot be mended keep no other one waiting. */
export async function worthALook(database: Database, limit: number): Promise<readonly Unstaffed[]> {
  const { rows } = await sql<WorkRow>`
    select w.* from work_items w join sessions s on s.id = w.session_id
    where w.state = 'stopped' and w.stopped_by <> 'operator' and w.looked_at is null and not ${hasEnded} and ${isLast}
    order by random() limit ${limit}
  `.execute(database)
  return rows.map((row) => ({ sessionId: row.session_id, item: toStored(row) }))
}

/** Sessions that no invitation is known of; any of them, as above. */
export async function uninvited(database: Database, clock: Clock, limit: number): Promise<readonly Unstaffed[]> {
  const { rows } = await sql<{ readonly id: string }>`
    select s.id from sessions s join environments e on e.id = s.environment_id
    where e.document #>> '{config,type}' = 'self_hosted' and s.status <> 'creating' and not ${hasEnded}
      and s.updated_at < ${clock()} - ${YOUNG} and not exists (select from work_items w where w.session_id = s.id)
    order by random() limit ${limit}
  `.execute(database)
  return rows.map(({ id }) => ({ sessionId: id, item: null }))
}

export async function tidy(database: Database, clock: Clock): Promise<void> {
  await sql`
    with n as materialized (select ${clock()} as now)
    update work_items w set state = 'stopped', stopped_at = n.now, lease_until = null
    from n where w.state = 'stopping' and (w.lease_until is null or w.lease_until < n.now)
  `.execute(database)
  await end(database, clock, sql`exists (select from sessions s where s.id = w.session_id and ${hasEnded})`)
  const now = clock()
  await sql`
    update work_items w set looked_at = ${now}
    where w.state = 'stopped' and w.stopped_by <> 'operator' and w.looked_at is null and not ${isLast}
  `.execute(database)
  await sql`
    delete from work_tokens t using work_items w
    where w.id = t.work_id and w.stopped_at < ${now} - ${TOKENS_KEPT}
  `.execute(database)
  await sql`delete from work_pollers where polled_at < ${now} - ${POLLERS_KEPT}`.execute(database)
}

/** The last item of a session stays as long as the session does: it says that the session was invited to. */
export async function forget(database: Database, clock: Clock): Promise<void> {
  await sql`
    delete from work_items w where w.state = 'stopped' and w.stopped_at < ${clock()} - ${KEPT} and not ${isLast}
  `.execute(database)
}
