import { sql } from 'kysely'
import type { KnownOutput, OutputPlace } from '../../hands/collector.ts'
import type { FileRow } from '../files.ts'
import type { SessionOutputStore } from '../session-outputs.ts'
import { refusingBuried } from './burial.ts'
import type { Database } from './database.ts'
import { insertFile } from './files.ts'

/** What `changed` is for a path that no sandbox has any more. */
const GONE = ''

export function createSessionOutputStore(database: Database): SessionOutputStore {
  function rowsOf({ sessionId, hand }: OutputPlace) {
    const rows = database.selectFrom('session_outputs').where('session_outputs.session_id', '=', sessionId)
    return rows.where('hand', '=', hand).where('changed', '<>', GONE).orderBy('path')
  }

  return {
    known: (place) => rowsOf(place).select(['path', 'changed']).execute(),

    async kept(place) {
      const rows = await rowsOf(place)
        .innerJoin('files', 'files.id', 'session_outputs.file_id')
        .select(['path', 'files.id as file', 'files.size', 'files.sha256'])
        .execute()
      return rows.map((row) => ({ ...row, size: Number(row.size) }))
    },

    replace: (place, output, file) => refusingBuried(place.sessionId, replace(database, { place, output, file })),

    async forget({ sessionId, hand }, paths) {
      const rows = database.updateTable('session_outputs').set({ changed: GONE }).where('session_id', '=', sessionId)
      await rows.where('hand', '=', hand).where('path', 'in', paths).execute()
    },
  }
}

interface Replacement {
  readonly place: OutputPlace
  readonly output: KnownOutput
  readonly file: FileRow
}

/** Two workers may have read the same output: they come one after the other, and the second finds the first one's. */
function replace(database: Database, { place, output, file }: Replacement): Promise<boolean> {
  const { sessionId, hand } = place
  const { path, changed } = output
  return database.transaction().execute(async (transaction) => {
    await sql`select pg_advisory_xact_lock(hashtextextended(${`outputs ${sessionId}`}, 0))`.execute(transaction)
    const before = await transaction
      .selectFrom('session_outputs')
      .select(['sha256', 'file_id'])
      .where('session_id', '=', sessionId)
      .where('hand', '=', hand)
      .where('path', '=', path)
      .executeTakeFirst()
    const isSame = before?.sha256 === file.sha256
    const fileId = isSame ? before.file_id : file.id
    await sql`
      insert into session_outputs (session_id, hand, path, workspace_id, changed, sha256, file_id)
      values (${sessionId}, ${hand}, ${path}, ${file.workspaceId}, ${changed}, ${file.sha256}, ${fileId})
      on conflict (session_id, hand, path) do update
        set changed = excluded.changed, sha256 = excluded.sha256, file_id = excluded.file_id
    `.execute(transaction)
    if (isSame) return false
    await insertFile(transaction, file)
    if (before) await transaction.deleteFrom('files').where('id', '=', before.file_id).execute()
    return true
  })
}
