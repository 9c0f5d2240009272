import { randomUUID } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import { access, mkdir, open, readdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { BlobStore } from '../history/blobs.ts'

const MAX_BYTES = 64 * 1024 * 1024
const SESSION = /^[a-z]+_[0-9A-Za-z]+$/
const KEY = /^[0-9a-f]{64}$/

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
      await failing('written', write(root, placeOf(root, session, key), bytes))
    },
    get: async (session, key, most) => failing('read', read(placeOf(root, session, key), most)),
    has: async (session, key) => failing('read', isThere(placeOf(root, session, key))),
    list: async (session) => failing('read', list(folderOf(root, session), KEY)),
    sessions: async () => failing('read', list(root, SESSION)),
    async clear(session) {
      const folder = folderOf(root, session)
      await failing('removed', rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 }))
    },
  }
}

async function write(root: string, place: string, bytes: Uint8Array): Promise<void> {
  const folder = dirname(place)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const draft = `${place}.${randomUUID()}`
  try {
    await using file = await open(draft, 'wx', 0o600)
    await file.writeFile(bytes)
    await file.sync()
  } catch (error) {
    await rm(draft, { force: true })
    throw error
  }
  await rename(draft, place)
  for (const changed of [folder, root, dirname(root)]) await syncFolder(changed)
}

/** A new name is durable once its folder is. */
async function syncFolder(folder: string): Promise<void> {
  await using handle = await open(folder, 'r')
  await handle.sync()
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

async function openIfThere(place: string): Promise<FileHandle | null> {
  try {
    return await open(place, 'r')
  } catch (error) {
    if (isMissing(error)) return null
    throw error
  }
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

function isMissing(error: unknown): boolean {
  return codeOf(error) === 'ENOENT'
}

/** What fails here is told to clients, and a path is none of their business. */
async function failing<T>(done: string, work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    throw new Error(`store: a blob could not be ${done}: ${codeOf(error)}`, { cause: error })
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
}
