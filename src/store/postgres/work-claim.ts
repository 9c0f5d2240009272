import { sql } from 'kysely'
import type { WorkClaim, WorkInvitation, WorkItem, WorkStats, WorkToken } from '../work.ts'
import { SessionBuried } from '../buried.ts'
import { refusingBuried } from './burial.ts'
import type { Database } from './database.ts'
import { hashSecret } from './secret.ts'
import type { Clock, WorkRow } from './work-rows.ts'
import { toStored } from './work-rows.ts'

/** Carries the id of an environment for which an item was just queued. */
export const workChannel = 'longhand_work'

/** A poller that asks for nothing else counts an item as given out for this long. Milliseconds. */
const PENDING_MS = 5_000
/** Workers poll every few seconds; their row is written anew only so often. */
const POLLED_EVERY = sql`interval '5 seconds'`
const POLLING = sql`interval '30 seconds'`
/** A worker whose item was stopped may have something left to send. */
const TOKEN_OUTLIVES = sql`interval '10 minutes'`
/** Two workers never serve one session: whether the one before `c` is still held, at `n.now`. */
const isBehindAnother = sql`exists (
  select from work_items o where o.session_id = c.session_id and o.state = 'stopping' and o.lease_until >= n.now
)`
/** Whoever was given an item and has not acknowledged it may still do so; once it is given on, for this long. */
const TOKEN_UNUSED = sql`interval '1 minute'`
/**
 * Whether nothing has come to the session of `c` since it was made, as its last hint tells: its history is no longer than
 * what a first task finds.
 */
const isUntouched = sql`exists (
  select from sessions s
  where s.id = c.session_id and s.status not in ('running', 'rescheduling') and (s.run, s.length) <= (1, 3)
)`

export async function enqueue(database: Database, clock: Clock, invitation: WorkInvitation): Promise<WorkItem | null> {
  const { id, sessionId, afterMs = 0, attempt = 1 } = invitation
  const now = clock()
  const made = sql<WorkRow>`
    with made as (
      insert into work_items as w
        (id, workspace_id, environment_id, session_id, state, created_at, claimable_at, attempt)
      select ${id}, s.workspace_id, s.environment_id, s.id, 'queued', n.now,
        n.now + ${afterMs}::double precision * interval '1 millisecond', ${attempt}::integer
      from sessions s join environments e on e.id = s.environment_id, (select ${now} as now) n
      where s.id = ${sessionId} and e.document #>> '{config,type}' = 'self_hosted'
      on conflict (session_id) where state in ('queued', 'starting', 'active')
        do update set claimable_at = excluded.claimable_at
          where w.claimable_at > excluded.claimable_at and w.claimable_at > ${clock()}
      returning w.*
    )
    select made.*, pg_notify(${workChannel}, made.environment_id) from made
  `
  try {
    const { rows } = await refusingBuried(sessionId, made.execute(database))
    return rows[0] === undefined ? null : toStored(rows[0])
  } catch (error) {
    if (error instanceof SessionBuried) return null
    throw error
  }
}

/**
 * One statement: the row is locked, given out and its token stored at once. Rows that others are at are skipped. An item
 * whose lease has lapsed starts over, so that its former worker is told by its next heartbeat that it lost it. Sessions that were
 * made ahead do not keep workers from those that have something to do.
 */
export async function claim(
  database: Database,
  clock: Clock,
  { environmentId, reclaimMs, token }: WorkClaim & { readonly environmentId: string },
): Promise<WorkItem | null> {
  const { rows } = await sql<WorkRow>`
    with n as materialized (select ${clock()} as now),
    taken as (
      update work_items w
      set state = 'queued', polled_at = n.now, acknowledged_at = null, started_at = null, latest_heartbeat_at = null,
        expected_heartbeat = null, lease_until = null,
        attempt = w.attempt + case when w.state = 'queued' then 0 else 1 end,
        given = case when w.state = 'queued' then w.given else 0 end + 1
      from n
      where w.id = (
        select c.id from work_items c, n
        where c.environment_id = ${environmentId} and c.state <> 'stopped'
          and (
            (c.state = 'queued' and c.claimable_at <= n.now and (c.polled_at is null
              or c.polled_at <= n.now - ${reclaimMs}::double precision * interval '1 millisecond'))
            or (c.state in ('starting', 'active') and c.lease_until < n.now)
          )
          and not ${isBehindAnother}
        order by ${isUntouched}, c.created_at, c.id limit 1 for no key update of c skip locked
      )
      returning w.*
    ),
    forgotten as (
      delete from work_tokens t using taken, n
      where t.work_id = taken.id and t.attempt = taken.attempt and t.created_at < n.now - ${TOKEN_UNUSED}
    ),
    opened as (
      insert into work_tokens (secret_hash, workspace_id, work_id, key_id, attempt, created_at)
      select ${hashSecret(token.secret)}, taken.workspace_id, taken.id, ${token.keyId}, taken.attempt, n.now
      from taken, n
    )
    select * from taken
  `.execute(database)
  return rows[0] === undefined ? null : toStored(rows[0])
}

/** A crash of the database may lose the last of it, which the next poll writes again. */
export async function polled(database: Database, clock: Clock, poller: readonly [string, string]): Promise<void> {
  const [environmentId, worker] = poller
  const now = clock()
  await sql`
    insert into work_pollers as p (environment_id, workspace_id, worker, polled_at)
    select id, workspace_id, ${worker}, ${now} from environments where id = ${environmentId}
    on conflict (environment_id, worker) do update set polled_at = excluded.polled_at
      where p.polled_at < excluded.polled_at - ${POLLED_EVERY}
  `.execute(database)
}

export async function readStats(database: Database, clock: Clock, environmentId: string): Promise<WorkStats> {
  const { rows } = await sql<{ depth: number; pending: number; oldest: Date | null; workers: number }>`
    with n as materialized (select ${clock()} as now),
    waiting as (
      select c.created_at, c.state = 'queued' and c.polled_at > n.now - ${PENDING_MS}::integer * interval '1 millisecond'
        as is_pending
      from work_items c, n
      where c.environment_id = ${environmentId} and c.state <> 'stopped'
        and ((c.state = 'queued' and c.claimable_at <= n.now)
          or (c.state in ('starting', 'active') and c.lease_until < n.now))
        and not ${isBehindAnother}
    )
    select count(*) filter (where is_pending is not true)::integer as depth,
      count(*) filter (where is_pending)::integer as pending, min(created_at) as oldest,
      (select count(*)::integer from work_pollers p, n
        where p.environment_id = ${environmentId} and p.polled_at > n.now - ${POLLING}) as workers
    from waiting
  `.execute(database)
  const { depth = 0, pending = 0, oldest = null, workers = 0 } = rows[0] ?? {}
  return { depth, pending, oldestQueuedAt: oldest, workersPolling: workers }
}

export async function verifyToken(database: Database, clock: Clock, secret: string): Promise<WorkToken | null> {
  const token = await database
    .selectFrom('work_tokens')
    .innerJoin('work_items', 'work_items.id', 'work_tokens.work_id')
    .innerJoin('environment_keys', 'environment_keys.id', 'work_tokens.key_id')
    .innerJoin('sessions', 'sessions.id', 'work_items.session_id')
    .select([
      'work_items.workspace_id as workspaceId',
      'work_items.environment_id as environmentId',
      'work_items.session_id as sessionId',
      'work_items.id as workId',
      'work_tokens.key_id as keyId',
      'work_tokens.attempt',
    ])
    .where('work_tokens.secret_hash', '=', hashSecret(secret))
    .where('environment_keys.revoked_at', 'is', null)
    .where(sql<boolean>`(work_items.stopped_at is null or work_items.stopped_at > ${clock()} - ${TOKEN_OUTLIVES})`)
    .executeTakeFirst()
  return token ?? null
}
