import { access, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { BlobStore } from '../history/blobs.ts'
import { failing, isMissing, openIfThere, writeDurably } from './durable-file.ts'

const MAX_BYTES = 64 * 1024 * 1024
const SESSION = /^[a-z]+_[0-9A-Za-z]+$/
const KEY = /^[0-9a-f]{64}$/
const UNREAD = 'a blob could not be read'

/**
 * Blobs in a folder: a file per blob, named by its key, in a folder per session. Any number of processes may share it. A
 * blob is written beside its place, flushed and renamed, so what stands there is whole.
 * Failures of the disk reject with an error that names its code and no path.
 */
export function createFolderBlobs(root: string): BlobStore {
  return {
    async put(session, key, bytes) {
      if (bytes.length > MAX_BYTES)
        throw new RangeError(`expected a blob of at most ${MAX_BYTES} bytes, got ${bytes.length}`)
      await failing('a blob could not be written', writeDurably(root, placeOf(root, session, key), bytes))
    },
    get: async (session, key, most) => failing(UNREAD, read(placeOf(root, session, key), most)),
    has: async (session, key) => failing(UNREAD, isThere(placeOf(root, session, key))),
    list: async (session) => failing(UNREAD, list(folderOf(root, session), KEY)),
    sessions: async () => failing(UNREAD, list(root, SESSION)),
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
  const bytes = Buffer.alloc(Math.min(size, most, MAX_BYTES))
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
async function list(folder: string, names: RegExp): Promise<readonly string[]> {
  try {
    return (await readdir(folder)).filter((name) => names.test(name))
  } catch (error) {
    if (isMissing(error)) return []
    throw error
  }
}

function placeOf(root: string, session: string, key: string): string {
  if (!KEY.test(key)) throw new RangeError('expected the SHA-256 of a blob in hexadecimal')
  return join(folderOf(root, session), key)
}

/** Nothing but an id may name a folder. */
function folderOf(root: string, session: string): string {
  if (!SESSION.test(session)) throw new RangeError('expected the id of a session')
  return join(root, session)
}
