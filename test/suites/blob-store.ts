import { createHash, randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { BlobStore } from '../../src/history/blobs.ts'

const MIB = 1024 * 1024

function keyOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** What every store of blobs does; each call of `open` is another process on the same blobs. */
export function blobStoreSuite(open: () => Promise<BlobStore>): void {
  let sessions = 0
  const newSession = (): string => `sesn_${process.pid}x${sessions++}`

  describe('blobs', () => {
    test('answer what was put, from whichever process', async () => {
      const session = newSession()
      const bytes = randomBytes(3 * MIB)
      const key = keyOf(bytes)
      await (await open()).put(session, key, bytes)
      const other = await open()
      expect(await other.has(session, key)).toBe(true)
      expect(keyOf((await other.get(session, key, bytes.length)) ?? Buffer.of())).toBe(key)
    })

    test('keep an empty blob', async () => {
      const [blobs, session, bytes] = [await open(), newSession(), Buffer.of()]
      await blobs.put(session, keyOf(bytes), bytes)
      expect(await blobs.get(session, keyOf(bytes), 10)).toHaveLength(0)
    })

    test('know nothing of what was never put', async () => {
      const [blobs, session, key] = [await open(), newSession(), keyOf(Buffer.of(1))]
      expect(await blobs.get(session, key, 10)).toBeNull()
      expect(await blobs.has(session, key)).toBe(false)
      expect(await blobs.list(session)).toEqual([])
      await blobs.clear(session)
    })

    test('answer no more than was asked for', async () => {
      const [blobs, session, bytes] = [await open(), newSession(), Buffer.from('abcdef')]
      await blobs.put(session, keyOf(bytes), bytes)
      const some = await blobs.get(session, keyOf(bytes), 4)
      expect(some?.length).toBeLessThan(bytes.length + 40)
      expect(keyOf(some ?? Buffer.of())).not.toBe(keyOf(bytes))
    })

    test('are the same when they are put again, by several at once', async () => {
      const [session, bytes] = [newSession(), randomBytes(200_000)]
      const stores = await Promise.all(Array.from({ length: 12 }, open))
      await Promise.all(stores.map((blobs) => blobs.put(session, keyOf(bytes), bytes)))
      const [blobs] = stores
      expect(await blobs?.list(session)).toEqual([keyOf(bytes)])
      expect(await blobs?.get(session, keyOf(bytes), bytes.length)).toEqual(bytes)
    })

    test('are mended by being put again', async () => {
      const [blobs, session, bytes] = [await open(), newSession(), randomBytes(500)]
      await blobs.put(session, keyOf(bytes), Buffer.from('something else'))
      await blobs.put(session, keyOf(bytes), bytes)
      expect(await blobs.get(session, keyOf(bytes), bytes.length)).toEqual(bytes)
    })

    test('of one session are nobody else’s', async () => {
      const [blobs, mine, other, bytes] = [await open(), newSession(), newSession(), randomBytes(20)]
      await blobs.put(mine, keyOf(bytes), bytes)
      expect(await blobs.get(other, keyOf(bytes), 20)).toBeNull()
      await blobs.put(other, keyOf(bytes), bytes)
      await blobs.clear(other)
      expect(await blobs.list(other)).toEqual([])
      expect(await blobs.get(mine, keyOf(bytes), 20)).toEqual(bytes)
    })

    test('go with their session, and it may have others later', async () => {
      const [blobs, session, all] = [await open(), newSession(), [randomBytes(10), randomBytes(MIB)]]
      for (const bytes of all) await blobs.put(session, keyOf(bytes), bytes)
      expect((await blobs.list(session)).toSorted()).toEqual(all.map(keyOf).toSorted())
      await blobs.clear(session)
      await blobs.clear(session)
      expect(await blobs.list(session)).toEqual([])
      const [first = Buffer.of()] = all
      await blobs.put(session, keyOf(first), first)
      expect(await blobs.list(session)).toEqual([keyOf(first)])
    })

    test('tell whose they are, while there are any', async () => {
      const [blobs, mine, other, bytes] = [await open(), newSession(), newSession(), randomBytes(20)]
      for (const session of [mine, other]) await blobs.put(session, keyOf(bytes), bytes)
      expect(await (await open()).sessions()).toEqual(expect.arrayContaining([mine, other]))
      await blobs.clear(mine)
      const left = await blobs.sessions()
      expect(left).toContain(other)
      expect(left).not.toContain(mine)
    })

    test('above 64 MiB are refused', async () => {
      const [blobs, session] = [await open(), newSession()]
      const bytes = Buffer.alloc(64 * MIB + 1)
      await expect(blobs.put(session, keyOf(bytes), bytes)).rejects.toThrow(RangeError)
      expect(await blobs.list(session)).toEqual([])
    })
  })
}
