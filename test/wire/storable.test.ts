import { describe, expect, test } from 'vitest'
import { inspect } from '../../src/wire/storable.ts'

function nested(depth: number, wrap: (inner: unknown) => unknown): unknown {
  let value: unknown = 1
  for (let level = 0; level < depth; level++) value = wrap(value)
  return value
}

describe('inspect', () => {
  test('counts values and finds nothing wrong in an ordinary body', () => {
    expect(inspect({ a: [1, 'two', null], b: { c: true } })).toEqual({ problem: null, size: 7 })
  })

  test.each<[unknown]>([
    [null],
    [1],
    ['text'],
    [''],
    [true],
    [[]],
    [{}],
    ['é 🙂 \u202e \u2028 ﬁ'],
    [{ constructor: 1, prototype: 2, toString: 3 }],
  ])('takes %j', (body) => {
    expect(inspect(body).problem).toBeNull()
  })

  test.each([
    ['a NUL', { a: ['x\0y'] }, 'U+0000'],
    ['a NUL in a key', { 'x\0y': 1 }, 'U+0000'],
    ['a lone surrogate', { a: '\ud800' }, 'surrogate'],
    ['surrogates the wrong way round', { a: '\udc00\ud800' }, 'surrogate'],
    ['a surrogate in a key', { '\udfff': 1 }, 'surrogate'],
    ['the prototype by name', JSON.parse('{"a":[{"__proto__":{"admin":true}}]}'), '__proto__'],
  ])('refuses %s', (_, body, word) => {
    expect(inspect(body).problem).toContain(word)
  })

  test.each([
    ['objects', (inner: unknown) => ({ inner })],
    ['arrays', (inner: unknown) => [inner]],
  ])('takes 100 levels of %s and no more', (_, wrap) => {
    expect(inspect(nested(100, wrap)).problem).toBeNull()
    expect(inspect(nested(101, wrap)).problem).toBe('body: nested deeper than 100 levels')
    expect(inspect(nested(100_000, wrap)).problem).toBe('body: nested deeper than 100 levels')
  })

  test.each([
    ['one long list', Array.from({ length: 200_000 }, () => 0)],
    ['one wide object', Object.fromEntries(Array.from({ length: 200_000 }, (_, index) => [`k${index}`, 0]))],
    ['many short lists', Array.from({ length: 1_000 }, () => Array.from({ length: 200 }, () => 0))],
  ])('refuses more values than any request has, as %s', (_, body) => {
    expect(inspect(body).problem).toBe('body: holds more than 200000 values')
  })

  test('takes as many as are allowed', () => {
    expect(inspect(Array.from({ length: 199_999 }, () => 0))).toEqual({ problem: null, size: 200_000 })
  })
})
