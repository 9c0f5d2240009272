import { describe, expect, test } from 'vitest'
import { demandKnown, readConfiguration, startingState, takesResults } from '../../src/session/start.ts'
import { initialState } from '../../src/session/state.ts'
import { CONTEXT, fileResource } from '../support/session-builders.ts'

describe('a starting state', () => {
  test('takes title, metadata and configuration from the input', () => {
    const input = { title: 't', metadata: { a: '1' }, configuration: { id: 'cfg_1', agentName: 'n' }, events: [] }
    expect(startingState(input)).toEqual(initialState({ title: 't', metadata: { a: '1' }, configuration: 'cfg_1' }))
  })

  test.each<{ name: string; input: unknown }>([
    { name: 'nothing', input: undefined },
    { name: 'null', input: null },
    { name: 'text', input: 'hello' },
    { name: 'an empty object', input: {} },
    { name: 'other shapes', input: { title: 7, metadata: 'none', configuration: 'cfg_1' } },
    { name: 'nulls', input: { title: null, metadata: null, configuration: { id: 5 } } },
    { name: 'what could not be decoded', input: { undecodable: 'Error' } },
  ])('is empty for $name', ({ input }) => {
    expect(startingState(input)).toEqual(initialState({ title: null, metadata: {}, configuration: null }))
  })

  test.each([
    [true, true],
    [false, false],
    ['yes', undefined],
  ])('keeps %j as whether clients may send system messages: %j', (said, kept) => {
    const state = startingState({ configuration: { id: 'cfg_1', policy: { takesSystem: said } } })
    expect(state.takesSystem).toBe(kept)
  })

  test('has the resources of the input, and has counted them', () => {
    const state = startingState({ resources: [fileResource('a'), 'none', fileResource('b')] })
    expect(state).toMatchObject({ resources: ['a', 'b'], supplies: 2 })
    expect(Object.keys(startingState({ resources: [] }))).toEqual(Object.keys(startingState({})))
  })

  test.each([
    [true, true],
    [false, undefined],
    ['yes', undefined],
  ])('keeps %j as whether the user’s machines run its tools: %j', (said, kept) => {
    const state = startingState({ configuration: { id: 'cfg_1', policy: { selfHosted: said } } })
    expect(state.selfHosted).toBe(kept)
  })

  test('leaves out metadata that is no text', () => {
    expect(startingState({ metadata: { a: '1', b: 2, c: null } }).metadata).toEqual({ a: '1' })
  })
})

describe('an input', () => {
  test.each([undefined, null, 'text', {}, { v: 1 }, { v: null }])(
    'that is known is left to whoever reads it: %j',
    (input) => {
      expect(() => demandKnown(input)).not.toThrow()
    },
  )

  test.each([2, '1', 0])('of version %j waits for a worker that knows it', (v) => {
    expect(() => demandKnown({ v })).toThrow(`expected an input of version 1, got ${JSON.stringify(v)}`)
  })
})

describe('a run', () => {
  const policy = { harness: 'h', tries: 5, baseMs: 1, capMs: 2, toolRounds: 3, steering: 'step' }
  const configured = { configuration: { id: 'cfg_1', agentName: 'a', policy } }

  test.each<{ name: string; input: object; expected: boolean }>([
    {
      name: 'the API has started in a self-hosted environment',
      input: { configuration: { ...configured.configuration, policy: { ...policy, selfHosted: true } } },
      expected: true,
    },
    { name: 'the API has started elsewhere', input: configured, expected: false },
    { name: 'names another environment beside', input: { ...configured, environment: 'env_1' }, expected: false },
    { name: 'somebody has started in an environment', input: { agent: {}, environment: 'env_1' }, expected: true },
    { name: 'somebody has started in none', input: { agent: {} }, expected: false },
    { name: 'has no configuration that can be read', input: { configuration: {}, environment: 'e' }, expected: false },
  ])('that $name takes results of workers: $expected', ({ input, expected }) => {
    expect(takesResults(startingState(input), input)).toBe(expected)
  })

  test('that goes on takes them where the one before did', () => {
    expect(takesResults({ ...startingState(configured), selfHosted: true }, configured)).toBe(true)
  })
})

describe('the configuration of an input', () => {
  const policy = { harness: 'h', tries: 5, baseMs: 1, capMs: 2, toolRounds: 3, steering: 'step' as const }
  const RUN = { events: 1, signals: 2, bytes: 3 }
  const configuration = { id: 'cfg_1', agentName: 'a', policy }

  test.each([undefined, null, 'text', {}, { configuration: null }])('is none in %j', (input) => {
    expect(readConfiguration(input)).toBeNull()
  })

  test.each(['step', 'turn'] as const)('is what the API stored, steering by %s', (steering) => {
    const stored = { ...configuration, policy: { ...policy, steering } }
    expect(readConfiguration({ configuration: { ...stored, more: 1 } })).toEqual(stored)
  })

  test.each([{ context: CONTEXT }, { run: RUN }, { context: CONTEXT, run: RUN }, { takesSystem: false }])(
    'may say %j besides',
    (more) => {
      const stored = { ...configuration, policy: { ...policy, ...more } }
      expect(readConfiguration({ configuration: stored })).toEqual(stored)
    },
  )

  test.each([
    true,
    { id: 'cfg_1' },
    { ...configuration, id: 1 },
    { ...configuration, agentName: null },
    { ...configuration, policy: { ...policy, tries: '5' } },
    { ...configuration, policy: { ...policy, steering: 'left' } },
    { ...configuration, policy: { ...policy, harness: 1 } },
    { ...configuration, policy: { ...policy, context: null } },
    { ...configuration, policy: { ...policy, accounting: { prices: 'many', hourly: 0 } } },
    { ...configuration, policy: { ...policy, takesSystem: 'yes' } },
    { ...configuration, policy: { ...policy, selfHosted: false } },
    { ...configuration, policy: { ...policy, provisioning: 'lazy' } },
    { ...configuration, policy: { ...policy, context: { ...CONTEXT, trimmed: 1 } } },
    { ...configuration, policy: { ...policy, context: { ...CONTEXT, window: '1' } } },
    { ...configuration, policy: { ...policy, run: { ...RUN, bytes: null } } },
    { ...configuration, policy: { ...policy, run: { ...RUN, signals: 0 } } },
  ])('is malformed as %j', (malformed) => {
    expect(readConfiguration({ configuration: malformed })).toBeUndefined()
  })
})
