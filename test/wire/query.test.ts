import { describe, expect, test } from 'vitest'
import { ApiError } from '../../src/wire/errors.ts'
import { toQueryValues } from '../../src/wire/query.ts'
import type { Definition } from '../../src/wire/schema.ts'

const DEFINITION: Definition = {
  properties: {
    limit: { type: 'integer' },
    flag: { type: 'boolean' },
    page: { type: ['string', 'null'] },
    'types[]': { type: 'array', items: { type: 'string' } },
    name: { type: 'string' },
  },
}

describe('toQueryValues', () => {
  test.each([
    ['a number', { limit: '20' }, { limit: 20 }],
    ['a negative number', { limit: '-3' }, { limit: -3 }],
    ['true', { flag: 'true' }, { flag: true }],
    ['false', { flag: 'false' }, { flag: false }],
    ['one item of a list', { 'types[]': 'a' }, { 'types[]': ['a'] }],
    ['a list', { 'types[]': ['a', 'b'] }, { 'types[]': ['a', 'b'] }],
    ['an empty cursor', { page: '' }, { page: null }],
    ['a cursor', { page: 'abc' }, { page: 'abc' }],
    ['a text of digits', { name: '20' }, { name: '20' }],
    ['an empty text', { name: '' }, { name: '' }],
    ['the mark of older clients', { beta: 'true', limit: '1' }, { limit: 1 }],
    ['nothing', {}, {}],
  ])('reads %s', (_, query, values) => {
    expect(toQueryValues(query, DEFINITION)).toEqual(values)
  })

  test.each(['', ' 1', '1 ', '1.5', '1e3', '0x10', '٣', 'NaN', '9999999999999999'])(
    'leaves the number %j to be refused',
    (limit) => {
      expect(toQueryValues({ limit }, DEFINITION)).toEqual({ limit })
    },
  )

  test.each(['1', 'yes', 'TRUE', ''])('leaves the boolean %j to be refused', (flag) => {
    expect(toQueryValues({ flag }, DEFINITION)).toEqual({ flag })
  })

  test('leaves a repeated single parameter to be refused', () => {
    expect(toQueryValues({ limit: ['1', '2'] }, DEFINITION)).toEqual({ limit: ['1', '2'] })
  })

  test('hands on unknown names, also those of the prototype', () => {
    const query: unknown = JSON.parse('{"__proto__":"1","constructor":"2","toString":"3"}')
    const values = toQueryValues(query, DEFINITION)
    expect(Object.keys(values)).toEqual(['__proto__', 'constructor', 'toString'])
    expect(Object.getPrototypeOf(values)).toBe(Object.prototype)
  })

  test.each([undefined, null, 'limit=1'])('refuses %j instead of parameters', (query) => {
    expect(() => toQueryValues(query, DEFINITION)).toThrow(ApiError)
  })
})
