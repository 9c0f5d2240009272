import type { Callers } from './api/context.ts'
import type { EnvironmentKeyStore } from './store/environment-keys.ts'
import type { KeyStore } from './store/keys.ts'
import type { WorkQueue } from './store/work.ts'

/** What knows secrets. */
export interface CallerStores {
  readonly keys: Pick<KeyStore, 'verify'>
  readonly environmentKeys: Pick<EnvironmentKeyStore, 'verify'>
  readonly work: Pick<WorkQueue, 'verifyToken'>
}

/** Whoever a secret may be. API keys come first: operators choose the text of theirs, and it may look like another. */
export function createCallers({ keys, environmentKeys, work }: CallerStores): Callers {
  return {
    async verify(secret) {
      const key = await keys.verify(secret)
      if (key) return { type: 'key', workspaceId: key.workspaceId, keyId: key.id }
      if (secret.startsWith('lh_env_')) {
        const found = await environmentKeys.verify(secret)
        if (!found) return null
        const { id: keyId, workspaceId, environmentId } = found
        return { type: 'environment', workspaceId, keyId, environmentId }
      }
      if (!secret.startsWith('lh_work_')) return null
      const token = await work.verifyToken(secret)
      return token && { type: 'work', ...token }
    },
  }
}
