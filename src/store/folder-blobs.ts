import { access, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { BlobStore } from '../history/blobs.ts'
import { blobBytes, demandBlob, demandBlobSize, demandSession, isBlob, isSession } from './blob-names.ts'
import { failing, isMissing, openIfThere, writeDurably } from './durable-file.ts'

const UNREAD = 'a blob could not be read'

/**
 * Blobs in a folder: a file per blob, named by its key, in a folder per session. Any number of processes may share it. A
 * blob is written beside its place, flushed and renamed, so what stands there is whole.
 * Failures of the disk reject with an error that names its code and no path.
 */
export function createFolderBlobs(root: string): BlobStore {
  return {
    async put(session, key, bytes) {
      demandBlobSize(bytes)
      await failing('a blob could not be written', writeDurably(root, placeOf(root, session, key), bytes))
    },
    get: async (session, key, most) => failing(UNREAD, read(placeOf(root, session, key), most)),
    has: async (session, key) => failing(UNREAD, isThere(placeOf(root, session, key))),
    list: async (session) => failing(UNREAD, list(folderOf(root, session), isBlob)),
    sessions: async () => failing(UNREAD, list(root, isSession)),
    async clear(session) {
      const folder = folderOf(root, session)
      await failing(
        'a blob could not be removed',
        rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 }),
      )
    },
  }
}

async function read(place: string, most: number): Promise<Uint8Array | null> {
  const file = await openIfThere(place)
  if (!file) return null
  await using handle = file
  const { size } = await handle.stat()
  const bytes = Buffer.alloc(Math.min(size, blobBytes(most)))
  const { bytesRead } = await handle.read(bytes, 0, bytes.length, 0)
  return bytes.subarray(0, bytesRead)
}

async function isThere(place: string): Promise<boolean> {
  try {
    await access(place)
    return true
  } catch (error) {
    if (isMissing(error)) return false
    throw error
  }
}

/** Drafts that a dead writer has left are no blobs. */
async function list(folder: string, isOne: (name: string) => boolean): Promise<readonly string[]> {
  try {
    return (await readdir(folder)).filter(isOne)
  } catch (error) {
    if (isMissing(error)) return []
    throw error
  }
}

function placeOf(root: string, session: string, key: string): string {
  return join(folderOf(root, session), demandBlob(key))
}

function folderOf(root: string, session: string): string {
  return join(root, demandSession(session))
}
