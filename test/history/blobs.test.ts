import { describe, expect, test } from 'vitest'
import type { BlobLost } from '../../src/history/blobs.ts'
import { CarrierTooLarge, fetchElement, storeParcel, stow, toParcel } from '../../src/history/blobs.ts'
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
