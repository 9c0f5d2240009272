import { describe, expect, test } from 'vitest'
import { excerpt, isObject, parseObject } from '../../src/model/json.ts'

describe('a JSON object', () => {
  test.each([
    ['{"a":1}', { a: 1 }],
    ['[1]', undefined],
    ['null', undefined],
    ['7', undefined],
    ['{"a":', undefined],
    ['', undefined],
  ])('is what %j spells, or is not', (text, expected) => {
    expect(parseObject(text)).toEqual(expected)
  })

  const nested = (levels: number): string => `{"a":${'['.repeat(levels - 1)}${']'.repeat(levels - 1)}}`
  test('may be nested 500 levels deep, which can be written again, and no deeper', () => {
    expect(JSON.stringify(parseObject(nested(500)))).toBe(nested(500))
    expect([501, 100_000].map((levels) => parseObject(nested(levels)))).toEqual([undefined, undefined])
  })

  test('may hold any number of brackets side by side, or in a text', () => {
    const values = { lists: Array.from({ length: 2000 }, () => [{}]), text: '"[{\\'.repeat(2000) }
    expect(parseObject(JSON.stringify(values))).toEqual(values)
  })

  test('may have a field with the name of the prototype, and keeps its own', () => {
    const value = parseObject('{"__proto__":{"polluted":true}}')
    expect(isObject(value) && Object.keys(value)).toEqual(['__proto__'])
    expect({}).not.toHaveProperty('polluted')
  })
})

describe('an excerpt', () => {
  test.each([
    ['a text', 'a text'],
    ['two\nlines\u0000and a NUL', 'two lines and a NUL'],
    [{ type: 'x' }, '{"type":"x"}'],
    [undefined, 'nothing'],
    ['x'.repeat(100), `${'x'.repeat(80)} …`],
  ])('of %j is %j', (value, expected) => {
    expect(excerpt(value)).toBe(expected)
  })
})
