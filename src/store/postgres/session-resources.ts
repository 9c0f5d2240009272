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

type Writer = Database | Transaction<Schema>

function oldestFirst(writer: Writer) {
  return writer.selectFrom('session_resources').selectAll().orderBy('created_at').orderBy('id')
}

async function insert(writer: Writer, rows: readonly ResourceRow[]): Promise<void> {
  const values = rows.map(({ workspaceId, sessionId, resource, updatedAt }) => ({
    id: resource.id,
    session_id: sessionId,
    workspace_id: workspaceId,
    mount_path: resource.mount_path,
    document: JSON.stringify(resource),
    created_at: new Date(resource.created_at),
    updated_at: updatedAt,
  }))
  await writer
    .insertInto('session_resources')
    .values(values)
    .onConflict((conflict) => conflict.column('id').doUpdateSet({ removed_at: null }))
    .execute()
}

function add(database: Database, row: ResourceRow, judge: Parameters<SessionResourceStore['add']>[1]): Promise<void> {
  return database.transaction().execute(async (transaction) => {
    await sql`select pg_advisory_xact_lock(hashtextextended(${`resources ${row.sessionId}`}, 0))`.execute(transaction)
    const present = oldestFirst(transaction).where('session_id', '=', row.sessionId).where('removed_at', 'is', null)
    const others = await present.where('id', '<>', row.resource.id).execute()
    const spare = judge(others.map(toRow))
    if (spare.length > 0) {
      const rows = transaction.updateTable('session_resources').set({ removed_at: sql<Date>`now()` })
      await rows.where('session_id', '=', row.sessionId).where('id', 'in', spare).execute()
    }
    await insert(transaction, [row])
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
