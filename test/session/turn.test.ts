import { describe, expect, test } from 'vitest'
import {
  CONTEXT,
  POLICY,
  RUNNING,
  arrived,
  idle,
  message,
  modelFailed,
  outline,
  recorded,
  resultEntry,
  startSession,
  startedWith,
  systemMessage,
} from '../support/session-builders.ts'

/** Why an answer ends where the model's window does. */
const FULL = 'model_context_window_exceeded'
const RESUMING = { ...CONTEXT, resumes: true } as const

describe('a turn', () => {
  test('starts with the running pair, the marks and the model request, in this order', () => {
    const decided = startSession().pass(arrived(message('m1')))
    expect(outline(decided)).toEqual([...RUNNING, 'log.mark m1', 'span.model_request_start'])
  })

  test('names its thread and agent on thread events', () => {
    const [, running] = startSession().pass(arrived(message('m1')))
    expect(running).toMatchObject({ session_thread_id: 'sthr_1', agent_name: 'tester' })
  })

  test('ends with thread, usage and session, in this order', () => {
    const session = startSession({ activeSeconds: (before) => before + 2.5 })
    session.pass(arrived(message('m1')))
    const decided = session.answer({ text: 'done', usage: { input_tokens: 7, output_tokens: 3 } })
    expect(outline(decided)).toEqual(idle('end_turn'))
    expect(decided[1]).toMatchObject({ usage: { input_tokens: 7, output_tokens: 3, active_seconds: 2.5 } })
    expect(session.state).toMatchObject({ status: 'idle', phase: 'idle', stop: { type: 'end_turn' }, request: null })
  })

  test('adds its running time to that of the turns before', () => {
    const session = startSession({ activeSeconds: (before) => before + 2 })
    for (const id of ['m1', 'm2']) {
      session.pass(arrived(message(id)))
      session.answer({ text: 'done' })
    }
    expect(session.state.usage.active_seconds).toBe(4)
  })

  test('asks the model again after the tools, without a second running pair', () => {
    const session = startedWith([['c1', 'allow']])
    expect(outline(session.pass(recorded(resultEntry('c1'))))).toEqual(['span.model_request_start'])
    expect(outline(session.answer({ text: 'done' }))).toEqual(idle('end_turn'))
  })

  test('starts once for several messages of one batch, and marks the later ones before the request', () => {
    const session = startSession()
    const decided = session.pass(arrived(message('m1')), arrived(message('m2')), arrived(systemMessage('s1')))
    expect(outline(decided)).toEqual([
      ...RUNNING,
      'log.mark m1',
      'log.mark m2',
      'log.mark s1',
      'span.model_request_start',
    ])
  })

  test('takes up what arrived meanwhile at the next step, in order and in one go', () => {
    const session = startedWith([['c1', 'allow']])
    expect(session.pass(arrived(message('m2')))).toEqual([])
    expect(session.pass(arrived(message('m3')))).toEqual([])
    const decided = session.pass(recorded(resultEntry('c1')))
    expect(outline(decided)).toEqual(['log.mark m2', 'log.mark m3', 'span.model_request_start'])
  })

  test('goes on without idle when a message waits at its end', () => {
    const session = startSession()
    session.pass(arrived(message('m1')))
    session.pass(arrived(message('m2')))
    expect(outline(session.answer({ text: 'first' }))).toEqual(['log.mark m2', 'span.model_request_start'])
  })

  test('leaves messages to the next turn when the policy steers by turns', () => {
    const session = startSession({ policy: { ...POLICY, steering: 'turn' } })
    session.pass(arrived(message('m1')))
    session.pass(arrived(message('m2')))
    expect(outline(session.answer({ calls: [['c1', 'allow']] }))).toEqual([])
    expect(outline(session.pass(recorded(resultEntry('c1'))))).toEqual(['span.model_request_start'])
    const decided = session.answer({ text: 'done' })
    expect(outline(decided)).toEqual([...idle('end_turn'), ...RUNNING, 'log.mark m2', 'span.model_request_start'])
  })

  test('asks on after a pause of the model, before it takes anything up', () => {
    const session = startSession()
    session.pass(arrived(message('m1')))
    session.pass(arrived(message('m2')))
    expect(outline(session.answer({ text: 'so far', stop: 'pause_turn' }))).toEqual(['span.model_request_start'])
    expect(outline(session.answer({ text: 'more' }))).toEqual(['log.mark m2', 'span.model_request_start'])
  })

  test('asks on after a pause also when that fails for a while', () => {
    const session = startSession()
    session.pass(arrived(message('m1')))
    session.answer({ text: 'so far', stop: 'pause_turn' })
    session.pass(modelFailed(), arrived(message('m2')))
    expect(outline(session.pass({ type: 'elapsed' }))).toEqual([...RUNNING, 'span.model_request_start'])
    expect(outline(session.answer({ text: 'more' }))).toEqual(['log.mark m2', 'span.model_request_start'])
  })

  test('ends when the model pauses for ever', () => {
    const session = startSession({ policy: { ...POLICY, toolRounds: 2 } })
    session.pass(arrived(message('m1')))
    expect(outline(session.answer({ stop: 'pause_turn' }))).toEqual(['span.model_request_start'])
    expect(outline(session.answer({ stop: 'pause_turn' }))).toEqual([
      'session.error exhausted',
      ...idle('retries_exhausted'),
    ])
  })

  test('says that the model refused, and why', () => {
    const session = startSession()
    session.pass(arrived(message('m1')))
    const decided = session.answer({ stop: 'refusal', explanation: 'not that' })
    expect(outline(decided)).toEqual(idle('refusal'))
    expect(session.state.stopDetails).toEqual({ type: 'refusal', category: null, explanation: 'not that' })
    session.pass(arrived(message('m2')))
    expect(session.state.stopDetails).toBeNull()
  })

  test.each([
    ['cyber', 'cyber'],
    ['general_harms', 'general_harms'],
    ['of the future', null],
    [undefined, null],
  ])('says under which category the model refused, if clients know it: %j', (named, category) => {
    const session = startSession()
    session.pass(arrived(message('m1')))
    session.answer({ stop: 'refusal', ...(named === undefined ? {} : { category: named }) })
    expect(session.state.stopDetails).toMatchObject({ category })
    expect(Object.keys(session.state.answer ?? {}).includes('category')).toBe(named !== undefined)
  })

  test('goes on behind a summary when an answer ends where the window does', () => {
    const session = startSession({ policy: { ...POLICY, context: RESUMING } })
    session.pass(arrived(message('m1')))
    const cut = session.answer({ text: 'so f', stop: FULL, usage: { input_tokens: 990 } })
    expect(outline(cut)).toEqual(['log.compacting', 'span.model_request_start'])
    session.pass(arrived(message('m2')))
    expect(outline(session.summarise())).toEqual(['log.mark m2', 'span.model_request_start'])
    expect(outline(session.answer({ text: 'so far, so good' }))).toEqual(idle('end_turn'))
  })

  test('is over there under a policy from before that', () => {
    const session = startSession({ policy: { ...POLICY, context: CONTEXT } })
    session.pass(arrived(message('m1')))
    expect(outline(session.answer({ text: 'so f', stop: FULL }))).toEqual(idle('end_turn'))
  })

  test('does not do so for ever, nor in place of its calls', () => {
    const session = startSession({ policy: { ...POLICY, toolRounds: 9, context: RESUMING } })
    session.pass(arrived(message('m1')))
    for (let count = 0; count < RESUMING.compactionsInARow; count += 1) {
      session.answer({ text: 'so f', stop: FULL })
      session.summarise()
    }
    expect(session.answer({ text: 'so f', stop: FULL })).toContainEqual(
      expect.objectContaining({ error: expect.objectContaining({ type: 'compaction_limit_reached_error' }) }),
    )
    expect(session.state).toMatchObject({ status: 'idle', stop: { type: 'retries_exhausted' } })
    session.pass(arrived(message('m2')))
    session.summarise()
    session.answer({ calls: [['c1', 'allow']], stop: FULL })
    expect(session.executing()).toEqual(['c1'])
  })

  test('ends there where nothing is known of the window', () => {
    const session = startSession()
    session.pass(arrived(message('m1')))
    expect(outline(session.answer({ text: 'so f', stop: FULL }))).toEqual(idle('end_turn'))
  })
})
