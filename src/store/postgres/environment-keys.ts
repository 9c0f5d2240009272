import { sql } from 'kysely'
import type { EnvironmentKey, EnvironmentKeyStore } from '../environment-keys.ts'
import type { Database } from './database.ts'
import { endingOf, hashSecret } from './secret.ts'

const record = [
  'id',
  'environment_id as environmentId',
  'workspace_id as workspaceId',
  'name',
  'ending',
  'created_at as createdAt',
  'revoked_at as revokedAt',
] as const

/** Keys of workers in PostgreSQL, found as API keys are: by the index on their SHA-256. */
export function createEnvironmentKeyStore(database: Database): EnvironmentKeyStore {
  return {
    create: (key, secret) => create(database, key, secret),

    list: () => database.selectFrom('environment_keys').select(record).orderBy('created_at').orderBy('id').execute(),

    async revoke(id, at) {
      const rows = database.updateTable('environment_keys').set({ revoked_at: sql<Date>`coalesce(revoked_at, ${at})` })
      return (await rows.where('id', '=', id).returning(record).executeTakeFirst()) ?? null
    },

    async verify(secret) {
      const rows = database.selectFrom('environment_keys').select(record).where('revoked_at', 'is', null)
      return (await rows.where('secret_hash', '=', hashSecret(secret)).executeTakeFirst()) ?? null
    },
  }
}

function create(
  database: Database,
  { id, environmentId, name }: Pick<EnvironmentKey, 'id' | 'environmentId' | 'name'>,
  secret: string,
): ReturnType<EnvironmentKeyStore['create']> {
  return database.transaction().execute(async (transaction) => {
    const environment = await transaction
      .selectFrom('environments')
      .select(['workspace_id', 'document'])
      .where('id', '=', environmentId)
      .forKeyShare()
      .executeTakeFirst()
    if (environment === undefined) return 'missing'
    if (environment.document.config.type !== 'self_hosted') return 'cloud'
    const values = {
      id,
      environment_id: environmentId,
      workspace_id: environment.workspace_id,
      name,
      secret_hash: hashSecret(secret),
      ending: endingOf(secret),
      revoked_at: null,
    }
    const rows = transaction.insertInto('environment_keys').values(values)
    const created = rows.onConflict((conflict) => conflict.doNothing()).returning(record)
    return (await created.executeTakeFirst()) ?? 'taken'
  })
}
