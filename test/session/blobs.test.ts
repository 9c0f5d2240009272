import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Packing } from '../../src/session/blobs.ts'
import { PACKING, pack, parseBlobs, restore } from '../../src/session/blobs.ts'
import type { BlobRef } from '../../src/session/entry.ts'

const KIB = 1024
const TINY: Packing = { string: 200, payload: 1000 }

/** What a store would answer: the n-th string taken of an element stands under the number n. */
function toRefs(taken: readonly { readonly path: BlobRef['path']; readonly text: string }[]): readonly BlobRef[] {
  return taken.map(({ path, text }, n) => ({ path, sha256: String(n).padStart(64, '0'), length: text.length }))
}

function unpack<T extends object>(elements: readonly T[], limits?: Packing): readonly T[] {
  const packed = pack(elements, limits)
  return packed.elements.map((element, index) => {
    const taken = packed.taken[index] ?? []
    return restore(element, toRefs(taken), ({ sha256 }) => taken[Number(sha256)]?.text ?? 'nothing')
  })
}

function pathsOf(elements: readonly object[], limits?: Packing): readonly string[] {
  return pack(elements, limits).taken.flatMap((taken, index) => taken.map(({ path }) => [index, ...path].join('.')))
}

const image = (data: string): object => ({ type: 'image', source: { type: 'base64', media_type: 'image/png', data } })

describe('pack', () => {
  test('leaves small elements as they are', () => {
    const element = { type: 'user.message', content: [{ type: 'text', text: 'hi' }, null, 1, true] }
    const packed = pack([element])
    expect(packed.elements[0]).toBe(element)
    expect(packed.taken).toEqual([[]])
    expect(packed.bytes).toBe(Buffer.byteLength(JSON.stringify([element])))
  })

  test.each([
    ['a string of the limit', 'x'.repeat(64 * KIB - 2), []],
    ['a longer one', 'x'.repeat(64 * KIB - 1), ['0.a.b.1']],
    ['one that is longer in UTF-8', 'ü'.repeat(33 * KIB), ['0.a.b.1']],
    ['one that is longer in UTF-8 by characters of three bytes', '語'.repeat(22 * KIB), ['0.a.b.1']],
    ['one that is longer in UTF-8 by pairs', '😀'.repeat(17 * KIB), ['0.a.b.1']],
    ['one that JSON makes longer', '\u0001'.repeat(11 * KIB), ['0.a.b.1']],
    ['half a pair many times over', '\ud800'.repeat(11 * KIB), ['0.a.b.1']],
  ])('judges %s by its bytes in JSON', (_, text, paths) => {
    expect(pathsOf([{ a: { b: ['', text] } }])).toEqual(paths)
  })

  test('takes the bytes of images and documents whatever their size, and nothing that only looks a little like them', () => {
    expect(
      pathsOf([
        { content: [image('QQ=='), image('')] },
        { source: { type: 'text', media_type: 'text/plain', data: 'QQ==' } },
        { type: 'base64', data: 'QQ==' },
        { type: 'base64', media_type: 'QQ==', date: 'QQ==' },
      ]),
    ).toEqual(['0.content.0.source.data'])
  })

  test('takes the largest strings of all elements until the rest fits', () => {
    const sizes = [150, 190, 130, 199, 180, 170]
    const elements = [
      { texts: sizes.slice(0, 3).map((size) => 'x'.repeat(size)) },
      { texts: sizes.slice(3).map((size) => 'x'.repeat(size)) },
    ]
    const { bytes } = pack(elements, { string: 1000, payload: 950 })
    expect(bytes).toBeLessThanOrEqual(950)
    expect(pathsOf(elements, { string: 1000, payload: 950 })).toEqual(['0.texts.1', '1.texts.0'])
  })

  test('says by its bytes when nothing more can be taken', () => {
    const { bytes, taken } = pack([{ texts: Array.from({ length: 100 }, () => 'x'.repeat(120)) }], TINY)
    expect(taken).toEqual([[]])
    expect(bytes).toBeGreaterThan(TINY.payload)
  })

  test('brings 2 MiB of text, 60 blocks of 60 KiB and an image of 4 MiB under the limit', () => {
    const elements = [
      { content: [{ type: 'text', text: 'x'.repeat(2 * KIB * KIB) }] },
      { content: Array.from({ length: 60 }, () => ({ type: 'text', text: 'y'.repeat(60 * KIB) })) },
      { content: [image('A'.repeat(4 * KIB * KIB))] },
    ]
    const { elements: left, bytes } = pack(elements)
    expect(bytes).toBeLessThanOrEqual(PACKING.payload)
    expect(JSON.stringify(left).length).toBeLessThanOrEqual(bytes)
    expect(unpack(elements)).toEqual(elements)
  })

  test('counts at least what elements and references come to', () => {
    const elements = Array.from({ length: 8 }, (_, n) => ({
      a: { [`key ${n}`]: ['x'.repeat(250), '\ud800'.repeat(60)] },
    }))
    const { elements: left, taken, bytes } = pack(elements, TINY)
    const refs = taken.map((some) => toRefs(some).map((ref) => ({ ...ref, length: 10_000_000, utf16: true })))
    expect(bytes).toBeGreaterThanOrEqual(Buffer.byteLength(JSON.stringify(left) + JSON.stringify(refs)))
  })

  test('changes no element that it is given', () => {
    const element = { a: [{ text: 'x'.repeat(300) }], b: { c: 1 } }
    const before = structuredClone(element)
    const packed = pack([element], TINY)
    expect(element).toEqual(before)
    expect(packed.elements[0]).toEqual({ a: [{ text: '' }], b: { c: 1 } })
    expect(packed.elements[0]?.b).toBe(element.b)
  })

  test('leaves what lies too deep for any stack', () => {
    let deep: object = { text: 'x'.repeat(300) }
    for (let level = 0; level < 200; level++) deep = { deep }
    expect(pathsOf([deep], TINY)).toEqual([])
  })
})

describe('restore', () => {
  test('gives back what was packed, whatever it is', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: 'binary', minLength: 150, maxLength: 400 }),
      fc
        .array(fc.constantFrom('\ud83d', '\ude00', '\0', '"', 'é', '\u2028'), { minLength: 100 })
        .map((all) => all.join('')),
    )
    const json = fc.jsonValue({ maxDepth: 4 })
    const element = fc.dictionary(
      fc.oneof(fc.string(), fc.constantFrom('__proto__', 'constructor', 'blobs', 'path', 'sha256', 'data')),
      fc.oneof(
        text,
        json,
        fc.array(text),
        fc.constant(image('QUJD')),
        fc.record({ path: json, sha256: text, blobs: json }),
      ),
      { noNullPrototype: true },
    )
    fc.assert(
      fc.property(fc.array(element), (elements) => {
        const before = JSON.stringify(elements)
        expect(JSON.stringify(unpack(elements, TINY))).toBe(before)
        expect(JSON.stringify(elements)).toBe(before)
      }),
      { numRuns: 150 },
    )
  })

  test('puts the same string to several places', () => {
    const text = 'x'.repeat(300)
    const element = { a: text, b: [text] }
    expect(unpack([element], TINY)).toEqual([element])
  })

  test('takes members named __proto__ for what they are', () => {
    const element: object = JSON.parse(`{"__proto__": {"text": "${'x'.repeat(300)}"}}`)
    const [back] = unpack([element], TINY)
    expect(JSON.stringify(back)).toBe(JSON.stringify(element))
    expect(Object.getPrototypeOf(back)).toBe(Object.prototype)
  })

  test.each([[['a']], [['b', 0]], [['c', 'd']], [['a', 'length']], [['toString']], [[]]])(
    'puts nothing where nothing was taken: %j',
    (path) => {
      const refs = [{ path, sha256: '0'.repeat(64), length: 1 }]
      expect(() => restore({ a: 'text', c: null }, refs, () => 'x')).toThrow(RangeError)
    },
  )

  test('puts what a file holds in the place of its id, and of nothing else', () => {
    const source = { type: 'file', file_id: 'file_1' }
    const element = {
      content: [{ type: 'image', source }, { source: { type: 'file' } }, { source: { ...source, type: 'url' } }],
    }
    const ref = (index: number) => ({
      path: ['content', index, 'source'],
      sha256: '0'.repeat(64),
      length: 1,
      file: 'image/png',
    })
    const [first, ...others] = element.content
    expect(restore(element, [ref(0)], ({ file }) => file)).toEqual({
      content: [{ ...first, source: 'image/png' }, ...others],
    })
    for (const index of [1, 2, 3]) expect(() => restore(element, [ref(index)], () => 'x')).toThrow(RangeError)
  })
})

describe('parseBlobs', () => {
  const ref = { path: ['a', 0], sha256: 'ab'.repeat(32), length: 3 }
  const elements = [{ a: ['', 'x'] }, { b: '' }]

  test('knows none where nothing stands beside the elements', () => {
    expect(parseBlobs(undefined, elements)).toEqual({})
  })

  test('keeps the references of elements, and nothing else', () => {
    expect(parseBlobs({ 0: [ref], 7: 'x', length: 1 }, elements)).toEqual({ 0: [ref] })
  })

  test.each<[string, unknown]>([
    ['a text', 'blobs'],
    ['null', null],
    ['a reference alone', { 0: ref }],
    ['a list of null', { 0: [null] }],
    ['a list of texts', { 0: ['x'] }],
    ['a reference without a hash', { 0: [{ path: ['a', 0], length: 3 }] }],
    ['a hash that is a path', { 0: [{ ...ref, sha256: '../../etc/passwd' }] }],
    ['a hash that is a number', { 0: [{ ...ref, sha256: 1 }] }],
    ['a hash in capitals', { 0: [{ ...ref, sha256: 'AB'.repeat(32) }] }],
    ['a length that is none', { 0: [{ ...ref, length: 1.5 }] }],
    ['a length below nothing', { 0: [{ ...ref, length: -4 }] }],
    ['a path that is a text', { 0: [{ ...ref, path: 'a' }] }],
    ['a path through an object', { 0: [{ ...ref, path: [{}] }] }],
    ['a place that holds something', { 0: [{ ...ref, path: ['a', 1] }] }],
    ['a place of another element', { 0: [{ ...ref, path: ['b'] }] }],
    ['a file where a string was', { 0: [{ ...ref, file: 'image/png' }] }],
    ['a file of a type that is none', { 0: [{ ...ref, file: 7 }] }],
  ])('refuses %s', (_, value) => {
    expect(parseBlobs(value, elements)).toBeNull()
  })
})
