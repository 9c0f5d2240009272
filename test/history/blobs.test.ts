import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { BlobLost } from '../../src/history/blobs.ts'
import { CarrierTooLarge, fetchElement, fetchThere, storeParcel, stow, toParcel } from '../../src/history/blobs.ts'
import { createMemoryBlobs } from '../support/memory-blobs.ts'

const LONG = 'word '.repeat(20_000)

async function stowOne<T extends object>(
  element: T,
): Promise<Parameters<typeof fetchElement<T>>[2] & { store: ReturnType<typeof createMemoryBlobs> }> {
  const store = createMemoryBlobs()
  const { elements, blobs } = await stow(store, 'sesn_a', [element])
  return { store, element: elements[0] ?? element, blobs: blobs?.[0] }
}

describe('a carrier', () => {
  test('that is small has nothing beside its elements and stores nothing', async () => {
    const store = createMemoryBlobs()
    const elements = [{ type: 'user.interrupt' }]
    expect(await stow(store, 'sesn_a', elements)).toEqual({ elements })
    expect(store.blobs.size).toBe(0)
  })

  test('names what was taken out of it by the hash of its bytes', async () => {
    const { kept, contents } = toParcel([{ id: 'a' }, { text: 'ü'.repeat(40_000) }])
    const [[sha256, bytes] = []] = [...contents]
    expect(kept).toEqual({
      elements: [{ id: 'a' }, { text: '' }],
      blobs: { 1: [{ path: ['text'], sha256, length: 80_000 }] },
    })
    expect(Buffer.from(bytes ?? []).toString()).toBe('ü'.repeat(40_000))
  })

  test('stores the same text once, wherever it stands', () => {
    const { kept, contents } = toParcel([{ text: LONG }, { texts: [LONG, 'x'] }])
    expect(contents.size).toBe(1)
    expect(kept.blobs?.[0]?.[0]?.sha256).toBe(kept.blobs?.[1]?.[0]?.sha256)
  })

  test('that is too large without its texts is refused with its size', () => {
    const keys = Object.fromEntries(Array.from({ length: 60_000 }, (_, n) => [`key ${n}`, n]))
    expect(() => toParcel([keys])).toThrow(CarrierTooLarge)
  })

  test('is stored before anybody can be told of it', async () => {
    const store = createMemoryBlobs()
    const parcel = toParcel([{ text: LONG }])
    expect(store.blobs.size).toBe(0)
    await storeParcel(store, 'sesn_a', parcel)
    expect(await store.list('sesn_a')).toEqual([...parcel.contents.keys()])
  })
})

describe('an element', () => {
  test.each<[string, string]>([
    ['text', LONG],
    ['text beyond ASCII', '😀ü語\0'.repeat(20_000)],
    ['text that begins with a byte order mark', `\ufeff${LONG}`],
    ['halves of pairs', `\ud83d${LONG}\ude00`],
    ['nothing but halves of pairs', '\udc00'.repeat(40_000)],
  ])('comes back with %s as it was', async (_, text) => {
    const element = { content: [{ text }, { text: 'short' }] }
    const { store, ...kept } = await stowOne(element)
    expect(kept.element).not.toEqual(element)
    expect(await fetchElement(store, 'sesn_a', kept)).toEqual(element)
  })

  test('tells two strings of the same bytes apart', async () => {
    const [odd, twin] = ['\uc341\udc80\u4180'.repeat(20_000), 'AÀ\u0700A'.repeat(20_000)]
    expect(Buffer.from(odd, 'utf16le').equals(Buffer.from(twin))).toBe(true)
    const element = { odd, twin }
    const { store, ...kept } = await stowOne(element)
    expect(await fetchElement(store, 'sesn_a', kept)).toEqual(element)
  })

  test('that refers to nothing is the same object, whatever it looks like', async () => {
    const element = { blobs: [{ path: ['x'], sha256: 'ab'.repeat(32), length: 1 }], x: '' }
    expect(await fetchElement(createMemoryBlobs(), 'sesn_a', { element })).toBe(element)
  })

  test.each<[BlobLost['how'], string, (bytes: Uint8Array) => Uint8Array | null]>([
    ['missing', 'removed', () => null],
    ['damaged', 'cut', (bytes) => bytes.slice(0, 1000)],
    ['damaged', 'emptied', () => Buffer.of()],
    ['damaged', 'altered', (bytes) => bytes.map((byte, at) => (at === 7 ? byte ^ 1 : byte))],
    ['damaged', 'made longer', (bytes) => Buffer.concat([bytes, bytes])],
  ])('is told to be %s when its blob was %s', async (how, _, alter) => {
    const { store, ...kept } = await stowOne({ text: LONG })
    const own = store.blobs.get('sesn_a') ?? new Map<string, Uint8Array>()
    for (const [key, bytes] of own) {
      const altered = alter(bytes)
      if (altered) own.set(key, altered)
      else own.delete(key)
    }
    const message = expect.stringMatching(new RegExp(`^store: the blob [0-9a-f]{12}… of 100000 bytes is ${how}`))
    await expect(fetchElement(store, 'sesn_a', kept)).rejects.toMatchObject({ name: 'BlobLost', how, message })
  })

  test('of another session is missing', async () => {
    const { store, ...kept } = await stowOne({ text: LONG })
    await expect(fetchElement(store, 'sesn_b', kept)).rejects.toMatchObject({ how: 'missing' })
  })
})

describe('a file that an element names', () => {
  const source = { type: 'file', file_id: 'file_1' }

  /** A message with a file of this type, whose copy the session keeps. */
  async function keepOne(bytes: Buffer, file: string) {
    const store = createMemoryBlobs()
    const element = { content: [{ type: 'document', source }] }
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    const give = (keep: (all: Uint8Array) => Promise<void>): Promise<void> => keep(bytes)
    await storeParcel(store, 'sesn_a', {
      kept: { elements: [element] },
      contents: new Map(),
      files: new Map([[sha256, give]]),
    })
    return { store, element, blobs: [{ path: ['content', 0, 'source'], sha256, length: bytes.length, file }] }
  }

  test.each([
    [
      'application/pdf',
      { type: 'base64', media_type: 'application/pdf', data: Buffer.from('café').toString('base64') },
    ],
    ['text/plain', { type: 'text', media_type: 'text/plain', data: 'café' }],
  ])('of the type %s is there for the model, and for clients by its id', async (file, read) => {
    const { store, ...packed } = await keepOne(Buffer.from('café'), file)
    expect(await fetchThere(store, 'sesn_a', packed)).toEqual({
      element: { content: [{ type: 'document', source: read }] },
      lost: [],
    })
    expect(await fetchElement(store, 'sesn_a', packed)).toBe(packed.element)
  })

  test('is told to be lost to the model alone', async () => {
    const { store, ...packed } = await keepOne(Buffer.from('abc'), 'text/plain')
    store.blobs.clear()
    const { element, lost } = await fetchThere(store, 'sesn_a', packed)
    expect(element).toEqual(packed.element)
    expect(lost).toEqual([{ how: 'missing', ref: packed.blobs[0] }])
    expect(await fetchElement(store, 'sesn_a', packed)).toEqual(packed.element)
  })
})
