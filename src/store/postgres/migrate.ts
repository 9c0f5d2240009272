import { Migrator, sql } from 'kysely'
import * as tables from '../migrations/0001-tables.ts'
import * as keys from '../migrations/0002-keys.ts'
import * as archive from '../migrations/0003-archive.ts'
import * as tries from '../migrations/0004-tries.ts'
import * as files from '../migrations/0005-files.ts'
import * as resets from '../migrations/0006-resets.ts'
import * as budgets from '../migrations/0007-budgets.ts'
import * as networking from '../migrations/0008-networking.ts'
import * as destroyedSandboxes from '../migrations/0009-destroyed-sandboxes.ts'
import * as unseenEnds from '../migrations/0010-unseen-ends.ts'
import * as hands from '../migrations/0011-hands.ts'
import * as work from '../migrations/0012-work.ts'
import * as resourceSecrets from '../migrations/0013-resource-secrets.ts'
import * as losses from '../migrations/0014-losses.ts'
import * as sessionHands from '../migrations/0015-session-hands.ts'
import * as lists from '../migrations/0016-lists.ts'
import * as spoiledSandboxes from '../migrations/0017-spoiled-sandboxes.ts'
import type { Database } from './database.ts'

/** Numbered, run in this order, never changed once released, never undone. */
export const migrations = {
  '0001-tables': tables,
  '0002-keys': keys,
  '0003-archive': archive,
  '0004-tries': tries,
  '0005-files': files,
  '0006-resets': resets,
  '0007-budgets': budgets,
  '0008-networking': networking,
  '0009-destroyed-sandboxes': destroyedSandboxes,
  '0010-unseen-ends': unseenEnds,
  '0011-hands': hands,
  '0012-work': work,
  '0013-resource-secrets': resourceSecrets,
  '0014-losses': losses,
  '0015-session-hands': sessionHands,
  '0016-lists': lists,
  '0017-spoiled-sandboxes': spoiledSandboxes,
}

/**
 * Brings the database to the newest schema, all pending steps in one transaction under the migrator's advisory lock:
 * a second process that migrates at the same time waits, finds nothing to do and succeeds. Rejects with the step that
 * failed, in which case nothing changed.
 */
export async function migrate(database: Database): Promise<void> {
  await database.connection().execute(async (connection) => {
    // Waiting for the other process, and some steps, take longer than a statement of a request may.
    await sql`set statement_timeout = 0`.execute(connection)
    try {
      const migrator = new Migrator({ db: connection, provider: { getMigrations: async () => migrations } })
      const { error, results } = await migrator.migrateToLatest()
      if (error === undefined) return
      const failed = results?.find(({ status }) => status === 'Error')?.migrationName ?? 'before the first step'
      const reason = error instanceof Error ? error.message : 'unknown'
      throw new Error(`migration failed (${failed}): ${reason}`, { cause: error })
    } finally {
      await sql`reset statement_timeout`.execute(connection)
    }
  })
}
