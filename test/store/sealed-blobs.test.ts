import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { BlobLost, fetchElement, stow } from '../../src/history/blobs.ts'
import { createSealedBlobs } from '../../src/store/sealed-blobs.ts'
import { createMemoryBlobs } from '../support/memory-blobs.ts'
import { blobStoreSuite } from '../suites/blob-store.ts'

const MASTER = Buffer.alloc(32, 7)
const memory = createMemoryBlobs()

describe('sealed', () => {
  blobStoreSuite(async () => createSealedBlobs(memory, MASTER))

  const bytes = Buffer.from('nobody reads this')
  const key = createHash('sha256').update(bytes).digest('hex')

  test('leaves nothing readable in the store below', async () => {
    const below = createMemoryBlobs()
    await createSealedBlobs(below, MASTER).put('sesn_a', key, bytes)
    expect(Buffer.from(below.blobs.get('sesn_a')?.get(key) ?? []).includes('nobody')).toBe(false)
  })

  test('reads what was stored before there was a key', async () => {
    const below = createMemoryBlobs()
    await below.put('sesn_a', key, bytes)
    expect(await createSealedBlobs(below, MASTER).get('sesn_a', key, bytes.length)).toEqual(bytes)
  })

  test.each<[string, (sealed: Uint8Array) => Uint8Array]>([
    ['cut', (sealed) => sealed.slice(0, -1)],
    ['cut to nothing', () => Buffer.of()],
    ['turned in one bit', (sealed) => sealed.map((byte, at) => (at === 40 ? byte ^ 1 : byte))],
    ['made longer', (sealed) => Buffer.concat([sealed, sealed])],
  ])('does not take a blob that was %s for what it was', async (_, alter) => {
    const below = createMemoryBlobs()
    const blobs = createSealedBlobs(below, MASTER)
    const { elements, blobs: refs } = await stow(blobs, 'sesn_a', [{ text: 'x'.repeat(100_000) }])
    const own = below.blobs.get('sesn_a') ?? new Map<string, Uint8Array>()
    for (const [name, sealed] of own) own.set(name, alter(sealed))
    const fetched = fetchElement(blobs, 'sesn_a', { element: elements[0] ?? {}, blobs: refs?.[0] })
    await expect(fetched).rejects.toThrow(BlobLost)
  })

  test('does not take one session’s blob for another’s', async () => {
    const below = createMemoryBlobs()
    const blobs = createSealedBlobs(below, MASTER)
    await blobs.put('sesn_a', key, bytes)
    await below.put('sesn_b', key, below.blobs.get('sesn_a')?.get(key) ?? Buffer.of())
    expect(await blobs.get('sesn_b', key, 1000)).not.toEqual(bytes)
  })
})
