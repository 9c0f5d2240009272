import { describe, expect, test } from 'vitest'
import type { TestSession } from '../support/session-builders.ts'
import {
  CONTEXT,
  POLICY,
  arrived,
  message,
  modelFailed,
  outline,
  recorded,
  resultEntry,
  startSession,
} from '../support/session-builders.ts'
import { ASKED, COMPACTING, round, tooLong } from './rounds.ts'

const mindful = { ...POLICY, toolRounds: 50, context: { ...CONTEXT, growth: 0.1 } }

describe('a context that a summary leaves past the line', () => {
  /** A session whose system prompt and tools take `floor` tokens by themselves, behind its first summary. */
  function summarised(floor: number): TestSession {
    const session = startSession({ policy: mindful })
    session.pass(arrived(message('m1')))
    round(session, 'c1', 900)
    session.summarise({ usage: { input_tokens: 900 } })
    expect(session.state.phase).toBe('model')
    session.answer({ calls: [['c2', 'allow']], usage: { input_tokens: floor, output_tokens: 5 } })
    return session
  }

  test('is told of once, and is summarised again only when it has grown', () => {
    const session = summarised(850)
    const decided = session.pass(recorded(resultEntry('c2')))
    expect(outline(decided)).toEqual(['log.crowded', ...ASKED])
    expect(decided[0]).toEqual({ type: 'log.crowded', floor: 850, line: 800 })
    expect(round(session, 'c3', 880)).toEqual(['log.trimmed 1', ...ASKED])
    expect(round(session, 'c4', 920)).toEqual(ASKED)
    expect(round(session, 'c5', 950)).toEqual(COMPACTING)
  })

  test('pays for one summary in a turn of many steps', () => {
    const session = summarised(850)
    const decided = [...outline(session.pass(recorded(resultEntry('c2'))))]
    for (let n = 3; n < 40; n++) decided.push(...round(session, `c${n}`, 850 + n))
    expect(decided.filter((type) => type === 'log.compacting')).toEqual([])
    expect(decided.filter((type) => type === 'log.crowded')).toHaveLength(1)
  })

  test('is still summarised when the provider says that it is too long', () => {
    const session = summarised(850)
    session.pass(recorded(resultEntry('c2')))
    expect(outline(session.pass(tooLong()))).toContain('log.compacting')
  })

  test('and below it is summarised as soon as it comes back to the line', () => {
    const session = summarised(600)
    expect(outline(session.pass(recorded(resultEntry('c2'))))).toEqual(ASKED)
    expect(round(session, 'c3', 700)).toEqual(['log.trimmed 1', ...ASKED])
    expect(round(session, 'c4', 800)).toEqual(COMPACTING)
  })

  test('is summarised at every step under a policy from before there was a word about it', () => {
    const session = startSession({ policy: { ...mindful, context: CONTEXT } })
    session.pass(arrived(message('m1')))
    round(session, 'c1', 900)
    session.summarise()
    expect(round(session, 'c2', 850)).toEqual(COMPACTING)
  })
})

describe('a session whose harness says nothing of the context', () => {
  const adoptable = { harness: 'h2', context: CONTEXT }
  const refused = modelFailed({ error: 'model_request_failed_error', retryable: false, tooLong: true, adoptable })

  test('goes on under a later one’s rules when a request is too long', () => {
    const session = startSession()
    session.pass(arrived(message('m1')))
    round(session, 'c1', 100)
    round(session, 'c2', 200)
    const decided = session.pass(refused)
    expect(outline(decided)).toEqual(['span.model_request_end', 'log.adopted', 'log.trimmed 1', ...ASKED])
    expect(decided[1]).toEqual({ type: 'log.adopted', ...adoptable })
    expect(session.state.adopted).toEqual(CONTEXT)
  })

  test('keeps to them from then on', () => {
    const session = startSession()
    session.pass(arrived(message('m1')))
    session.pass(refused)
    expect(round(session, 'c1', 800)).toEqual(COMPACTING)
    session.summarise()
    expect(outline(session.pass(refused))).not.toContain('log.adopted')
  })

  test('keeps its own where it says something', () => {
    const session = startSession({ policy: mindful })
    session.pass(arrived(message('m1')))
    expect(outline(session.pass(refused))).toEqual(['span.model_request_end', 'log.trimmed 0 cut', ...ASKED])
  })
})
