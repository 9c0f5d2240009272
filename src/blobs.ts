import { join } from 'node:path'
import type { Config } from './config.ts'
import type { BlobStore } from './history/blobs.ts'
import type { FileContents } from './store/files.ts'
import { createFolderBlobs } from './store/folder-blobs.ts'
import { createFolderContents } from './store/folder-contents.ts'
import { createGuardedBlobs } from './store/guarded-blobs.ts'
import { createSealedBlobs } from './store/sealed-blobs.ts'
import { createSealedContents } from './store/sealed-contents.ts'
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

/** The bytes of all files, beside them and encrypted like them. */
export function openContents({ data, codecKey }: Pick<Config, 'data' | 'codecKey'>): FileContents {
  const folder = createFolderContents(join(data, 'files'))
  return codecKey ? createSealedContents(folder, codecKey) : folder
}
