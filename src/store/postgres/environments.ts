import type { Environment } from '../../wire/types.ts'
import type { EnvironmentStore } from '../environments.ts'
import type { Database } from './database.ts'
import { isBehind } from './keyset.ts'

const defaultName = 'default'

/** Environments in PostgreSQL; a partial unique index keeps the names of the live ones apart. */
export function createEnvironmentStore(database: Database): EnvironmentStore {
  function select(workspaceId: string) {
    return database.selectFrom('environments').select('document').where('workspace_id', '=', workspaceId)
  }

  async function create(workspaceId: string, environment: Environment): Promise<boolean> {
    const { numInsertedOrUpdatedRows } = await database
      .insertInto('environments')
      .values({
        id: environment.id,
        workspace_id: workspaceId,
        name: environment.name,
        document: JSON.stringify(environment),
        created_at: new Date(environment.created_at),
        archived_at: environment.archived_at === null ? null : new Date(environment.archived_at),
      })
      .onConflict((conflict) => conflict.columns(['workspace_id', 'name']).where('archived_at', 'is', null).doNothing())
      .executeTakeFirstOrThrow()
    return numInsertedOrUpdatedRows === 1n
  }

  async function readDefault(workspaceId: string): Promise<Environment | undefined> {
    const query = select(workspaceId).where('name', '=', defaultName).where('archived_at', 'is', null)
    return (await query.executeTakeFirst())?.document
  }

  return {
    create,

    async read(workspaceId, id) {
      return (await select(workspaceId).where('id', '=', id).executeTakeFirst())?.document ?? null
    },

    async list(workspaceId, { limit, from, includeArchived }) {
      let query = select(workspaceId)
      if (from !== undefined) query = query.where(isBehind(from, 'desc'))
      if (includeArchived !== true) query = query.where('archived_at', 'is', null)
      const rows = await query.orderBy('created_at', 'desc').orderBy('id', 'desc').limit(limit).execute()
      return rows.map(({ document }) => document)
    },

    async ensureDefault(workspaceId, make) {
      const existing = await readDefault(workspaceId)
      if (existing !== undefined) return existing
      await create(workspaceId, make())
      const winner = await readDefault(workspaceId)
      if (winner === undefined) throw new Error(`expected an environment named ${defaultName}, got one of another name`)
      return winner
    },
  }
}
