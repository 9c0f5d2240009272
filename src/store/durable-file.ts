import { randomUUID } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import { mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { StoreAway } from './away.ts'

/**
 * Writes a file beside its place, flushes and renames it, so that what stands there is whole, and durable when this
 * resolves. The folder is made when it is missing. Rejects as the pieces do, and then leaves nothing.
 * @param root the outermost folder that may be new: an ancestor of the file, or its folder.
 */
export async function writeDurably(
  root: string,
  place: string,
  content: Uint8Array | AsyncIterable<Uint8Array>,
): Promise<void> {
  const folder = dirname(place)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const draft = `${place}.${randomUUID()}`
  try {
    await using file = await open(draft, 'wx', 0o600)
    await file.writeFile(content)
    await file.sync()
  } catch (error) {
    await rm(draft, { force: true })
    throw error
  }
  await rename(draft, place)
  for (const changed of new Set([folder, root, dirname(root)])) await syncFolder(changed)
}

/** A new name is durable once its folder is. */
async function syncFolder(folder: string): Promise<void> {
  await using handle = await open(folder, 'r')
  await handle.sync()
}

/** The file, open for reading, or null when there is none. */
export async function openIfThere(place: string): Promise<FileHandle | null> {
  try {
    return await open(place, 'r')
  } catch (error) {
    if (isMissing(error)) return null
    throw error
  }
}

export function isMissing(error: unknown): boolean {
  return codeOf(error) === 'ENOENT'
}

/**
 * Awaits work on a disk. What fails is told to clients, and a path is none of their business: the error names `what` was
 * not done and the code. An error without a code is not the disk's, and passes.
 */
export async function failing<T>(what: string, work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    const code = codeOf(error)
    if (code === null) throw error
    throw new StoreAway(`store: ${what}: ${code}`, { cause: error })
  }
}

function codeOf(error: unknown): string | null {
  return error instanceof Error && 'code' in error ? String(error.code) : null
}
