import { expect, test } from 'vitest'
import { createPolicies } from '../../src/policies.ts'
import { POLICY_SETTINGS } from '../support/policy-settings.ts'
import { bash, only, program, turn } from './drive.ts'
import { useStack } from './use-stack.ts'

/** A cent for each millisecond, beside which a few tokens cost nothing. */
const HOURLY = 3_600_000
const policyFor = createPolicies({ ...POLICY_SETTINGS, hourlyRate: HOURLY })
const { accounting } = policyFor('claude-opus-5-5')

const use = useStack(accounting ? { policy: { accounting } } : {})

test('an operator’s hourly rate prices the time of work, and a budget is reached by it', async () => {
  const { stack, agent, environment } = use()
  const { sdk } = stack
  const { id } = await sdk.beta.sessions.create({
    agent,
    environment_id: environment,
    budget: { type: 'limit', max_list_cost: { amount: '200', currency: 'USD' } },
  })
  const events = await turn(sdk, id, program('SLEEP 300', bash('echo a'), 'SAY never'))
  expect(only(events, 'session.status_idle')).toMatchObject([{ stop_reason: { type: 'budget_reached' } }])
  const { usage } = await sdk.beta.sessions.retrieve(id)
  const ms = (usage.active_seconds ?? 0) * 1000
  const tokens =
    (usage.input_tokens ?? 0) * 400 +
    (usage.output_tokens ?? 0) * 2000 +
    (usage.cache_creation?.ephemeral_5m_input_tokens ?? 0) * 500 +
    (usage.cache_read_input_tokens ?? 0) * 20
  expect(ms).toBeGreaterThanOrEqual(200)
  expect(usage.list_cost).toEqual({ amount: String(Math.round(ms + tokens / 1_000_000)), currency: 'USD' })
})
