import { describe, expect, test } from 'vitest'
import { isHeldUp, isSpent, parseBudget } from '../../src/session/budget.ts'
import { refuses } from '../../src/session/settle.ts'
import type { LogState } from '../../src/session/state.ts'
import { startingState } from '../../src/session/start.ts'
import { emptyUsage } from '../../src/session/usage.ts'
import { ACCOUNTING, POLICY, emptyState, message, startSession } from '../support/session-builders.ts'
import { capOf } from './player.ts'

describe('a new budget', () => {
  const state = emptyState({
    accounting: ACCOUNTING,
    budget: capOf(9),
    usage: { ...emptyUsage(), input_tokens: 3_400_000 },
  })

  test.each([
    ['below what was spent', state, capOf(3), 'budget_not_raised', /4 or more, got 3/],
    [
      'exactly what was spent',
      { ...state, usage: { ...emptyUsage(), input_tokens: 1_000_000 } },
      capOf(1),
      'budget_not_raised',
      /2 or more/,
    ],
    [
      'where there was none',
      emptyState({ accounting: ACCOUNTING }),
      capOf(5),
      'budget_create_only',
      /when it is created/,
    ],
    ['without a price', emptyState({ budget: capOf(9) }), capOf(10), 'model_not_budgetable', /no list price/],
  ])('%s is refused', (_, before, budget, code, reason) => {
    expect(refuses(before, { type: 'configured', budget: budget })).toEqual({
      code,
      reason: expect.stringMatching(reason),
    })
  })

  test.each([capOf(4), capOf(100), null])('above what was spent, or none, is taken', (budget) => {
    expect(refuses(state, { type: 'configured', budget: budget })).toBeNull()
  })

  test('cannot be given once the old one was removed', () => {
    const session = startSession({}, state)
    session.pass({ type: 'configured', budget: null })
    expect(refuses(session.state, { type: 'configured', budget: capOf(50) })).toMatchObject({
      code: 'budget_create_only',
    })
  })
})

describe('a budget as it is given', () => {
  test.each<[unknown, unknown]>([
    [capOf(5), capOf(5)],
    [{ ...capOf(5), more: 1 }, capOf(5)],
    [{ type: 'limit', max_list_cost: { amount: '5', currency: 'EUR' } }, undefined],
    [{ type: 'limit', max_list_cost: { amount: '05', currency: 'USD' } }, undefined],
    [{ type: 'limit', max_list_cost: { amount: 5, currency: 'USD' } }, undefined],
    [{ type: 'none', max_list_cost: { amount: '5', currency: 'USD' } }, undefined],
    [null, undefined],
  ])('%j is read as %j', (value, budget) => {
    expect(parseBudget(value)).toEqual(budget)
  })

  test('stands in the state that a session starts in, with what it is counted by', () => {
    const configuration = { id: 'cfg_1', agentName: 'a', policy: { ...POLICY, accounting: ACCOUNTING } }
    expect(startingState({ configuration, budget: capOf(5) })).toMatchObject({
      accounting: ACCOUNTING,
      budget: capOf(5),
    })
    const none = startingState({ configuration: { policy: { accounting: 1 } }, budget: 'much' })
    expect(none).not.toHaveProperty('accounting')
    expect(none).not.toHaveProperty('budget')
  })

  test.each<[string, Partial<LogState>, boolean]>([
    ['whose turn is paused', { paused: true }, true],
    ['with a message that waits', { queue: [{ ...message('m1'), id: 'm1' }] }, true],
    ['with nothing to do', {}, false],
    ['that may cost more', { paused: true, budget: capOf(900) }, false],
  ])('holds up a session %s: %j', (_, changes, isHeld) => {
    const usage = { ...emptyUsage(), input_tokens: 3_400_000 }
    const spent = { accounting: ACCOUNTING, budget: capOf(1), usage, stop: { type: 'budget_reached' } } as const
    expect(isHeldUp(emptyState({ ...spent, ...changes }))).toBe(isHeld)
  })

  test('is never spent by a session that has none', () => {
    expect(isSpent({ usage: emptyUsage(), accounting: ACCOUNTING })).toBe(false)
  })
})
