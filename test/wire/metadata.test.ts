import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ApiError } from '../../src/wire/errors.ts'
import { patchMetadata } from '../../src/wire/metadata.ts'

const key = fc.constantFrom('a', 'b', 'c', 'd', '__proto__', 'constructor', 'toString')
const bag = fc.array(fc.tuple(key, fc.string())).map(toRecord)
const patch = fc.array(fc.tuple(key, fc.option(fc.string()))).map(toRecord)

function toRecord<Value>(pairs: [string, Value][]): Record<string, Value> {
  return Object.fromEntries(pairs)
}

function many(count: number): Record<string, string> {
  return toRecord(Array.from({ length: count }, (_, index) => [`k${index}`, 'v']))
}

describe('patchMetadata', () => {
  test.each([
    ['sets a key', { a: '1' }, { b: '2' }, { a: '1', b: '2' }],
    ['replaces a value', { a: '1' }, { a: '2' }, { a: '2' }],
    ['deletes by null', { a: '1', b: '2' }, { a: null }, { b: '2' }],
    ['forgives a null for a key that is not there', { a: '1' }, { z: null }, { a: '1' }],
    ['keeps an empty text', {}, { a: '' }, { a: '' }],
    ['changes nothing without a patch', { a: '1' }, undefined, { a: '1' }],
    ['changes nothing for null', { a: '1' }, null, { a: '1' }],
  ])('%s', (_, stored, change, result) => {
    expect(patchMetadata(stored, change)).toEqual(result)
  })

  test('leaves every key as patched, or as stored when the patch does not name it', () => {
    fc.assert(
      fc.property(bag, patch, (stored, change) => {
        const result = patchMetadata(stored, change)
        for (const name of new Set([...Object.keys(stored), ...Object.keys(change)])) {
          const expected = Object.hasOwn(change, name) ? change[name] : stored[name]
          expect(Object.hasOwn(result, name) ? result[name] : null).toBe(expected)
        }
        expect(Object.getPrototypeOf(result)).toBe(Object.prototype)
      }),
    )
  })

  test('changes nothing more when it is applied again', () => {
    fc.assert(
      fc.property(bag, patch, (stored, change) => {
        const once = patchMetadata(stored, change)
        expect(patchMetadata(once, change)).toEqual(once)
      }),
    )
  })

  test('never touches the stored bag', () => {
    const stored = { a: '1' }
    expect(patchMetadata(stored, { a: null, b: '2' })).not.toBe(stored)
    expect(stored).toEqual({ a: '1' })
  })

  test('counts what remains, not what was sent', () => {
    const swap = { ...toRecord(Object.keys(many(16)).map((name) => [name, null])), fresh: 'v' }
    expect(patchMetadata(many(16), swap)).toEqual({ fresh: 'v' })
  })

  test('refuses a seventeenth pair', () => {
    const add = () => patchMetadata(many(16), { fresh: 'v' })
    expect(add).toThrow(ApiError)
    expect(add).toThrow('metadata: expected at most 16 pairs, got 17 after the update')
  })
})
