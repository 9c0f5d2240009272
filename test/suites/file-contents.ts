import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { FileContents } from '../../src/store/files.ts'

const SEGMENT = 64 * 1024

async function* inPieces(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

/** All bytes of a content, or null when there are none. */
export async function readAll(contents: FileContents, key: string): Promise<Buffer | null> {
  const stream = await contents.open(key)
  if (!stream) return null
  const chunks: Uint8Array[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** What every store of files' bytes does; each call of `open` is another process on the same bytes. */
export function fileContentsSuite(open: () => Promise<FileContents>): void {
  describe('contents', () => {
    test.each([0, 1, SEGMENT - 1, SEGMENT, SEGMENT + 1, 2 * SEGMENT, 3_000_001])(
      'of %i bytes are read as they were written, from whichever process',
      async (size) => {
        const [key, bytes] = [randomUUID(), randomBytes(size)]
        await (await open()).write(key, inPieces(bytes, 50_000))
        expect((await readAll(await open(), key))?.equals(bytes)).toBe(true)
      },
    )

    test('are the same in whatever pieces they come', async () => {
      const [contents, bytes] = [await open(), randomBytes(200_000)]
      for (const size of [997, SEGMENT, 1_000_000]) {
        const key = randomUUID()
        await contents.write(key, inPieces(bytes, size))
        expect((await readAll(contents, key))?.equals(bytes)).toBe(true)
      }
    })

    test('that were never written, or were removed, are not there', async () => {
      const [contents, key] = [await open(), randomUUID()]
      expect(await contents.open(key)).toBeNull()
      await contents.remove(key)
      await contents.write(key, inPieces(Buffer.from('abc'), 9))
      await contents.remove(key)
      await contents.remove(key)
      expect(await contents.open(key)).toBeNull()
    })

    test('whose source breaks off are not kept', async () => {
      const [contents, key] = [await open(), randomUUID()]
      async function* broken(): AsyncGenerator<Buffer> {
        yield randomBytes(100_000)
        throw new Error('the line broke')
      }
      await expect(contents.write(key, broken())).rejects.toThrow('the line broke')
      expect(await contents.open(key)).toBeNull()
    })

    test('that are removed while they are read are read to their end', async () => {
      const [contents, key, bytes] = [await open(), randomUUID(), randomBytes(5_000_000)]
      await contents.write(key, inPieces(bytes, 100_000))
      const stream = await contents.open(key)
      const hash = createHash('sha256')
      let length = 0
      for await (const chunk of stream ?? []) {
        if (length === 0) await contents.remove(key)
        length += chunk.length
        hash.update(chunk)
      }
      expect(length).toBe(bytes.length)
      expect(hash.digest('hex')).toBe(createHash('sha256').update(bytes).digest('hex'))
      expect(await contents.open(key)).toBeNull()
    })
  })
}
