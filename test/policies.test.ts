import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { currentHarness } from '../src/model/harness.ts'
import { createPolicies, createWebVersions } from '../src/policies.ts'
import { readConfiguration } from '../src/session/start.ts'
import { POLICY_SETTINGS } from './support/policy-settings.ts'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'policies-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

function write(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

describe('the policy of a new session', () => {
  test('has the model’s list prices and the operator’s hourly rate, in a form that a session takes', () => {
    const policy = createPolicies({ ...POLICY_SETTINGS, hourlyRate: 8 })('claude-opus-5-5')
    expect(policy.accounting).toEqual({
      prices: { input: 40_000, output: 200_000, cacheWrite: 50_000, cacheRead: 2_000 },
      hourly: 8,
      answers: true,
    })
    expect(readConfiguration({ configuration: { id: 'cfg_1', agentName: 'a', policy } })?.policy).toBe(policy)
  })

  test('says whether clients may send system messages, by model and back end', () => {
    const takes = (modelBackend: 'anthropic' | 'bedrock' | 'foundry', model: string) =>
      createPolicies({ ...POLICY_SETTINGS, modelBackend })(model).takesSystem
    expect([takes('anthropic', 'claude-opus-5-5'), takes('bedrock', 'claude-opus-5-5')]).toEqual([true, true])
    expect([takes('foundry', 'claude-opus-5-5'), takes('anthropic', 'house-model')]).toEqual([false, false])
  })

  test.each(['first', 'parallel'] as const)(
    'says that sandboxes are made %s, in a form that a session takes',
    (said) => {
      const policy = createPolicies({ ...POLICY_SETTINGS, provisioning: said })('claude-opus-5-5')
      expect(policy.provisioning).toBe(said)
      expect(readConfiguration({ configuration: { id: 'cfg_1', agentName: 'a', policy } })?.policy).toBe(policy)
    },
  )

  test('says nothing of sandboxes that are made with the first call', () => {
    expect(createPolicies(POLICY_SETTINGS)('claude-opus-5-5')).not.toHaveProperty('provisioning')
  })

  test('has the prices of the speed that it runs at', () => {
    expect(createPolicies(POLICY_SETTINGS)('claude-opus-5-5', 'fast').accounting?.prices).toMatchObject({
      input: 80_000,
    })
    expect(createPolicies(POLICY_SETTINGS)('claude-opus-4-6', 'fast').accounting?.prices).toBeNull()
  })

  test('has no prices for a model that nobody has named one for', () => {
    const policyFor = createPolicies(POLICY_SETTINGS)
    expect(policyFor('house-model').accounting).toEqual({ prices: null, hourly: 0, answers: true })
  })

  test.each([
    ['prices.toml', '[[models]]\nname = "house-model"\ninput = 1\noutput = 2.5\ncache_write = 0\ncache_read = 0\n'],
    ['prices.json', '{"models":[{"name":"house-model","input":1,"output":2.5,"cache_write":0,"cache_read":0}]}'],
  ])('has those of the operator’s own %s', (name, text) => {
    const policyFor = createPolicies({ ...POLICY_SETTINGS, priceFile: write(name, text) })
    expect(policyFor('house-model').accounting?.prices).toMatchObject({ input: 10_000, output: 25_000 })
  })

  test.each([
    ['bad.toml', '[[models]]\nname = "m"\n', /models\[0\]\.input/],
    ['bad.json', '{', /is not valid JSON/],
  ])('cannot be made from %s', (name, text, reason) => {
    const priceFile = write(name, text)
    expect(() => createPolicies({ ...POLICY_SETTINGS, priceFile })).toThrow(reason)
  })

  test('cannot be made from a file that is not there', () => {
    const priceFile = join(folder, 'none.toml')
    expect(() => createPolicies({ ...POLICY_SETTINGS, priceFile })).toThrow(/none\.toml cannot be read/)
  })
})

describe('the web tools of sessions', () => {
  test.each([
    ['longhand-2', false],
    [currentHarness.id, true],
    ['longhand-0', false],
  ])('are those of their harness: %s', (harness, has) => {
    const versions = createWebVersions({ modelBackend: 'anthropic', modelWebTools: 'auto' })
    expect(versions('claude-opus-5-5', harness) !== null).toBe(has)
  })

  test.each([
    ['anthropic', 'auto', 'claude-opus-5-5', true],
    ['anthropic', 'off', 'claude-opus-5-5', false],
    ['anthropic', 'auto', 'llama', false],
    ['bedrock', 'auto', 'claude-opus-5-5', false],
  ] as const)('at %s, %s, with %s: %s', (modelBackend, modelWebTools, model, has) => {
    expect(createWebVersions({ modelBackend, modelWebTools })(model) !== null).toBe(has)
  })
})
