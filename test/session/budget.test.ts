import { describe, expect, test } from 'vitest'
import { isAtBudget } from '../../src/session/budget.ts'
import type { Budget } from '../../src/session/budget.ts'
import { check, wakes } from '../../src/session/check.ts'
import type { Entry } from '../../src/session/entry.ts'
import type { Policy } from '../../src/session/policy.ts'
import type { Input } from '../../src/session/settle.ts'
import type { LogState } from '../../src/session/state.ts'
import { noModelUsage } from '../../src/session/usage.ts'
import type { TestSession } from '../support/session-builders.ts'
import {
  ACCOUNTING,
  CONTEXT,
  POLICY,
  RUNNING,
  arrived,
  confirm,
  customResult,
  emptyState,
  idle,
  interrupt,
  message,
  modelFailed,
  outline,
  recorded,
  resultEntry,
  startSession,
  systemMessage,
} from '../support/session-builders.ts'

const CENT = { input_tokens: 1_000_000 }

function cents(amount: number): Budget {
  return { type: 'limit', max_list_cost: { amount: String(amount), currency: 'USD' } }
}

/** A session whose every request costs as many cents as it has millions of tokens. */
function capped(amount: number, changes: Partial<LogState> = {}, policy: Partial<Policy> = {}): TestSession {
  const state = emptyState({ accounting: ACCOUNTING, budget: cents(amount), ...changes })
  return startSession({ policy: { ...POLICY, ...policy } }, state)
}

function configured(budget: Budget | null): Input {
  return { type: 'configured', budget }
}

const PAUSED = idle('budget_reached')
/** What is told when the last request crosses the cap and has nothing more to do. */
const DONE = ['session.thread_status_idle end_turn', 'session.usage', 'session.status_idle budget_reached']

/** A turn that has stopped at its cap of one cent behind a tool call. */
function paused(): TestSession {
  const session = capped(1)
  session.pass(arrived(message('m1')))
  session.answer({ calls: [['c1', 'allow']], usage: CENT })
  session.pass(recorded(resultEntry('c1')))
  return session
}

describe('a budget', () => {
  test('lets the request that crosses it finish and its calls run, and no other begin', () => {
    const session = capped(1)
    session.pass(arrived(message('m1')))
    session.answer({ calls: [['c1', 'allow']], usage: CENT })
    expect(session.executing()).toEqual(['c1'])
    expect(outline(session.pass(recorded(resultEntry('c1'))))).toEqual(PAUSED)
    expect(session.commands()).toEqual([])
    expect(session.state).toMatchObject({ status: 'idle', stop: { type: 'budget_reached' }, calls: [] })
  })

  test('leaves a turn alone that stays below it', () => {
    const session = capped(2)
    session.pass(arrived(message('m1')))
    session.answer({ calls: [['c1', 'allow']], usage: { input_tokens: 1_999_999 } })
    expect(outline(session.pass(recorded(resultEntry('c1'))))).toEqual(['span.model_request_start'])
  })

  test('is told with the usage, and so is none', () => {
    const told = (session: TestSession): Entry | undefined => {
      session.pass(arrived(message('m1')))
      return session.answer({ text: 'done' }).find(({ type }) => type === 'session.usage')
    }
    expect(told(capped(5))).toMatchObject({ budget: cents(5), usage: { list_cost: { amount: '0', currency: 'USD' } } })
    expect(told(startSession({}, emptyState({ accounting: ACCOUNTING })))).toMatchObject({ budget: null })
    expect(told(startSession())).not.toHaveProperty('budget')
  })

  test('is told by the session where the thread has ended by itself', () => {
    const session = capped(1)
    session.pass(arrived(message('m1')))
    expect(outline(session.answer({ text: 'done', usage: CENT }))).toEqual(DONE)
    expect(session.state.paused).toBeUndefined()
  })

  test('keeps what the thread says of a refusal to the thread', () => {
    const session = capped(1)
    session.pass(arrived(message('m1')))
    const [thread, , whole] = session.answer({ stop: 'refusal', explanation: 'no', usage: CENT })
    expect(thread).toMatchObject({ stop_reason: { type: 'refusal' }, stop_details: { explanation: 'no' } })
    expect(whole).toMatchObject({ stop_reason: { type: 'budget_reached' }, stop_details: null })
  })

  test('stands behind what the client has to answer', () => {
    const session = capped(1)
    session.pass(arrived(message('m1')))
    const asked = session.answer({
      calls: [
        ['c1', 'ask'],
        ['c2', 'custom'],
      ],
      usage: CENT,
    })
    expect(outline(asked)).toEqual(idle('requires_action c1 c2'))
    session.pass(arrived(customResult('r1', 'c2')))
    expect(outline(session.pass(arrived(confirm('a1', 'c1'))))).toEqual(RUNNING)
    expect(session.executing()).toEqual(['c1'])
    expect(outline(session.pass(recorded(resultEntry('c1'))))).toEqual(PAUSED)
  })

  test('comes before the summary of a long context', () => {
    const session = capped(1, {}, { context: { ...CONTEXT, window: 1_000_000 } })
    session.pass(arrived(message('m1')))
    session.answer({ calls: [['c1', 'allow']], usage: CENT })
    expect(outline(session.pass(recorded(resultEntry('c1'))))).toEqual(PAUSED)
  })

  test('stops a model that paused before it goes on, and lets nothing come between when it may', () => {
    const session = capped(1)
    session.pass(arrived(message('m1')))
    session.pass(arrived(message('m2')))
    expect(outline(session.answer({ stop: 'pause_turn', usage: CENT }))).toEqual(PAUSED)
    const raised = session.pass(configured(cents(2)))
    expect(outline(raised)).toEqual(['session.updated', ...RUNNING, 'span.model_request_start'])
    expect(session.state.queue).toHaveLength(1)
  })

  test.each([
    {
      name: 'an interrupt',
      reason: 'end_turn',
      end: (session: TestSession) => {
        session.answer({ calls: [['c1', 'allow']], usage: CENT })
        return session.pass(arrived(interrupt('i1')))
      },
    },
    {
      name: 'an interrupt of what waits for the client',
      reason: 'end_turn',
      end: (session: TestSession) => {
        session.answer({ calls: [['c1', 'ask']], usage: CENT })
        return session.pass(arrived(interrupt('i1')))
      },
    },
    {
      name: 'a failure that is not tried again',
      reason: 'retries_exhausted',
      end: (session: TestSession) =>
        session.pass(modelFailed({ retryable: false, usage: { ...noModelUsage(), ...CENT } })),
    },
    {
      name: 'too many tool rounds',
      reason: 'retries_exhausted',
      policy: { toolRounds: 1 },
      end: (session: TestSession) => {
        session.answer({ calls: [['c1', 'allow']], usage: CENT })
        return session.pass(recorded(resultEntry('c1')))
      },
    },
  ])('is told by the session, and what ended the turn by the thread: $name', ({ reason, policy, end }) => {
    const session = capped(1, {}, policy)
    session.pass(arrived(message('m1')))
    const told = ['session.usage', 'session.status_idle budget_reached']
    expect(outline(end(session)).slice(-3)).toEqual([`session.thread_status_idle ${reason}`, ...told])
    expect(isAtBudget(session.state)).toBe(true)
    expect(check(session.state, message('m2'))?.reason).toMatch(/budget/)
    expect(outline(session.pass(configured(cents(2))))).toEqual(['session.updated'])
  })

  test('does not end what fails below it', () => {
    const session = capped(1)
    session.pass(arrived(message('m1')))
    expect(outline(session.pass(modelFailed({ retryable: false }))).slice(-3)).toEqual(idle('retries_exhausted'))
  })

  test('is reached at once where the model has no price', () => {
    const session = capped(1, { accounting: { ...ACCOUNTING, prices: null } })
    expect(outline(session.pass(arrived(message('m1')))).slice(-3)).toEqual(PAUSED)
  })
})

describe('a session at its budget', () => {
  test.each([arrived(message('m2')), arrived(systemMessage('s1')), arrived(message(undefined))])(
    'lets a message of a plain client wait',
    (input) => {
      const session = paused()
      session.pass(input)
      expect(session.state).toMatchObject({ status: 'idle', stop: { type: 'budget_reached' } })
      expect(session.state.queue).toHaveLength(1)
      expect(session.commands()).toEqual([])
    },
  )

  test.each([arrived(interrupt('i1')), { type: 'cancelled' } as const])('is not interrupted', (input) => {
    const session = paused()
    expect(outline(session.pass(input)).filter((line) => line !== 'log.mark i1')).toEqual([])
    expect(isAtBudget(session.state)).toBe(true)
  })

  test('goes on by itself when the budget is raised, in the same turn', () => {
    const session = paused()
    const raised = session.pass(configured(cents(2)))
    expect(outline(raised)).toEqual(['session.updated', ...RUNNING, 'span.model_request_start'])
    expect(raised[0]).toEqual({ id: expect.any(String), type: 'session.updated', budget: cents(2) })
    expect(session.state).toMatchObject({ rounds: 1, budget: cents(2) })
    expect(session.state.paused).toBeUndefined()
  })

  test('goes on when the budget is removed, and has none from then on', () => {
    const session = paused()
    const removed = session.pass(configured(null))
    expect(removed[0]).toMatchObject({ type: 'session.updated', budget: null })
    expect(outline(removed).slice(1)).toEqual([...RUNNING, 'span.model_request_start'])
    expect(session.state).not.toHaveProperty('budget')
    expect(session.answer({ text: 'done', usage: CENT }).at(-2)).toMatchObject({ budget: null })
  })

  test('takes up what was queued when it goes on', () => {
    const session = paused()
    session.pass(arrived(message('m2')))
    expect(outline(session.pass(configured(cents(2))))).toEqual([
      'session.updated',
      ...RUNNING,
      'log.mark m2',
      'span.model_request_start',
    ])
  })

  test.each([arrived(interrupt('i1')), { type: 'cancelled' } as const])(
    'goes on at the place of the raise, and an interrupt behind it ends the turn',
    (stop) => {
      const session = paused()
      const decided = outline(session.pass(configured(cents(2)), stop))
      expect(decided.filter((line) => !line.startsWith('log.'))).toEqual([
        'session.updated',
        ...RUNNING,
        ...idle('end_turn'),
      ])
      expect(session.commands()).toEqual([])
    },
  )

  test('lets no message that comes with the raise stand between a model that paused and its own answer', () => {
    const session = capped(1)
    session.pass(arrived(message('m1')))
    session.answer({ stop: 'pause_turn', usage: CENT })
    const decided = session.pass(configured(cents(2)), arrived(message('m2')))
    expect(outline(decided)).toEqual(['session.updated', ...RUNNING, 'span.model_request_start'])
    expect(session.state.queue).toHaveLength(1)
  })

  test('starts the next turn with what was queued when the last one was done', () => {
    const session = capped(1)
    session.pass(arrived(message('m1')))
    session.pass(arrived(message('m2')))
    expect(outline(session.answer({ text: 'done', usage: CENT }))).toEqual(DONE)
    const raised = outline(session.pass(configured(cents(2))))
    expect(raised).toEqual(['session.updated', ...RUNNING, 'log.mark m2', 'span.model_request_start'])
    expect(session.state.rounds).toBe(0)
  })

  test('stays idle when there is nothing to go on with, and takes messages again', () => {
    const session = capped(1)
    session.pass(arrived(message('m1')))
    session.answer({ text: 'done', usage: CENT })
    expect(outline(session.pass(configured(cents(2))))).toEqual(['session.updated'])
    expect(check(session.state, message('m2'))).toBeNull()
    expect(outline(session.pass(arrived(message('m2'))))).toContain('span.model_request_start')
  })

  test('is told once of a budget that stays as it is', () => {
    const session = capped(3)
    expect(session.pass(configured(cents(3)))).toEqual([])
    expect(startSession().pass(configured(null))).toEqual([])
  })

  test('refuses messages by naming what it takes', () => {
    const state: LogState = { ...paused().state, takesSystem: true }
    for (const event of [message('m2'), systemMessage('s2')]) {
      expect(check(state, event)?.reason).toMatch(
        /budget.*user\.tool_confirmation, user\.tool_result, user\.custom_tool_result and user\.interrupt only/,
      )
    }
    expect(check(state, interrupt('i'))).toBeNull()
    expect(wakes(state, interrupt('i'))).toBe(false)
  })
})
