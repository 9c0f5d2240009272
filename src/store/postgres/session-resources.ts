import type { Selectable, Transaction } from 'kysely'
import { sql } from 'kysely'
import type { ResourceRow, SessionResourceStore } from '../session-resources.ts'
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

    async of(sessionId) {
      return (await oldestFirst(database).where('session_id', '=', sessionId).execute()).map(toRow)
    },

    async listed(sessionIds) {
      const bySession = new Map<string, ResourceRow[]>()
      const query = oldestFirst(database).where('session_id', '=', sql<string>`any(${sessionIds}::text[])`)
      for (const row of await query.where('removed_at', 'is', null).execute()) {
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

    async remove(sessionId, id) {
      const rows = database.updateTable('session_resources').set({ removed_at: sql<Date>`coalesce(removed_at, now())` })
      await rows.where('session_id', '=', sessionId).where('id', '=', id).execute()
    },

    async touch(sessionId, id) {
      const rows = database.updateTable('session_resources').set({ updated_at: sql<Date>`clock_timestamp()` })
      const ofIt = rows.where('session_id', '=', sessionId).where('id', '=', id)
      return (await ofIt.returning('updated_at').executeTakeFirst())?.updated_at ?? null
    },
  }
}

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
    const added = await transaction
      .insertInto('session_resources')
      .values({ ...values, updated_at })
      .onConflict((conflict) => conflict.column('id').doUpdateSet({ removed_at: null, updated_at }))
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
