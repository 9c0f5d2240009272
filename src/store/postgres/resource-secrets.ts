import { sql } from 'kysely'
import type { ResourceSecretStore, SecretOwner } from '../resource-secrets.ts'
import { refusingBuried } from './burial.ts'
import type { Database } from './database.ts'

export function createResourceSecretStore(database: Database): ResourceSecretStore {
  return {
    put: (owner, seal) => refusingBuried(owner.sessionId, put(database, owner, seal)),

    of(sessionId) {
      return database
        .selectFrom('resource_secrets')
        .select([
          'workspace_id as workspaceId',
          'session_id as sessionId',
          'resource_id as resourceId',
          'version',
          'sealed',
        ])
        .where('session_id', '=', sessionId)
        .orderBy('resource_id')
        .execute()
    },

    async versions(sessionIds) {
      const rows = await database
        .selectFrom('resource_secrets')
        .select(['session_id', sql<number>`sum(version)::integer`.as('version')])
        .where('session_id', '=', sql<string>`any(${sessionIds}::text[])`)
        .groupBy('session_id')
        .execute()
      return new Map(rows.map((row) => [row.session_id, row.version]))
    },
  }
}

/** The first statement takes the row and gives the version; nobody sees the row before the second has filled it. */
function put(database: Database, owner: SecretOwner, seal: (version: number) => Buffer): Promise<number> {
  return database.transaction().execute(async (transaction) => {
    const { rows } = await sql<{ version: number }>`
      insert into resource_secrets as mine (resource_id, session_id, workspace_id, version, sealed)
      values (${owner.resourceId}, ${owner.sessionId}, ${owner.workspaceId}, 1, '')
      on conflict (resource_id) do update set version = mine.version + 1, updated_at = clock_timestamp()
        where mine.session_id = excluded.session_id and mine.workspace_id = excluded.workspace_id
      returning version
    `.execute(transaction)
    const version = rows[0]?.version
    if (version === undefined) throw new Error(`${owner.resourceId} is a resource of another session`)
    const rowsOfIt = transaction.updateTable('resource_secrets').set({ sealed: seal(version) })
    await rowsOfIt.where('resource_id', '=', owner.resourceId).execute()
    return version
  })
}
