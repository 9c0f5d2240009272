import type { ErrorObject } from 'ajv'
import { describe, expect, test } from 'vitest'
import { explain } from '../../src/wire/explain.ts'
import type { WireSchema } from '../../src/wire/schema.ts'

const SCHEMA: WireSchema = {
  definitions: { Cat: { properties: { type: { const: 'cat' } } }, Dog: { properties: { type: { const: 'dog' } } } },
}

function error(change: Partial<ErrorObject>): ErrorObject {
  return { keyword: 'type', instancePath: '/a', schemaPath: '', params: { type: 'string' }, ...change }
}

function one(change: Partial<ErrorObject>): string {
  return explain([error(change)], SCHEMA)
}

describe('explain', () => {
  test.each<[string, Partial<ErrorObject>]>([
    ['a: expected string, got nothing', {}],
    ['a: expected string or null, got array', { params: { type: ['string', 'null'] }, data: [] }],
    ['body: expected string, got object', { instancePath: '', data: {} }],
    ['b: required, but missing', { keyword: 'required', instancePath: '', params: { missingProperty: 'b' } }],
    ['a.b: unknown field', { keyword: 'additionalProperties', params: { additionalProperty: 'b' } }],
    ['a: expected "x", got 5', { keyword: 'const', params: { allowedValue: 'x' }, data: 5 }],
    ['a: expected one of "x", null, got object', { keyword: 'enum', params: { allowedValues: ['x', null] }, data: {} }],
    ['a: expected at most 2 items, got 3', { keyword: 'maxItems', params: { limit: 2 }, data: [1, 2, 3] }],
    ['a: expected at most 1 pairs, got 2', { keyword: 'maxProperties', params: { limit: 1 }, data: { x: 1, y: 2 } }],
    ['a: expected at most 1 characters, got 2', { keyword: 'maxLength', params: { limit: 1 }, data: '🙂🙂' }],
    ['a: expected at least 1, got 0', { keyword: 'minimum', params: { limit: 1 }, data: 0 }],
    ['a: expected text that matches ^x$, got "y"', { keyword: 'pattern', params: { pattern: '^x$' }, data: 'y' }],
    [
      'a: expected a host name such as example.com or *.example.com, got "*"',
      { keyword: 'format', params: { format: 'host-pattern' }, data: '*' },
    ],
    [
      'a: expected an http or https URL without credentials, got something else',
      { keyword: 'format', params: { format: 'http-url' }, data: 'x://secret' },
    ],
    ['a.k: expected a key of at most 1 characters', { keyword: 'maxLength', propertyName: 'k', params: { limit: 1 } }],
    ['a.1: expected no item twice', { keyword: 'uniqueItems', params: { i: 1, j: 0 } }],
    ['a: expected at least 1 items, got 0', { keyword: 'minItems', params: { limit: 1 }, data: [] }],
    [
      'a.blocked_domains: Empty list of domains is ambiguous: leave the field out to restrict nothing, or name at least one domain',
      { keyword: 'minItems', instancePath: '/a/blocked_domains', params: { limit: 1 }, data: [] },
    ],
    ['a: expected text that is not blank, got " "', { keyword: 'pattern', params: { pattern: '\\S' }, data: ' ' }],
  ])('says %s', (message, change) => {
    expect(one(change)).toBe(message)
  })

  test('names the tags of a union from its branches', () => {
    const parentSchema = { oneOf: [{ $ref: '#/definitions/Cat' }, { $ref: '#/definitions/Dog' }] }
    const tagged = { keyword: 'discriminator', params: { tag: 'type', tagValue: 'cow' }, parentSchema }
    expect(one(tagged)).toBe('a.type: expected one of "cat", "dog", got "cow"')
  })

  test('spells odd keys as JSON and undoes the escapes of a pointer', () => {
    expect(one({ instancePath: '/a~1b/c~0d/0' })).toBe('"a/b"."c~d".0: expected string, got nothing')
    expect(one({ instancePath: '/line\nbreak' })).toBe('"line\\nbreak": expected string, got nothing')
  })

  test('says each problem once and three at most', () => {
    const many = ['/a', '/a', '/b', '/c', '/d', '/e'].map((instancePath) => error({ instancePath, data: 1 }))
    expect(explain(many, SCHEMA)).toBe(
      'a: expected string, got number; b: expected string, got number; c: expected string, got number; and 2 more',
    )
  })

  test('leaves out what follows from another problem', () => {
    const errors = [
      error({ data: 1 }),
      error({ keyword: 'if', params: { failingKeyword: 'then' } }),
      error({ keyword: 'enum', params: { allowedValues: ['x'] }, data: 1 }),
    ]
    expect(explain(errors, SCHEMA)).toBe('a: expected string, got number')
  })
})
