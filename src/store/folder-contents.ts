import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { demandContent } from './blob-names.ts'
import { failing, openIfThere, writeDurably } from './durable-file.ts'
import type { FileContents } from './files.ts'

/**
 * Contents of files in a folder, each a folder of its own with one file in it, so that what a dead writer has left goes
 * with it. Any number of processes may share the folder. Failures of the disk reject with an error that names its code
 * and no path.
 */
export function createFolderContents(root: string): FileContents {
  return {
    write: async (key, source) =>
      failing('a file could not be written', writeDurably(root, join(folderOf(root, key), 'content'), source)),
    async open(key) {
      const file = await failing('a file could not be read', openIfThere(join(folderOf(root, key), 'content')))
      return file?.createReadStream() ?? null
    },
    remove: async (key) =>
      failing('a file could not be removed', rm(folderOf(root, key), { recursive: true, force: true, maxRetries: 5 })),
  }
}

function folderOf(root: string, key: string): string {
  return join(root, demandContent(key))
}
