import { describe, expect, test } from 'vitest'
import type { Input } from '../../src/session/settle.ts'
import { INTERRUPTED } from '../../src/session/closings.ts'
import { interrupts } from '../../src/session/settle.ts'
import {
  RESCHEDULED,
  RUNNING,
  arrived,
  closings,
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
  startedWith,
} from '../support/session-builders.ts'

describe('an interrupt', () => {
  const marked = ['log.mark i1']
  const ended = idle('end_turn')
  const messaged = [arrived(message('m1'))]

  test.each<{
    name: string
    before: readonly (readonly Input[])[]
    batch: readonly Input[]
    decided: readonly string[]
  }>([
    { name: 'does nothing on a new session', before: [], batch: [arrived(interrupt('i1'))], decided: marked },
    {
      name: 'ends a turn that its batch starts, without a model call',
      before: [],
      batch: [...messaged, arrived(interrupt('i1'))],
      decided: [...RUNNING, 'log.mark m1', ...marked, ...ended],
    },
    {
      name: 'lets a message behind it in its batch start the next turn',
      before: [],
      batch: [arrived(interrupt('i1')), ...messaged],
      decided: [...marked, ...RUNNING, 'log.mark m1', 'span.model_request_start'],
    },
    {
      name: 'ends the open model request',
      before: [messaged],
      batch: [arrived(interrupt('i1'))],
      decided: [...marked, 'span.model_request_end', ...ended],
    },
    {
      name: 'jumps the queue, which starts the next turn',
      before: [messaged, [arrived(message('m2'))]],
      batch: [arrived(interrupt('i1'))],
      decided: [...marked, 'span.model_request_end', ...ended, ...RUNNING, 'log.mark m2', 'span.model_request_start'],
    },
    {
      name: 'counts once when it comes twice in a batch',
      before: [messaged],
      batch: [arrived(interrupt('i1')), arrived(interrupt('i2'))],
      decided: [...marked, 'span.model_request_end', ...ended, 'log.mark i2'],
    },
    {
      name: 'ends a back-off',
      before: [messaged, [modelFailed()]],
      batch: [arrived(interrupt('i1'))],
      decided: [...marked, ...ended],
    },
    {
      name: 'ends a back-off that has just run out',
      before: [messaged, [modelFailed()]],
      batch: [{ type: 'elapsed' }, arrived(interrupt('i1'))],
      decided: [...RUNNING, ...marked, ...ended],
    },
    {
      name: 'comes after the failure of the same activation',
      before: [messaged],
      batch: [modelFailed(), arrived(interrupt('i1'))],
      decided: ['span.model_request_end', 'session.error retrying', 'log.retry', ...RESCHEDULED, ...marked, ...ended],
    },
  ])('$name', ({ before, batch, decided }) => {
    const session = startSession()
    for (const inputs of before) session.pass(...inputs)
    expect(outline(session.pass(...batch))).toEqual(decided)
  })

  test('comes after the answer of the same activation, which counts', () => {
    const session = startSession()
    session.pass(arrived(message('m1')))
    const answer = recorded(
      { type: 'log.assistant', harness: 'h1', content: [], stop_reason: 'end_turn', calls: [] },
      {
        type: 'span.model_request_end',
        id: 'e1',
        model_request_start_id: session.state.request ?? '',
        is_error: false,
        model_usage: { input_tokens: 5, output_tokens: 1, cache_read_input_tokens: 0, cache_creation_input_tokens: 0 },
      },
    )
    expect(outline(session.pass(answer, arrived(interrupt('i1'))))).toEqual([...marked, ...ended])
    expect(session.state.usage.input_tokens).toBe(5)
  })

  test('closes the calls that run, tells the model so and names them abandoned to the next step', () => {
    const session = startedWith([
      ['c1', 'allow'],
      ['c2', 'allow'],
      ['c3', 'allow'],
    ])
    const decided = session.pass(recorded(resultEntry('c2')), arrived(interrupt('i1')))
    expect(outline(decided)).toEqual([...marked, 'agent.tool_result c1', 'agent.tool_result c3', ...ended])
    expect(closings(decided)).toEqual([INTERRUPTED, INTERRUPTED])
    expect(decided[1]).toMatchObject({ is_error: true })
    session.pass(arrived(message('m2')))
    session.answer({ calls: [['c4', 'allow']] })
    expect(session.commands()).toMatchObject([{ do: 'execute', abandoned: ['c1', 'c3'] }])
    session.pass(recorded(resultEntry('c4')))
    session.answer({ calls: [['c5', 'allow']] })
    expect(session.commands()).toMatchObject([{ do: 'execute', abandoned: [] }])
  })

  test('keeps abandoned calls through turns that run nothing', () => {
    const session = startedWith([['c1', 'allow']])
    session.pass(arrived(interrupt('i1')))
    session.pass(arrived(message('m2')))
    session.answer({ calls: [['x', 'custom']] })
    session.pass(arrived(customResult('r1', 'x')))
    session.answer({ calls: [['c2', 'allow']] })
    expect(session.commands()).toMatchObject([{ do: 'execute', abandoned: ['c1'] }])
  })

  test.each<{ name: string; end: Input }>([
    { name: 'interrupted', end: arrived(interrupt('i2')) },
    { name: 'lost', end: { type: 'call_failed', call: 'c2', message: 'hands: lost' } },
  ])('names them again when the call that was told of them is $name', ({ end }) => {
    const session = startedWith([['c1', 'allow']])
    session.pass(arrived(interrupt('i1')))
    session.pass(arrived(message('m2')))
    session.answer({ calls: [['c2', 'allow']] })
    session.pass(end)
    session.pass(arrived(message('m3')))
    session.answer({ calls: [['c3', 'allow']] })
    expect(session.commands()).toMatchObject([{ do: 'execute', abandoned: ['c1', 'c2'] }])
  })

  test('closes every call that waits for the client and repeats the idle group, without a model call', () => {
    const session = startedWith([
      ['a', 'ask'],
      ['x', 'custom'],
    ])
    const decided = session.pass(arrived(interrupt('i1')))
    expect(outline(decided)).toEqual([...marked, 'agent.tool_result a', 'agent.tool_result x', ...ended])
    expect(closings(decided)).toEqual([INTERRUPTED, INTERRUPTED])
    expect(session.commands()).toEqual([])
    expect(outline(session.pass(arrived(interrupt('i2'))))).toEqual(['log.mark i2'])
  })

  test.each([
    {
      name: 'before',
      batch: [interrupt('i1'), confirm('y', 'a')],
      decided: [...marked, 'agent.tool_result a', ...ended],
    },
    {
      name: 'behind',
      batch: [confirm('y', 'a'), interrupt('i1')],
      decided: [...RUNNING, ...marked, 'agent.tool_result a', ...ended],
    },
  ])('runs no call whose confirmation stands $name it', ({ batch, decided }) => {
    const session = startedWith([['a', 'ask']])
    expect(outline(session.pass(...batch.map((event) => arrived(event))))).toEqual(decided)
    expect(session.commands()).toEqual([])
  })

  test('lets messages that met requires_action start the next turn', () => {
    const session = startedWith([['a', 'ask']])
    session.pass(arrived(message('m2')))
    const decided = session.pass(arrived(interrupt('i1')))
    expect(outline(decided)).toEqual([
      ...marked,
      'agent.tool_result a',
      ...ended,
      ...RUNNING,
      'log.mark m2',
      'span.model_request_start',
    ])
  })

  test('of the Web UI leaves no event of its own, only the consequences', () => {
    const session = startedWith([['c1', 'allow']])
    const decided = session.pass({ type: 'cancelled' })
    expect(outline(decided)).toEqual(['log.cancelled', 'agent.tool_result c1', ...ended])
    expect(session.state).toMatchObject({ abandoned: ['c1'], interrupting: false })
    expect(session.pass({ type: 'cancelled' })).toEqual([])
  })

  const aimed = (id: string, thread: unknown): Input =>
    // What a plain client sends may be anything.
    arrived({ ...interrupt(id), session_thread_id: thread as string })

  test.each([null, 'sthr_1'])('that names the session’s own thread, or %j, is for that', (thread) => {
    const session = startSession()
    session.pass(...messaged)
    expect(outline(session.pass(aimed('i1', thread))).slice(-3)).toEqual(ended)
  })

  test.each([
    ['"sthr_2"', 'sthr_2'],
    ['""', ''],
    ['{"a":1}', { a: 1 }],
  ])('of a thread that the session has not, %s, is dropped and told, and gives up nothing', (named, thread) => {
    const session = startSession()
    session.pass(...messaged)
    const stray = aimed('i1', thread)
    expect(interrupts(session.state, [stray], 'sthr_1')).toBe(false)
    const decided = session.pass(stray)
    expect(outline(decided)).toEqual(['session.error exhausted', 'log.mark i1 dropped'])
    expect(JSON.stringify(decided[0])).toContain(
      JSON.stringify(`client: the session has no thread ${named}`).slice(1, -1),
    )
    expect(session.state).toMatchObject({ status: 'running', phase: 'model', queue: [] })
  })

  test('gives up what runs as soon as it is taken up, unless it is a double', () => {
    const state = emptyState({ seen: ['i1'] })
    const news = (...inputs: readonly Input[]): boolean => interrupts(state, inputs, 'sthr_1')
    expect(news(aimed('i2', 'sthr_1'))).toBe(true)
    expect(news(arrived(message('m1')), arrived(interrupt('i2')))).toBe(true)
    expect(news(arrived(interrupt(undefined)))).toBe(true)
    expect(news({ type: 'cancelled' })).toBe(true)
    expect(news(arrived(interrupt('i1')), arrived(message('m1')), { type: 'elapsed' })).toBe(false)
  })
})
