import { describe, expect, test } from 'vitest'
import type { Entry } from '../../src/session/entry.ts'
import type { Input } from '../../src/session/settle.ts'
import type { LogState } from '../../src/session/state.ts'
import { emptyUsage } from '../../src/session/usage.ts'
import type { TestSession } from '../support/session-builders.ts'
import {
  ACCOUNTING,
  CONTEXT,
  POLICY,
  arrived,
  emptyState,
  foldAll,
  idle,
  interrupt,
  message,
  modelFailed,
  outline,
  recorded,
  resultEntry,
  startSession,
} from '../support/session-builders.ts'

const EIGHT_CENTS = { type: 'limit', max_list_cost: { amount: '8', currency: 'USD' } } as const

describe('the account', () => {
  test('is brought up to now before each request and at the end of a turn', () => {
    const session = startSession({ worked: () => 250 }, emptyState({ accounting: { ...ACCOUNTING, hourly: 14_400 } }))
    expect(outline(session.pass(arrived(message('m1'))))).toContain('log.worked')
    const ended = session.answer({ text: 'done' })
    expect(outline(ended)).toContain('log.worked')
    expect(ended.find(({ type }) => type === 'session.usage')).toMatchObject({
      usage: { active_seconds: session.state.usage.active_seconds, list_cost: { amount: '3' } },
    })
    expect(session.state.work).toEqual({ ms: 750, searches: 0 })
  })

  test('is left alone where nothing was worked, and in sessions that keep none', () => {
    const session = startSession({ worked: () => 0 }, emptyState({ accounting: ACCOUNTING }))
    expect(outline(session.pass(arrived(message('m1'))))).not.toContain('log.worked')
    expect(outline(startSession({ worked: () => 9 }).pass(arrived(message('m1'))))).not.toContain('log.worked')
  })

  test('counts running time towards the budget', () => {
    const session = startSession(
      { worked: () => 3_600_000 },
      emptyState({ accounting: { ...ACCOUNTING, hourly: 8 }, budget: EIGHT_CENTS }),
    )
    expect(outline(session.pass(arrived(message('m1')))).slice(-3)).toEqual(idle('budget_reached'))
  })

  test('counts searches, and is opened for a session that was started by hand', () => {
    const searched: Entry = {
      type: 'log.assistant',
      harness: 'h1',
      content: [],
      stop_reason: 'end_turn',
      calls: [],
      searches: 2,
    }
    const opened: Entry = { type: 'log.configured', configuration: 'cfg_1', agent_name: 'a', accounting: ACCOUNTING }
    const summary: Entry = { type: 'log.summary', harness: 'h1', introduction: 'so far', text: 'all', searches: 1 }
    const state = foldAll(emptyState(), opened, searched, searched, summary, { type: 'log.worked', ms: 1500 })
    expect(state).toMatchObject({
      accounting: ACCOUNTING,
      work: { ms: 1500, searches: 5 },
      usage: { active_seconds: 1.5 },
    })
  })
})

/** What the estimate of a given up request is made of. */
function estimated(entries: readonly Entry[]): readonly [input: number, cached: number] | null {
  if (!entries.some(({ type }) => type === 'log.estimated')) return null
  const end = entries.find(({ type }) => type === 'span.model_request_end')
  if (end?.type !== 'span.model_request_end') return null
  return [end.model_usage.input_tokens, end.model_usage.cache_read_input_tokens]
}

describe('a request that was given up', () => {
  const COUNTED = { ...emptyUsage(), input_tokens: 5, output_tokens: 7 }

  function asksAgain(changes: Partial<LogState>): TestSession {
    const session = startSession({}, emptyState(changes))
    session.pass(arrived(message('m1')))
    session.answer({ calls: [['c1', 'allow']], usage: { input_tokens: 300, output_tokens: 20 } })
    session.pass(recorded(resultEntry('c1')))
    return session
  }

  test('by an interrupt is counted with the least that it can have cost, and marked', () => {
    const session = asksAgain({ accounting: ACCOUNTING })
    const { request, context } = session.state
    const ended = session.pass(arrived(interrupt('i1')))
    expect(ended).toContainEqual({ type: 'log.estimated', request })
    expect(ended.find(({ type }) => type === 'span.model_request_end')).toMatchObject({
      is_error: false,
      // The result says "output of c1".
      model_usage: { input_tokens: 3, output_tokens: 0, cache_read_input_tokens: 320, cache_creation_input_tokens: 0 },
    })
    expect(session.state.usage).toMatchObject({ input_tokens: 303, cache_read_input_tokens: 320 })
    expect(session.state.context).toEqual(context)
  })

  test('is counted as nothing in sessions that keep no accounts', () => {
    const session = asksAgain({})
    const before = session.state.usage
    expect(outline(session.pass(arrived(interrupt('i1'))))).not.toContain('log.estimated')
    expect(session.state.usage).toEqual(before)
    expect(session.state).not.toHaveProperty('size')
  })

  const LONG = message('m1', 'x'.repeat(400))

  test.each<{
    name: string
    live: (session: TestSession) => unknown
    counted: readonly [input: number, cached: number]
  }>([
    { name: 'before any answer, the message', live: (session) => session.pass(arrived(LONG)), counted: [100, 0] },
    {
      name: 'before any answer, every message',
      live: (session) => [session.pass(arrived(LONG)), stopped(session, 'i0'), session.pass(arrived(message('m2')))],
      counted: [102, 0],
    },
    {
      name: 'a message whose text is kept elsewhere',
      live: (session) =>
        session.pass({
          ...(arrived(message('m1', '')) as Extract<Input, { type: 'arrived' }>),
          blobs: [
            { path: ['content', 0, 'text'], sha256: 'a', length: 80_000 },
            { path: ['content', 1, 'source', 'data'], sha256: 'b', length: 9_000_000 },
          ],
        }),
      counted: [20_000, 0],
    },
    {
      name: 'behind trimmed results, what was there before any',
      live: (session) => [
        session.pass(arrived(message('m1'))),
        session.answer({ calls: [['c1', 'allow']], usage: { input_tokens: 300 } }),
        session.pass(recorded(resultEntry('c1'))),
        session.answer({ calls: [['c2', 'allow']], usage: { input_tokens: 600 } }),
        session.pass(recorded(resultEntry('c2'))),
      ],
      counted: [3, 300],
    },
    {
      name: 'for a summary, what it stands for',
      live: fill,
      counted: [3, 900],
    },
    {
      name: 'behind a summary, the summary',
      live: (session) => [fill(session), session.summarise({ usage: { input_tokens: 900, output_tokens: 70 } })],
      counted: [3, 70],
    },
    {
      name: 'behind a summary that was given up, what it was to stand for',
      live: (session) => [fill(session), stopped(session, 'i0'), session.pass(arrived(message('m2')))],
      counted: [5, 900],
    },
    {
      name: 'behind cut inputs, nothing but what comes then',
      live: (session) => [session.pass(arrived(LONG)), session.pass(modelFailed({ retryable: false, tooLong: true }))],
      counted: [0, 0],
    },
  ])('is counted at the least: $name', ({ live, counted }) => {
    const policy = { ...POLICY, context: CONTEXT }
    const session = startSession({ policy }, emptyState({ accounting: ACCOUNTING }))
    live(session)
    expect(estimated(stopped(session, 'i1'))).toEqual(counted)
  })

  function stopped(session: TestSession, id: string): readonly Entry[] {
    return session.pass(arrived(interrupt(id)))
  }

  /** Until a summary is asked for. */
  function fill(session: TestSession): void {
    session.pass(arrived(message('m1')))
    session.answer({ calls: [['c1', 'allow']], usage: { input_tokens: 900 } })
    session.pass(recorded(resultEntry('c1')))
  }

  test('by its provider is counted with what that had counted', () => {
    const session = startSession()
    session.pass(arrived(message('m1')))
    const failed = session.pass(modelFailed({ usage: COUNTED }))
    expect(failed[0]).toMatchObject({ type: 'span.model_request_end', is_error: true, model_usage: COUNTED })
    expect(session.state.usage).toMatchObject({ input_tokens: 5, output_tokens: 7 })
    expect(session.state).not.toHaveProperty('context')
  })
})
