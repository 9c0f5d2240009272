import { Readable } from 'node:stream'
import type { FileContents } from '../../src/store/files.ts'

/** Bytes of files in memory; `contents` lets a test look at them, take some away or damage them. */
export interface MemoryContents extends FileContents {
  readonly contents: Map<string, Buffer>
}

export function createMemoryContents(): MemoryContents {
  const contents = new Map<string, Buffer>()
  return {
    contents,
    async write(key, source) {
      const chunks: Uint8Array[] = []
      for await (const chunk of source) chunks.push(chunk)
      contents.set(key, Buffer.concat(chunks))
    },
    async open(key) {
      const bytes = contents.get(key)
      return bytes ? Readable.from([bytes], { objectMode: false }) : null
    },
    async remove(key) {
      contents.delete(key)
    },
  }
}
