import type { Selectable, Transaction } from 'kysely'
import { sql } from 'kysely'
import type { FileCopy, FileRow, FileStore } from '../files.ts'
import { refusingBuried } from './burial.ts'
import type { Database } from './database.ts'
import { isBehind } from './keyset.ts'
import type { Schema } from './schema.ts'

/** Of no deleted session: its files are cleared later, and are not there from the first. */
const IS_KEPT = sql<boolean>`not exists (select from tombstones where session_id = files.scope_id)`

/** Spare contents that are answered at once. */
const AT_A_TIME = 1000

/** Files in PostgreSQL: a foreign key keeps a content from being forgotten while a file has it. */
export function createFileStore(database: Database): FileStore {
  return {
    create: (file) => create(database, file),
    copy: (workspaceId, sessionId, copies) =>
      refusingBuried(sessionId, copy(database, { workspaceId, sessionId }, copies)),
    delete: (workspaceId, id) => remove(database, workspaceId, id),
    forget: (content, now) => forget(database, content, now),

    async begin(workspaceId, key) {
      await database.insertInto('file_contents').values({ key, workspace_id: workspaceId }).execute()
    },

    async read(workspaceId, id) {
      const row = await select(database, workspaceId).where('id', '=', id).executeTakeFirst()
      return row === undefined ? null : toFile(row)
    },

    async readAll(workspaceId, ids) {
      if (ids.length === 0) return []
      const rows = await newestFirst(select(database, workspaceId).where('id', 'in', ids)).execute()
      return rows.map(toFile)
    },

    async list(workspaceId, { limit, from, scopeId }) {
      let query = select(database, workspaceId)
      if (from !== undefined) query = query.where(isBehind(from, 'desc'))
      if (scopeId !== undefined) query = query.where('scope_id', '=', scopeId)
      const rows = await newestFirst(query).limit(limit).execute()
      return rows.map(toFile)
    },

    async spare({ now, begunBefore }) {
      const { rows } = await sql<{ key: string }>`
        select key from file_contents where (finished or begun_at < ${begunBefore})
          and not exists (select from files where content = key and (expires_at is null or expires_at > ${now}))
          and not exists (select from workspace_exports where content = key)
        order by begun_at limit ${AT_A_TIME}
      `.execute(database)
      return rows.map(({ key }) => key)
    },
  }
}

function select(database: Database, workspaceId: string) {
  return database.selectFrom('files').selectAll().where('workspace_id', '=', workspaceId).where(IS_KEPT)
}

function newestFirst(query: ReturnType<typeof select>): ReturnType<typeof select> {
  return query.orderBy('created_at', 'desc').orderBy('id', 'desc')
}

function create(database: Database, file: FileRow): Promise<FileRow> {
  return database.transaction().execute(async (transaction) => {
    if (await insertFile(transaction, file)) return file
    const row = await select(transaction, file.workspaceId).where('id', '=', file.id).executeTakeFirstOrThrow()
    return toFile(row)
  })
}

/** False when there is one of the same id, which stays as it is. */
export async function insertFile(transaction: Transaction<Schema>, file: FileRow): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await transaction
    .insertInto('files')
    .values({
      id: file.id,
      workspace_id: file.workspaceId,
      filename: file.filename,
      mime_type: file.mimeType,
      size: file.size,
      sha256: file.sha256,
      downloadable: file.downloadable,
      scope_id: file.scopeId,
      created_at: file.createdAt,
      expires_at: file.expiresAt,
      content: file.content,
    })
    .onConflict((conflict) => conflict.column('id').doNothing())
    .executeTakeFirstOrThrow()
  if (numInsertedOrUpdatedRows !== 1n) return false
  await transaction.updateTable('file_contents').set({ finished: true }).where('key', '=', file.content).execute()
  return true
}

/** The originals are locked, so that a content is dropped with the last of its files and never between these two. */
async function copy(
  database: Database,
  { workspaceId, sessionId }: { readonly workspaceId: string; readonly sessionId: string },
  copies: readonly FileCopy[],
): Promise<readonly FileRow[]> {
  if (copies.length === 0) return []
  const ids = copies.map(({ id }) => id)
  const now = new Date()
  await sql`
    with given as (
      select * from unnest(${ids}::text[], ${copies.map(({ original }) => original)}::text[]) as given (id, original)
    ),
    originals as (
      select files.* from files where id in (select original from given) and workspace_id = ${workspaceId}
        and content is not null and (expires_at is null or expires_at > ${now}) and ${IS_KEPT}
      for share
    )
    insert into files (id, workspace_id, filename, mime_type, size, sha256, downloadable, scope_id, created_at, content)
    select given.id, workspace_id, filename, mime_type, size, sha256, false, ${sessionId}, ${now}, content
    from given join originals on originals.id = given.original
    on conflict (id) do nothing
  `.execute(database)
  const rows = await select(database, workspaceId).where('id', 'in', ids).where('scope_id', '=', sessionId).execute()
  return rows.map(toFile)
}

async function remove(database: Database, workspaceId: string, id: string): Promise<Pick<FileRow, 'content'> | null> {
  const rows = database.deleteFrom('files').where('id', '=', id).where('workspace_id', '=', workspaceId).where(IS_KEPT)
  const deleted = await rows.returning('content').executeTakeFirst()
  if (deleted === undefined) return null
  const { content } = deleted
  const other = await database.selectFrom('files').select('id').where('content', '=', content).executeTakeFirst()
  return { content: other === undefined ? content : null }
}

/** Of expired files the row stays, so that who asks for one is told. */
async function forget(database: Database, content: string, now: Date): Promise<void> {
  await database
    .updateTable('files')
    .set({ content: null })
    .where('content', '=', content)
    .where('expires_at', '<=', now)
    .execute()
  await sql`
    delete from file_contents where key = ${content} and not exists (select from files where content = key)
      and not exists (select from workspace_exports where content = key)
  `.execute(database)
}

function toFile(row: Selectable<Schema['files']>): FileRow {
  return {
    id: row.id,
    workspaceId: row.workspace_id,
    filename: row.filename,
    mimeType: row.mime_type,
    size: Number(row.size),
    sha256: row.sha256,
    downloadable: row.downloadable,
    scopeId: row.scope_id,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    content: row.content,
  }
}
