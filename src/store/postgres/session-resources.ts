import type { Selectable, Transaction } from 'kysely'
import { sql } from 'kysely'
import type { ResourceRow, SessionResourceStore, UnsettledResource } from '../session-resources.ts'
import { refusingBuried } from './burial.ts'
import type { Database } from './database.ts'
import type { Schema } from './schema.ts'

export function createSessionResourceStore(database: Database): SessionResourceStore {
  return {
    async create(rows) {
      const [first] = rows
      if (first) await refusingBuried(first.sessionId, insert(database, rows))
    },

    add: (row, judge) => refusingBuried(row.sessionId, add(database, row, judge)),

    async of(sessionId, ids) {
      const rows = oldestFirst(database).where('session_id', '=', sessionId)
      return (await rows.where('id', '=', sql<string>`any(${ids}::text[])`).execute()).map(toRow)
    },

    async repositories(sessionId) {
      const rows = oldestFirst(database).where('session_id', '=', sessionId)
      return (await rows.where(sql<boolean>`document ->> 'type' = 'github_repository'`).execute()).map(toRow)
    },

    async listed(sessionIds) {
      const bySession = new Map<string, ResourceRow[]>()
      const query = oldestFirst(database).where('session_id', '=', sql<string>`any(${sessionIds}::text[])`)
      for (const row of await query.where('removed_at', 'is', null).where('pending', 'is', null).execute()) {
        const rows = bySession.get(row.session_id) ?? []
        bySession.set(row.session_id, [...rows, toRow(row)])
      }
      return bySession
    },

    async removeDead(sessionId, { known, ms }) {
      const rows = database.updateTable('session_resources').set({ removed_at: sql<Date>`now()` })
      const present = rows.where('session_id', '=', sessionId).where('removed_at', 'is', null)
      const unknown = present.where('id', '<>', sql<string>`all(${known}::text[])`)
      const isOld = sql<boolean>`updated_at < clock_timestamp() - ${ms}::double precision * interval '1 millisecond'`
      await unknown.where(isOld).execute()
    },

    async removing(sessionId, id) {
      const rows = database.updateTable('session_resources').set({ pending: 'removed', pending_since: NOW })
      await rows.where('session_id', '=', sessionId).where('id', '=', id).execute()
    },

    async remove(sessionId, id) {
      const removed_at = sql<Date>`coalesce(removed_at, now())`
      const rows = database.updateTable('session_resources').set({ ...SETTLED, removed_at })
      await rows.where('session_id', '=', sessionId).where('id', '=', id).execute()
    },

    async giveUp(sessionId, id, ms) {
      const rows = database.updateTable('session_resources').set({ ...SETTLED, removed_at: sql<Date>`now()` })
      const ofIt = rows.where('session_id', '=', sessionId).where('id', '=', id).where('pending', '=', 'added')
      const { numUpdatedRows } = await ofIt.where(isPendingFor(ms)).executeTakeFirstOrThrow()
      return numUpdatedRows > 0n
    },

    settle: (sessionId, id) => settle(database, sessionId, id),

    unsettled: (ms, limit) => unsettled(database, ms, limit),

    async touch(sessionId, id) {
      const rows = database.updateTable('session_resources').set({ updated_at: sql<Date>`clock_timestamp()` })
      const ofIt = rows.where('session_id', '=', sessionId).where('id', '=', id)
      return (await ofIt.returning('updated_at').executeTakeFirst())?.updated_at ?? null
    },
  }
}

async function settle(database: Database, sessionId: string, id: string): Promise<void> {
  const removed_at = sql<Date | null>`case when exists (
    select from session_resources o
    where o.session_id = r.session_id and o.mount_path = r.mount_path and o.id <> r.id and o.removed_at is null
  ) then r.removed_at end`
  const rows = database.updateTable('session_resources as r').set({ ...SETTLED, removed_at })
  // Whoever has removed it since has settled it.
  const unsettledOne = rows
    .where('r.session_id', '=', sessionId)
    .where('r.id', '=', id)
    .where('r.pending', 'is not', null)
  await unsettledOne.execute()
}

async function unsettled(database: Database, ms: number, limit: number): Promise<readonly UnsettledResource[]> {
  const age = sql<number>`(extract(epoch from clock_timestamp() - pending_since) * 1000)::double precision`
  const rows = database.selectFrom('session_resources').selectAll().select(age.as('age'))
  // Those that cannot be settled must not keep others from it.
  const found = rows
    .where('pending', 'is not', null)
    .where(isPendingFor(ms))
    .orderBy(sql`random()`)
    .limit(limit)
  return (await found.execute()).map((row) => ({ ...toRow(row), pending: row.pending ?? 'added', age: row.age }))
}

function isPendingFor(ms: number) {
  return sql<boolean>`pending_since < clock_timestamp() - ${ms}::double precision * interval '1 millisecond'`
}

const NOW = sql<Date>`clock_timestamp()`
const SETTLED = { pending: null, pending_since: null }

function oldestFirst(database: Database | Transaction<Schema>) {
  return database.selectFrom('session_resources').selectAll().orderBy('created_at').orderBy('id')
}

async function insert(database: Database, rows: readonly ResourceRow[]): Promise<void> {
  await database
    .insertInto('session_resources')
    .values(rows.map((row) => ({ ...toValues(row), updated_at: row.updatedAt })))
    .onConflict((conflict) => conflict.column('id').doUpdateSet({ removed_at: null }))
    .execute()
}

function toValues({ workspaceId, sessionId, resource }: Added) {
  return {
    id: resource.id,
    session_id: sessionId,
    workspace_id: workspaceId,
    mount_path: resource.mount_path,
    document: JSON.stringify(resource),
    created_at: new Date(resource.created_at),
  }
}

type Added = Parameters<SessionResourceStore['add']>[0]

function add(database: Database, row: Added, judge: Parameters<SessionResourceStore['add']>[1]): Promise<ResourceRow> {
  return database.transaction().execute(async (transaction) => {
    await sql`select pg_advisory_xact_lock(hashtextextended(${`resources ${row.sessionId}`}, 0))`.execute(transaction)
    const present = oldestFirst(transaction).where('session_id', '=', row.sessionId).where('removed_at', 'is', null)
    judge((await present.where('id', '<>', row.resource.id).execute()).map(toRow))
    const values = toValues(row)
    const updated_at = sql<Date>`greatest(${values.created_at}::timestamptz, clock_timestamp())`
    const begun = { updated_at, pending: 'added', pending_since: NOW } as const
    const added = await transaction
      .insertInto('session_resources')
      .values({ ...values, ...begun })
      .onConflict((conflict) => conflict.column('id').doUpdateSet({ ...begun, removed_at: null }))
      .returningAll()
      .executeTakeFirstOrThrow()
    return toRow(added)
  })
}

function toRow(row: Selectable<Schema['session_resources']>): ResourceRow {
  return {
    workspaceId: row.workspace_id,
    sessionId: row.session_id,
    resource: row.document,
    updatedAt: row.updated_at,
  }
}
