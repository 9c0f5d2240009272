import { describe, expect, test } from 'vitest'
import { backOffMs, policyIn, policyOf, renew } from '../../src/session/policy.ts'
import { CONTEXT, POLICY as EARLIER } from '../support/session-builders.ts'

/** What a policy of this version says beside what one of earlier versions does. */
const POLICY = { ...EARLIER, tellsUnknown: true as const }

describe('a policy', () => {
  test('is what the loop needs of a harness', () => {
    const { harness: id, tries, baseMs, capMs, toolRounds, steering } = POLICY
    const settings = { id, retry: { tries, baseMs, capMs }, toolRounds, steering }
    expect(policyOf(settings)).toEqual(POLICY)
    expect(policyOf({ ...settings, context: { ...CONTEXT, growth: 0.2 } })).toEqual({
      ...POLICY,
      context: { ...CONTEXT, growth: 0.2, resumes: true },
    })
    expect(policyOf({ ...settings, takesSystem: false })).toEqual({ ...POLICY, takesSystem: false })
  })

  test('of a harness that does not say asks for some growth between summaries, and so does that of a later run', () => {
    const { harness: id, tries, baseMs, capMs, toolRounds, steering } = POLICY
    const settings = { id, retry: { tries, baseMs, capMs }, toolRounds, steering, context: CONTEXT }
    const renewed = { ...POLICY, context: { ...CONTEXT, growth: 0.1, resumes: true } }
    expect(policyOf(settings)).toEqual(renewed)
    expect(renew({ ...EARLIER, context: CONTEXT })).toEqual(renewed)
    expect(renew(EARLIER)).toEqual(POLICY)
  })
})

describe('a policy in an environment', () => {
  const first = { ...POLICY, provisioning: 'first' } as const

  test.each([
    { of: 'says nothing', usual: POLICY, environment: {}, policy: POLICY },
    { of: 'says nothing', usual: first, environment: {}, policy: first },
    { of: 'says first', usual: POLICY, environment: { provisioning: 'first' }, policy: first },
    { of: 'says lazy', usual: first, environment: { provisioning: 'lazy' }, policy: POLICY },
    { of: 'is self-hosted', usual: first, environment: { selfHosted: true }, policy: { ...POLICY, selfHosted: true } },
  ] as const)('that $of, where $usual.provisioning holds otherwise', ({ usual, environment, policy }) => {
    expect(policyIn(usual, environment)).toEqual(policy)
  })
})

describe('a back-off', () => {
  const policy = { ...POLICY, baseMs: 500, capMs: 8000 }

  test.each([
    [0, 500],
    [1, 1000],
    [2, 2000],
    [3, 4000],
    [4, 8000],
    [5, 8000],
    [40, 8000],
  ])('after %i failures in a row takes %i ms', (failures, ms) => {
    expect(backOffMs(policy, failures, undefined)).toBe(ms)
  })

  test.each([0, 7, 60_000])('is the server’s own of %i ms where it names one', (ms) => {
    expect(backOffMs(policy, 3, ms)).toBe(ms)
  })
})
