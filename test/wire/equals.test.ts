import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { equals } from '../../src/wire/equals.ts'

describe('equals', () => {
  test.each<[unknown, unknown]>([
    [1, 1],
    ['', ''],
    [null, null],
    [{}, {}],
    [[], []],
    [
      { a: [1, { b: null }], c: 'x' },
      { c: 'x', a: [1, { b: null }] },
    ],
  ])('takes %j for %j', (left, right) => {
    expect(equals(left, right)).toBe(true)
  })

  test.each<[unknown, unknown]>([
    [1, '1'],
    [0, false],
    [null, {}],
    [null, undefined],
    [[], {}],
    [{ 0: 'a' }, ['a']],
    [{ a: 1 }, {}],
    [{}, { a: 1 }],
    [{ a: undefined }, { b: undefined }],
    [{ toString: 1 }, { a: 1 }],
    [
      [1, 2],
      [2, 1],
    ],
    [{ a: { b: [1] } }, { a: { b: [2] } }],
  ])('tells %j from %j', (left, right) => {
    expect(equals(left, right)).toBe(false)
  })

  test('agrees with the runtime on any two JSON values', () => {
    const value = fc.jsonValue({ maxDepth: 3 })
    fc.assert(
      fc.property(value, value, (left, right) => equals(left, right) === isDeepStrictEqual(plain(left), plain(right))),
    )
    fc.assert(fc.property(value, (one) => equals(one, plain(one))))
  })
})

/** As it would have travelled; the generator also makes objects without a prototype and -0. */
function plain(value: unknown): unknown {
  const text = JSON.stringify(value)
  const copy: unknown = JSON.parse(text)
  return copy
}
