import { describe, expect, test } from 'vitest'
import { generateSchema } from '../../scripts/gen-wire.ts'
import { WIRE_SCHEMA } from '../../src/wire/schema.ts'
import type { SchemaNode } from '../../src/wire/schema.ts'

function property(definition: string, name: string): SchemaNode | undefined {
  return WIRE_SCHEMA.definitions[definition]?.properties?.[name]
}

function everyNode(): SchemaNode[] {
  const open: unknown[] = [WIRE_SCHEMA]
  const nodes: SchemaNode[] = []
  while (open.length > 0) {
    const value = open.pop()
    if (typeof value !== 'object' || value === null) continue
    open.push(...Object.values(value))
    if (!Array.isArray(value)) nodes.push({ ...value })
  }
  return nodes
}

describe('the committed schema', () => {
  test('is what the SDK says today; run gen:wire when it is not', { timeout: 60_000 }, () => {
    expect(WIRE_SCHEMA).toEqual(generateSchema())
  })

  test('describes bodies and queries without what travels as a header', () => {
    const requests = Object.keys(WIRE_SCHEMA.definitions).filter(
      (name) => !name.startsWith('Beta') && name !== 'AgentOverrides',
    )
    expect(requests).toEqual([
      'AgentCreate',
      'AgentListQuery',
      'AgentRetrieveQuery',
      'AgentUpdate',
      'AgentVersionsQuery',
      'EnvironmentCreate',
      'EnvironmentListQuery',
      'EnvironmentUpdate',
      'EventListQuery',
      'EventStreamQuery',
      'EventsSend',
      'FileListQuery',
      'ModelListQuery',
      'ResourceAdd',
      'ResourceListQuery',
      'ResourceUpdate',
      'SessionCreate',
      'SessionListQuery',
      'SessionUpdate',
      'ThreadEventListQuery',
      'ThreadListQuery',
      'WorkHeartbeatQuery',
      'WorkListQuery',
      'WorkPollQuery',
      'WorkStopBody',
      'WorkUpdate',
    ])
    for (const name of requests) {
      const names = Object.keys(WIRE_SCHEMA.definitions[name]?.properties ?? {})
      expect(names).not.toContain('betas')
      expect(names).not.toContain('workspace_id')
    }
  })

  test.each([
    ['EventListQuery', 'types[]'],
    ['EventListQuery', 'created_at[gte]'],
    ['SessionListQuery', 'statuses[]'],
    ['EventStreamQuery', 'event_deltas[]'],
    ['ModelListQuery', 'lifecycle[]'],
    ['ThreadListQuery', 'statuses[]'],
  ])('spells %s %s as it travels', (definition, name) => {
    expect(property(definition, name)).toBeDefined()
    expect(property(definition, name.slice(0, name.indexOf('[')))).toBeUndefined()
  })

  test('closes every object that lists its fields, but the schema of a custom tool', () => {
    const open = Object.entries(WIRE_SCHEMA.definitions).filter(
      ([, definition]) => definition.properties !== undefined && definition['additionalProperties'] !== false,
    )
    expect(open.map(([name]) => name)).toEqual(['BetaManagedAgentsCustomToolInputSchema'])
  })

  test('tells every union apart', () => {
    const unions = everyNode().filter((node) => Array.isArray(node['oneOf']))
    expect(unions.filter((node) => node['discriminator'] === undefined)).toEqual([])
    expect(unions.length).toBeGreaterThan(30)
    expect(everyNode().filter((node) => 'anyOf' in node)).toEqual([])
  })

  test('keeps the items of a list that may be null', () => {
    expect(property('AgentUpdate', 'mcp_servers')).toEqual({
      type: ['array', 'null'],
      items: { $ref: '#/definitions/BetaManagedAgentsURLMCPServerParams' },
    })
  })

  test('takes a model by any name', () => {
    expect(WIRE_SCHEMA.definitions['BetaManagedAgentsModel']).toEqual({ type: 'string' })
  })
})
