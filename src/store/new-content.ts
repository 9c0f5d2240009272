import { createHash, randomUUID } from 'node:crypto'
import type { FileContents, FileStore } from './files.ts'

export interface ContentStores {
  readonly files: Pick<FileStore, 'begin' | 'forget'>
  readonly contents: Pick<FileContents, 'write' | 'remove'>
}

/** Bytes that are stored and are no file's yet. */
export interface NewContent {
  /** Their key. */
  readonly content: string
  /** How many there are. */
  readonly size: number
  /** Of them, hexadecimal. */
  readonly sha256: string
}

/** Stores bytes under a new key; they are durable when it resolves. Rejects as `source` does, and then keeps nothing. */
export async function storeContent(
  stores: ContentStores,
  workspaceId: string,
  source: AsyncIterable<Uint8Array>,
): Promise<NewContent> {
  const content = randomUUID()
  const hash = createHash('sha256')
  let size = 0
  async function* measured(): AsyncGenerator<Uint8Array, void> {
    for await (const chunk of source) {
      size += chunk.length
      hash.update(chunk)
      yield chunk
    }
  }
  await stores.files.begin(workspaceId, content)
  try {
    await stores.contents.write(content, measured())
  } catch (error) {
    await dropContent(stores, content)
    throw error
  }
  return { content, size, sha256: hash.digest('hex') }
}

/** Removes bytes that no file has. Those that cannot be removed now are found later. */
export async function dropContent({ files, contents }: ContentStores, content: string): Promise<void> {
  await contents.remove(content)
  await files.forget(content, new Date())
}
