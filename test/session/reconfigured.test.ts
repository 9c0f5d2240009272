import { describe, expect, test } from 'vitest'
import type { Entry } from '../../src/session/entry.ts'
import { fold } from '../../src/session/fold.ts'
import type { LogState } from '../../src/session/state.ts'
import { configurationOf } from '../../src/session/state.ts'
import {
  ACCOUNTING,
  POLICY,
  RUNNING,
  arrived,
  confirm,
  emptyState,
  interrupt,
  message,
  modelFailed,
  outline,
  startSession,
  startedWith,
} from '../support/session-builders.ts'

function change(id: string, base = 'cfg_1') {
  return { type: 'configured', configuration: { id, base } } as const
}

function cents(amount: number) {
  return { type: 'limit', max_list_cost: { amount: String(amount), currency: 'USD' } } as const
}

/** What the model is asked with, by the command of each pass that asks it. */
function askedWith(session: ReturnType<typeof startSession>): readonly (string | null)[] {
  return session
    .commands()
    .flatMap((command) => (command.do === 'callModel' || command.do === 'compact' ? [command.configuration] : []))
}

describe('a session whose agent changed', () => {
  test('asks with the new one from its next turn on', () => {
    const session = startSession()
    session.pass(change('cfg_2'))
    session.pass(arrived(message('m1')))
    expect(askedWith(session)).toEqual(['cfg_2'])
  })

  test('asks with it when the change and the message come together', () => {
    const before = startSession()
    before.pass(change('cfg_2'), arrived(message('m1')))
    expect(askedWith(before)).toEqual(['cfg_2'])
  })

  test('goes on after its client’s answer with what the turn began with, and then with the new one', () => {
    const session = startedWith([['c1', 'ask']])
    expect(outline(session.pass(change('cfg_2')))).toEqual(['session.updated'])
    expect(outline(session.pass(change('cfg_3', 'cfg_2')))).toEqual(['session.updated'])
    session.pass(arrived(confirm('a1', 'c1', 'deny')))
    expect(askedWith(session)).toEqual(['cfg_1'])
    session.pass(modelFailed({ retryable: true }))
    session.pass({ type: 'elapsed' })
    expect(askedWith(session)).toEqual(['cfg_1'])
    session.answer({ text: 'done' })
    session.pass(arrived(message('m2')))
    expect(askedWith(session)).toEqual(['cfg_3'])
    expect(session.state).not.toHaveProperty('asking')
  })

  test('that was interrupted while it waited begins its next turn with the new one', () => {
    const session = startedWith([['c1', 'ask']])
    session.pass(change('cfg_2'))
    session.pass(arrived(interrupt('i1')), arrived(message('m2'), 2))
    expect(askedWith(session)).toEqual(['cfg_2'])
  })

  test('at its budget goes on with what the turn began with once that is raised, by the same update too', () => {
    const policy = { ...POLICY, accounting: ACCOUNTING }
    const begin = emptyState({ accounting: ACCOUNTING, budget: cents(1) })
    const session = startSession({ policy }, begin)
    session.pass(arrived(message('m1')))
    session.answer({ calls: [['c1', 'deny']], usage: { input_tokens: 1_000_000 } })
    expect(session.state).toMatchObject({ status: 'idle', paused: true })
    expect(outline(session.pass({ ...change('cfg_2'), budget: cents(2) }))).toEqual([
      'session.updated',
      ...RUNNING,
      'span.model_request_start',
    ])
    expect(askedWith(session)).toEqual(['cfg_1'])
  })

  test('that summarises asks for the summary with what its turn began with', () => {
    const state = emptyState({ status: 'running', phase: 'compacting', request: 'r1', asking: 'cfg_0' })
    expect(askedWith(startSession({}, state))).toEqual(['cfg_0'])
    expect(configurationOf({ configuration: null })).toBeNull()
  })
})

describe('the fold of a change', () => {
  test.each<{ name: string; before?: Partial<LogState>; entry: Entry; after: Partial<LogState> }>([
    {
      name: 'a change names the configuration',
      before: { title: 'old' },
      entry: { type: 'session.updated', id: 'e', configuration: 'cfg_2' },
      after: { title: 'old', configuration: 'cfg_2' },
    },
    {
      name: 'a change leaves a turn that waits for its client what it began with',
      before: { stop: { type: 'requires_action', event_ids: ['a'] } },
      entry: { type: 'session.updated', id: 'e', configuration: 'cfg_2' },
      after: { configuration: 'cfg_2', asking: 'cfg_1' },
    },
    {
      name: 'a change leaves it that again',
      before: { stop: { type: 'requires_action', event_ids: ['a'] }, asking: 'cfg_0' },
      entry: { type: 'session.updated', id: 'e', configuration: 'cfg_2' },
      after: { configuration: 'cfg_2', asking: 'cfg_0' },
    },
    {
      name: 'a change leaves a turn that began without any none',
      before: { stop: { type: 'requires_action', event_ids: ['a'] }, configuration: null },
      entry: { type: 'session.updated', id: 'e', configuration: 'cfg_2' },
      after: { configuration: 'cfg_2' },
    },
    {
      name: 'a change leaves a turn that waits at its budget what it began with',
      before: { stop: { type: 'budget_reached' }, paused: true },
      entry: { type: 'session.updated', id: 'e', configuration: 'cfg_2' },
      after: { configuration: 'cfg_2', asking: 'cfg_1' },
    },
    {
      name: 'status_running after a back-off keeps what its turn began with',
      before: { status: 'rescheduling', phase: 'backoff', asking: 'cfg_0' },
      entry: { type: 'session.status_running', id: 'e' },
      after: { status: 'running', phase: 'ready', asking: 'cfg_0' },
    },
  ])('$name', ({ before = {}, entry, after }) => {
    const state = emptyState(before)
    expect(fold(state, entry)).toEqual({ ...state, ...after })
  })
})
