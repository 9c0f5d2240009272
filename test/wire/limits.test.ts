import { describe, expect, test } from 'vitest'
import { applyLimits, PAGE_SIZES } from '../../src/wire/limits.ts'
import { WIRE_SCHEMA } from '../../src/wire/schema.ts'

const LIMITED = applyLimits(WIRE_SCHEMA)

function property(definition: string, name: string): unknown {
  return LIMITED.definitions[definition]?.properties?.[name]
}

describe('applyLimits', () => {
  test.each([
    ['AgentCreate', 'name', { type: 'string', minLength: 1, maxLength: 256 }],
    ['AgentCreate', 'system', { type: ['string', 'null'], maxLength: 100_000 }],
    ['AgentRetrieveQuery', 'version', { type: 'integer', minimum: 1, maximum: 2 ** 31 - 1 }],
    ['EventListQuery', 'created_at[gt]', { type: 'string', format: 'timestamp' }],
    ['SessionListQuery', 'limit', { type: 'integer', minimum: 1, maximum: 100 }],
  ])('adds to %s.%s and keeps what was there', (definition, name, expected) => {
    expect(property(definition, name)).toEqual(expected)
  })

  test('reaches into items', () => {
    expect(property('BetaLimitedNetworkParams', 'allowed_hosts')).toMatchObject({
      type: ['array', 'null'],
      items: { type: 'string', format: 'host-pattern' },
    })
  })

  test('reaches into a patch that may be null', () => {
    expect(property('SessionUpdate', 'metadata')).toMatchObject({
      type: ['object', 'null'],
      then: { additionalProperties: { type: ['string', 'null'], maxLength: 512 }, propertyNames: { maxLength: 64 } },
    })
  })

  test('leaves the generated schema as it is', () => {
    expect(WIRE_SCHEMA.definitions['AgentCreate']?.properties?.['name']).toEqual({ type: 'string' })
  })

  test('fails when the SDK has renamed what a limit names', () => {
    const { AgentCreate, ...definitions } = WIRE_SCHEMA.definitions
    const { name, ...properties } = AgentCreate?.properties ?? {}
    expect(name).toBeDefined()
    const renamed = { definitions: { ...definitions, AgentCreate: { ...AgentCreate, properties } } }
    expect(() => applyLimits(renamed)).toThrow('AgentCreate.name')
    expect(() => applyLimits({ definitions: {} })).toThrow('does not have')
  })
})

describe('PAGE_SIZES', () => {
  test('lets every list answer its default', () => {
    const sizes = Object.values(PAGE_SIZES)
    expect(sizes.every((size) => size.default >= 1 && size.default <= size.max)).toBe(true)
    expect(PAGE_SIZES['events.list']).toEqual({ default: 1000, max: 1000 })
  })
})
