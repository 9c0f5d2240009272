import { describe, expect, test } from 'vitest'
import {
  POLICY,
  RUNNING,
  arrived,
  idle,
  message,
  outline,
  recorded,
  resultEntry,
  startSession,
  startedWith,
  systemMessage,
} from '../support/session-builders.ts'

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
})
