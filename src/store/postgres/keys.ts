import { createHash } from 'node:crypto'
import type { KeyStore } from '../keys.ts'
import type { Database } from './database.ts'

/**
 * Keys in PostgreSQL, found by the index on their SHA-256. How long that search takes tells about the hash of what was
 * offered, which nobody can steer towards a stored one: the time leaks nothing of a key.
 */
export function createKeyStore(database: Database): KeyStore {
  return {
    async createWorkspace(id, name) {
      await database
        .insertInto('workspaces')
        .values({ id, name })
        .onConflict((conflict) => conflict.column('id').doNothing())
        .execute()
    },

    async ensure(key, secret) {
      const secretHash = hash(secret)
      await database
        .deleteFrom('api_keys')
        .where('workspace_id', '=', key.workspaceId)
        .where('name', '=', key.name)
        .where('secret_hash', '<>', secretHash)
        .execute()
      await database
        .insertInto('api_keys')
        .values({ id: key.id, workspace_id: key.workspaceId, name: key.name, secret_hash: secretHash })
        .onConflict((conflict) => conflict.column('secret_hash').doNothing())
        .execute()
      const { workspace_id: opens } = await database
        .selectFrom('api_keys')
        .select('workspace_id')
        .where('secret_hash', '=', secretHash)
        .executeTakeFirstOrThrow()
      if (opens !== key.workspaceId)
        throw new Error(
          `expected the key ${key.name} to open workspace ${key.workspaceId}, but it opens ${opens} already`,
        )
    },

    async verify(secret) {
      const row = await database
        .selectFrom('api_keys')
        .select(['id', 'name', 'workspace_id as workspaceId'])
        .where('secret_hash', '=', hash(secret))
        .executeTakeFirst()
      return row ?? null
    },
  }
}

function hash(secret: string): Buffer {
  return createHash('sha256').update(secret).digest()
}
