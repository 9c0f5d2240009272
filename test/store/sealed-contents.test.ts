import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { createSealedContents } from '../../src/store/sealed-contents.ts'
import { createMemoryContents } from '../support/memory-contents.ts'
import { fileContentsSuite, readAll } from '../suites/file-contents.ts'

const MASTER = Buffer.alloc(32, 7)
const SEALED_SEGMENT = 64 * 1024 + 28
const memory = createMemoryContents()
const text = Buffer.from('nobody reads this. '.repeat(20_000))

async function* pieces(...all: Buffer[]): AsyncGenerator<Buffer> {
  yield* all
}

describe('sealed', () => {
  fileContentsSuite(async () => createSealedContents(memory, MASTER))

  test('leave nothing readable in the store below', async () => {
    const [below, key] = [createMemoryContents(), randomUUID()]
    await createSealedContents(below, MASTER).write(key, pieces(text))
    const stored = below.contents.get(key) ?? Buffer.of()
    expect(stored.length).toBeGreaterThan(text.length)
    expect(stored.includes('nobody')).toBe(false)
  })

  test.each([text, Buffer.from('short'), Buffer.of()])(
    'read what was written before there was a key',
    async (bytes) => {
      const [below, key] = [createMemoryContents(), randomUUID()]
      await below.write(key, pieces(bytes))
      expect((await readAll(createSealedContents(below, MASTER), key))?.equals(bytes)).toBe(true)
    },
  )

  test.each<[string, (sealed: Buffer) => Buffer]>([
    ['cut', (sealed) => sealed.subarray(0, -1)],
    ['cut between segments', (sealed) => sealed.subarray(0, 3 * SEALED_SEGMENT)],
    ['turned in one bit', (sealed) => sealed.map((byte, at) => (at === 200_000 ? byte ^ 1 : byte)) as Buffer],
    ['made longer', (sealed) => Buffer.concat([sealed, sealed])],
    [
      'put into another order',
      (sealed) =>
        Buffer.concat([
          sealed.subarray(0, SEALED_SEGMENT),
          sealed.subarray(2 * SEALED_SEGMENT, 3 * SEALED_SEGMENT),
          sealed.subarray(SEALED_SEGMENT, 2 * SEALED_SEGMENT),
          sealed.subarray(3 * SEALED_SEGMENT),
        ]),
    ],
  ])('do not answer a content that was %s', async (_, alter) => {
    const [below, key] = [createMemoryContents(), randomUUID()]
    const contents = createSealedContents(below, MASTER)
    await contents.write(key, pieces(text))
    below.contents.set(key, Buffer.from(alter(below.contents.get(key) ?? Buffer.of())))
    await expect(readAll(contents, key)).rejects.toThrow('damaged')
  })

  test('do not take one content for another', async () => {
    const [below, key, other] = [createMemoryContents(), randomUUID(), randomUUID()]
    const contents = createSealedContents(below, MASTER)
    await contents.write(key, pieces(text))
    below.contents.set(other, below.contents.get(key) ?? Buffer.of())
    expect((await readAll(contents, other))?.includes('nobody')).toBe(false)
  })
})
