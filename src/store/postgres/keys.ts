import { sql } from 'kysely'
import type { Transaction } from 'kysely'
import type { ApiKey, KeyRecord, KeyStore } from '../keys.ts'
import type { Database } from './database.ts'
import type { Schema } from './schema.ts'
import { endingOf, hashSecret } from './secret.ts'

const workspace = ['id', 'name', 'created_at as createdAt'] as const
const identity = ['id', 'name', 'workspace_id as workspaceId'] as const
const record = [...identity, 'ending', 'created_at as createdAt', 'revoked_at as revokedAt'] as const

/**
 * Keys in PostgreSQL, found by the index on their SHA-256. How long that search takes tells about the hash of what was
 * offered, which nobody can steer towards a stored one: the time leaks nothing of a key.
 */
export function createKeyStore(database: Database): KeyStore {
  return {
    async createWorkspace(id, name) {
      const rows = database.insertInto('workspaces').values({ id, name })
      const created = rows.onConflict((conflict) => conflict.doNothing()).returning(workspace)
      return (await created.executeTakeFirst()) ?? null
    },

    workspaces() {
      const rows = database.selectFrom('workspaces').select(workspace)
      return rows.orderBy('created_at').orderBy('id').execute()
    },

    create(key, secret) {
      return database.transaction().execute(async (transaction) => {
        await lockWorkspace(transaction, key.workspaceId)
        return insert(transaction, key, secret)
      })
    },

    ensure: (key, secret) => database.transaction().execute((transaction) => ensure(transaction, key, secret)),

    async verify(secret) {
      const row = await database
        .selectFrom('api_keys')
        .select(identity)
        .where('secret_hash', '=', hashSecret(secret))
        .where('revoked_at', 'is', null)
        .executeTakeFirst()
      return row ?? null
    },

    list: () => database.selectFrom('api_keys').select(record).orderBy('created_at').orderBy('id').execute(),

    async revoke(id, at): Promise<KeyRecord | null> {
      const rows = database.updateTable('api_keys').set({ revoked_at: sql<Date>`coalesce(revoked_at, ${at})` })
      return (await rows.where('id', '=', id).returning(record).executeTakeFirst()) ?? null
    },
  }
}

async function ensure(transaction: Transaction<Schema>, key: ApiKey, secret: string): Promise<boolean> {
  await lockWorkspace(transaction, key.workspaceId)
  // Revoked keys stay, so that they stay revoked.
  await transaction
    .deleteFrom('api_keys')
    .where('workspace_id', '=', key.workspaceId)
    .where('name', '=', key.name)
    .where('secret_hash', '<>', hashSecret(secret))
    .where('revoked_at', 'is', null)
    .execute()
  await insert(transaction, key, secret)
  const stored = await transaction
    .selectFrom('api_keys')
    .select(['workspace_id', 'revoked_at'])
    .where('secret_hash', '=', hashSecret(secret))
    .executeTakeFirstOrThrow()
  if (stored.workspace_id !== key.workspaceId) {
    const expected = `expected the key ${key.name} to open workspace ${key.workspaceId}`
    throw new Error(`${expected}, but it opens ${stored.workspace_id} already`)
  }
  return stored.revoked_at === null
}

/** Whoever writes keys of a workspace waits for its turn; sessions and agents go on being written meanwhile. */
async function lockWorkspace(transaction: Transaction<Schema>, id: string): Promise<void> {
  const row = transaction.selectFrom('workspaces').select('id').where('id', '=', id).forNoKeyUpdate()
  if ((await row.executeTakeFirst()) === undefined) throw new Error(`there is no workspace ${id}`)
}

/** Null when the secret is stored already, or another live key of the workspace has the name. */
async function insert(transaction: Transaction<Schema>, key: ApiKey, secret: string): Promise<KeyRecord | null> {
  const rows = transaction.insertInto('api_keys').values({
    id: key.id,
    workspace_id: key.workspaceId,
    name: key.name,
    secret_hash: hashSecret(secret),
    ending: endingOf(secret),
    revoked_at: null,
  })
  const created = rows.onConflict((conflict) => conflict.doNothing()).returning(record)
  return (await created.executeTakeFirst()) ?? null
}
