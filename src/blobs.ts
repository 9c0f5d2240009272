import { join } from 'node:path'
import type { Config } from './config.ts'
import type { BlobStore } from './history/blobs.ts'
import { createFolderBlobs } from './store/folder-blobs.ts'
import { createGuardedBlobs } from './store/guarded-blobs.ts'
import { createSealedBlobs } from './store/sealed-blobs.ts'
import type { SessionStore } from './store/sessions.ts'

/**
 * The blobs of all sessions, in the data folder, which every api and worker needs; encrypted where payloads are.
 */
export function openBlobs(
  { data, codecKey }: Pick<Config, 'data' | 'codecKey'>,
  sessions: Pick<SessionStore, 'find'>,
): BlobStore {
  const folder = createFolderBlobs(join(data, 'blobs'))
  return createGuardedBlobs(codecKey ? createSealedBlobs(folder, codecKey) : folder, sessions)
}
