import { sql } from 'kysely'
import type { SpentSandbox, SpentSandboxes } from '../spent-sandboxes.ts'
import type { Database } from './database.ts'

const AT_A_TIME = 100

/** A session counts as archived once its row says so: the request that archives it writes that, and every later fold. */
export function createSpentSandboxes(database: Database): SpentSandboxes {
  return {
    take: () => take(database),

    async markDestroyed({ sessionId, generation }) {
      const rows = database.updateTable('sandboxes').set({ destroyed_at: sql<Date>`now()` })
      await rows.where('session_id', '=', sessionId).where('generation', '=', generation).execute()
    },
  }
}

async function take(database: Database): Promise<readonly SpentSandbox[]> {
  const due = database
    .selectFrom('sandboxes')
    .innerJoin('sessions', 'sessions.id', 'sandboxes.session_id')
    .select('sandboxes.session_id')
    .where('sandboxes.destroyed_at', 'is', null)
    .where('sessions.archived_at', 'is not', null)
    // One that was reset works again before its row knows all of it.
    .where('sessions.status', '=', 'terminated')
    .orderBy('sandboxes.tried_at', (order) => order.asc().nullsFirst())
    .orderBy('sandboxes.session_id')
    .limit(AT_A_TIME)
  return database
    .updateTable('sandboxes')
    .set({ tried_at: sql<Date>`now()` })
    .where('session_id', 'in', due)
    .returning(['session_id as sessionId', 'generation'])
    .execute()
}
