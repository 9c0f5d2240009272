import { describe, expect, test } from 'vitest'
import { contextOf } from '../../src/session/context.ts'
import type { TestSession } from '../support/session-builders.ts'
import {
  CONTEXT,
  POLICY,
  RESCHEDULED,
  RUNNING,
  answerEntries,
  arrived,
  emptyState,
  idle,
  interrupt,
  message,
  modelFailed,
  outline,
  recorded,
  requestEnd,
  resultEntry,
  startSession,
} from '../support/session-builders.ts'
import { ASKED, COMPACTING, round, tooLong } from './rounds.ts'

const policy = { ...POLICY, toolRounds: 50, context: CONTEXT }
/** A session that minds its context, in the middle of its first turn. */
function begin(): TestSession {
  const session = startSession({ policy })
  session.pass(arrived(message('m1')))
  return session
}

/** A session whose model has been asked for a summary. */
function compacting(): TestSession {
  const session = begin()
  round(session, 'c1', 900)
  expect(session.state.phase).toBe('compacting')
  return session
}

describe('old tool results', () => {
  test('are trimmed before the next request once the context comes to the first line', () => {
    const session = begin()
    expect(round(session, 'c1', 499)).toEqual(ASKED)
    expect(round(session, 'c2', 500)).toEqual(['log.trimmed 1', ...ASKED])
  })

  test('are left alone while there are no old ones', () => {
    const session = begin()
    expect(round(session, 'c1', 500)).toEqual(ASKED)
    expect(round(session, 'c2', 510)).toEqual(['log.trimmed 1', ...ASKED])
  })

  test('are trimmed once for each time that the line is crossed', () => {
    const session = begin()
    round(session, 'c1', 400)
    expect(round(session, 'c2', 600)).toEqual(['log.trimmed 1', ...ASKED])
    expect(round(session, 'c3', 550)).toEqual(ASKED)
    expect(round(session, 'c4', 450)).toEqual(ASKED)
    expect(round(session, 'c5', 500)).toEqual(['log.trimmed 1', ...ASKED])
  })

  test('of a session without such a policy are never trimmed, and nothing is summarised', () => {
    const session = startSession()
    session.pass(arrived(message('m1')))
    expect(round(session, 'c1', 1_000_000)).toEqual(ASKED)
    expect(round(session, 'c2', 1_000_000)).toEqual(ASKED)
    expect(outline(session.pass(tooLong()))).toEqual([
      'span.model_request_end',
      'session.error exhausted',
      ...idle('retries_exhausted'),
    ])
  })

  test('are counted with all the tokens of a request, cached ones and the answer among them', () => {
    const session = begin()
    round(session, 'c1', 1)
    const usage = { input_tokens: 1, cache_read_input_tokens: 400, cache_creation_input_tokens: 50, output_tokens: 49 }
    session.answer({ calls: [['c2', 'allow']], usage })
    expect(outline(session.pass(recorded(resultEntry('c2'))))).toEqual(['log.trimmed 1', ...ASKED])
  })
})

describe('a compaction', () => {
  test('comes before the next request once the context comes to the second line', () => {
    const session = begin()
    expect(round(session, 'c1', 800)).toEqual(COMPACTING)
    const { request } = session.state
    expect(session.commands()).toEqual([{ do: 'compact', key: `compact ${request}`, request, configuration: 'cfg_1' }])
    expect(outline(session.summarise())).toEqual(ASKED)
    expect(session.commands()).toMatchObject([{ do: 'callModel' }])
  })

  test('gives way to trimming, and comes if that was not enough', () => {
    const session = begin()
    round(session, 'c1', 400)
    expect(round(session, 'c2', 900)).toEqual(['log.trimmed 1', ...ASKED])
    expect(round(session, 'c3', 850)).toEqual(COMPACTING)
  })

  test('comes at the start of a turn, behind the marks', () => {
    const session = begin()
    session.answer({ text: 'done', usage: { input_tokens: 900 } })
    expect(outline(session.pass(arrived(message('m2'))))).toEqual([...RUNNING, 'log.mark m2', ...COMPACTING])
  })

  test('leaves queued messages to the request behind it', () => {
    const session = begin()
    session.answer({ calls: [['c1', 'allow']], usage: { input_tokens: 900 } })
    session.pass(arrived(message('m2')))
    expect(outline(session.pass(recorded(resultEntry('c1'))))).toEqual(COMPACTING)
    session.pass(arrived(message('m3')))
    expect(outline(session.summarise())).toEqual(['log.mark m2', 'log.mark m3', ...ASKED])
  })

  test('adds what it took to the usage, and says nothing of the context behind it', () => {
    const session = compacting()
    session.summarise({ usage: { input_tokens: 950, output_tokens: 20 } })
    expect(session.state.usage).toMatchObject({ input_tokens: 1850, output_tokens: 20 })
    expect(contextOf(session.state)).toMatchObject({ tokens: null, rounds: 0, summaries: 1, compacting: false })
    expect(round(session, 'c2', 100)).toEqual(ASKED)
  })

  test('that fails is tried again after a pause that the log shows', () => {
    const session = compacting()
    const failed = ['span.model_request_end', 'session.error retrying', 'log.retry', ...RESCHEDULED]
    expect(outline(session.pass(modelFailed()))).toEqual(failed)
    expect(outline(session.pass({ type: 'elapsed' }))).toEqual([...RUNNING, ...ASKED])
    expect(session.commands()).toMatchObject([{ do: 'compact' }])
    session.summarise()
    expect(session.state.failures).toBe(0)
  })

  test('without words is paid for and told once', () => {
    const session = compacting()
    const { request } = session.state
    const end = requestEnd({ request: request ?? '', usage: { input_tokens: 10 } }, true)
    const decided = session.pass(recorded(end), modelFailed())
    expect(outline(decided)).toEqual(['session.error retrying', 'log.retry', ...RESCHEDULED])
    expect(session.state.usage.input_tokens).toBe(910)
  })

  test('that keeps failing ends the turn, and comes first in the next one', () => {
    const session = compacting()
    expect(outline(session.pass(modelFailed({ retryable: false })))).toEqual([
      'span.model_request_end',
      'session.error exhausted',
      ...idle('retries_exhausted'),
    ])
    expect(outline(session.pass(arrived(message('m2'))))).toEqual([...RUNNING, 'log.mark m2', ...ASKED])
    expect(session.state.phase).toBe('compacting')
  })

  test('ends with an interrupt, like any request', () => {
    const session = compacting()
    expect(outline(session.pass(arrived(interrupt('i1'))))).toEqual([
      'log.mark i1',
      'span.model_request_end',
      ...idle('end_turn'),
    ])
    expect(session.commands()).toEqual([])
    session.pass(arrived(message('m2')))
    expect(session.state.phase).toBe('compacting')
  })

  test('does not come between a paused answer and the rest of it', () => {
    const session = begin()
    expect(outline(session.answer({ stop: 'pause_turn', usage: { input_tokens: 900 } }))).toEqual(ASKED)
    expect(session.state.phase).toBe('model')
  })

  test('is nothing to perform without a request', () => {
    expect(startSession({}, emptyState({ status: 'running', phase: 'compacting' })).commands()).toEqual([])
  })
})

describe('a request that is too long', () => {
  test('is asked again with less: old results go first, then all is summarised', () => {
    const session = begin()
    round(session, 'c1', 100)
    round(session, 'c2', 200)
    expect(outline(session.pass(tooLong()))).toEqual(['span.model_request_end', 'log.trimmed 1', ...ASKED])
    expect(outline(session.pass(tooLong()))).toEqual(['span.model_request_end', ...COMPACTING])
    expect(outline(session.summarise())).toEqual(ASKED)
    expect(outline(session.answer({ text: 'done' }))).toEqual(idle('end_turn'))
  })

  test('for a summary too is cut, and then ends the turn', () => {
    const session = compacting()
    expect(outline(session.pass(tooLong()))).toEqual(['span.model_request_end', 'log.trimmed 0 cut', ...ASKED])
    expect(session.state.phase).toBe('compacting')
    expect(outline(session.pass(tooLong()))).toEqual([
      'span.model_request_end',
      'session.error exhausted',
      ...idle('retries_exhausted'),
    ])
    session.pass(arrived(message('m2')))
    expect(outline(session.pass(tooLong()))).toEqual(['span.model_request_end', 'log.trimmed 0 cut', ...ASKED])
  })

  test('with the first message is cut at once: there is nothing to summarise', () => {
    const session = begin()
    expect(outline(session.pass(tooLong()))).toEqual(['span.model_request_end', 'log.trimmed 0 cut', ...ASKED])
    expect(session.state.phase).toBe('model')
    expect(outline(session.answer({ text: 'done' }))).toEqual(idle('end_turn'))
  })

  test('after as many summaries in a row as are allowed ends the turn by its own error', () => {
    const session = compacting()
    session.summarise()
    session.pass(tooLong())
    session.pass(tooLong())
    expect(session.state.phase).toBe('compacting')
    session.summarise()
    session.pass(arrived(message('m2')))
    const decided = session.pass(tooLong())
    expect(outline(decided)).toEqual([
      'span.model_request_end',
      'log.compacting',
      'session.error exhausted',
      'log.mark m2 dropped',
      ...idle('retries_exhausted'),
    ])
    expect(decided[2]).toMatchObject({ error: { type: 'compaction_limit_reached_error' } })
    expect(outline(session.pass(arrived(message('m3'))))).toEqual([...RUNNING, 'log.mark m3', ...ASKED])
    expect(session.state.phase).toBe('compacting')
  })

  test.each([
    { name: 'a word', parts: { text: 'on it', stop: 'max_tokens' }, summaries: 0 },
    { name: 'a call', parts: { calls: [['c9', 'allow']] as const }, summaries: 0 },
    { name: 'neither', parts: { text: ' ' }, summaries: 1 },
  ])('counts summaries in a row until the model gives $name', ({ parts, summaries }) => {
    const session = compacting()
    session.summarise()
    session.answer(parts)
    expect(contextOf(session.state).summaries).toBe(summaries)
  })

  test.each([
    { name: 'a text too long for a payload', path: ['content', 0, 'text'], summaries: 0 },
    { name: 'thoughts as long', path: ['content', 1, 'thinking'], summaries: 1 },
    { name: 'an input as long', path: ['input', 0, 'text'], summaries: 1 },
  ])('takes $name for what it is', ({ path, summaries }) => {
    const session = compacting()
    session.summarise()
    const entries = answerEntries({ request: session.state.request ?? 'none', text: '' })
    session.pass({ type: 'recorded', entries, blobs: { 0: [{ path, sha256: 'ab', length: 70_000 }] } })
    expect(contextOf(session.state).summaries).toBe(summaries)
  })
})

describe('a file that the provider refuses', () => {
  const refused = modelFailed({ message: 'model: no image', retryable: false, fileRefused: true })

  test('is left out, and the request made again', () => {
    const session = begin()
    const decided = session.pass(refused)
    expect(outline(decided)).toEqual([
      'span.model_request_end',
      'log.file_refused',
      'session.error retrying',
      'log.retry',
      ...RESCHEDULED,
    ])
    expect(decided[1]).toMatchObject({ text: expect.stringContaining('model: no image') })
    expect(outline(session.pass({ type: 'elapsed' }))).toEqual([...RUNNING, ...ASKED])
  })

  test('is left out of the next turn too, when there are no tries left', () => {
    const session = startSession({ policy: { ...policy, tries: 1 } })
    session.pass(arrived(message('m1')))
    expect(outline(session.pass(refused))).toEqual([
      'span.model_request_end',
      'log.file_refused',
      'session.error exhausted',
      ...idle('retries_exhausted'),
    ])
  })

  test('is left out of a summary', () => {
    const session = compacting()
    expect(outline(session.pass(refused))).toContain('log.file_refused')
    session.pass({ type: 'elapsed' })
    expect(session.state.phase).toBe('compacting')
  })
})
