import { describe, expect, test } from 'vitest'
import {
  POLICY,
  RUNNING,
  arrived,
  confirm,
  customResult,
  emptyState,
  idle,
  interrupt,
  message,
  outline,
  recorded,
  resultEntry,
  startSession,
  startedWith,
} from '../support/session-builders.ts'

describe('the calls of a step', () => {
  test('that are allowed run together, each under its own key', () => {
    const session = startedWith([
      ['c1', 'allow'],
      ['c2', 'allow'],
    ])
    expect(session.commands()).toMatchObject([
      { do: 'execute', key: 'call c1', call: { id: 'c1', name: 'bash', input: { of: 'c1' } }, abandoned: [] },
      { do: 'execute', key: 'call c2' },
    ])
    expect(session.pass(recorded(resultEntry('c2')))).toEqual([])
    expect(session.executing()).toEqual(['c1'])
    expect(outline(session.pass(recorded(resultEntry('c1'))))).toEqual(['span.model_request_start'])
  })

  test('that policy refuses are closed at once', () => {
    const session = startSession()
    session.pass(arrived(message('m1')))
    const decided = session.answer({ calls: [['d', 'deny']] })
    expect(outline(decided)).toEqual(['agent.tool_result d', 'span.model_request_start'])
    expect(decided[0]).toMatchObject({
      content: [{ type: 'text', text: 'Permission to use bash has been denied.' }],
      is_error: true,
    })
  })

  test('that are refused do not keep the others', () => {
    const session = startSession()
    session.pass(arrived(message('m1')))
    const decided = session.answer({
      calls: [
        ['d', 'deny'],
        ['c', 'allow'],
        ['a', 'ask'],
      ],
    })
    expect(outline(decided)).toEqual(['agent.tool_result d'])
    expect(session.executing()).toEqual(['c'])
  })

  test('that wait make the session idle once nothing else runs', () => {
    const session = startedWith([
      ['c', 'allow'],
      ['a', 'ask'],
      ['x', 'custom'],
    ])
    expect(session.state.status).toBe('running')
    expect(outline(session.pass(recorded(resultEntry('c'))))).toEqual(idle('requires_action a x'))
    expect(session.commands()).toEqual([])
  })

  test('that are answered while others run need no idle at all', () => {
    const session = startedWith([
      ['c', 'allow'],
      ['a', 'ask'],
      ['x', 'custom'],
    ])
    expect(session.pass(arrived(confirm('y', 'a')))).toEqual([])
    expect(session.executing()).toEqual(['c'])
    expect(session.pass(arrived(customResult('r', 'x')))).toEqual([])
    expect(session.executing()).toEqual(['c', 'a'])
    session.pass(recorded(resultEntry('a')))
    expect(outline(session.pass(recorded(resultEntry('c'))))).toEqual(['span.model_request_start'])
  })

  test('that are denied are not closed while others wait', () => {
    const session = startedWith([
      ['c', 'allow'],
      ['a', 'ask'],
      ['x', 'custom'],
    ])
    expect(session.pass(arrived(confirm('n', 'a', 'deny')))).toEqual([])
    expect(outline(session.pass(arrived(customResult('r', 'x'))))).toEqual(['agent.tool_result a'])
    expect(session.executing()).toEqual(['c'])
  })

  test('that are answered in part wait on, and the idle group says for what', () => {
    const session = startedWith([
      ['a', 'ask'],
      ['b', 'ask'],
      ['x', 'custom'],
    ])
    expect(outline(session.pass(arrived(confirm('y1', 'a'))))).toEqual(idle('requires_action b x'))
    expect(outline(session.pass(arrived(confirm('y2', 'b', 'deny'))))).toEqual(idle('requires_action x'))
    expect(session.commands()).toEqual([])
    expect(outline(session.pass(arrived(customResult('r', 'x'))))).toEqual([...RUNNING, 'agent.tool_result b'])
    expect(session.executing()).toEqual(['a'])
  })

  test('that are answered in one batch resume the turn without telling of the parts', () => {
    const session = startedWith([
      ['a', 'ask'],
      ['x', 'custom'],
    ])
    expect(outline(session.pass(arrived(customResult('r', 'x')), arrived(confirm('y', 'a'))))).toEqual(RUNNING)
    expect(session.executing()).toEqual(['a'])
  })

  test('that are all settled by the client go straight back to the model', () => {
    const session = startedWith([['x', 'custom']])
    expect(outline(session.pass(arrived(customResult('r', 'x'))))).toEqual([...RUNNING, 'span.model_request_start'])
  })

  test.each([
    { name: 'its own words', message: 'not in production', text: 'not in production' },
    { name: 'ours when it gives none', message: undefined, text: 'The user denied bash.' },
  ])('that the client denies are closed with $name', ({ message: denial, text }) => {
    const session = startedWith([['a', 'ask']])
    const event = { ...confirm('y', 'a', 'deny'), ...(denial === undefined ? {} : { deny_message: denial }) }
    const decided = session.pass(arrived(event))
    expect(outline(decided)).toEqual([...RUNNING, 'agent.tool_result a', 'span.model_request_start'])
    expect(decided[2]).toMatchObject({ content: [{ type: 'text', text }], is_error: true })
  })

  test.each([
    {
      name: 'a second confirmation',
      first: confirm('y', 'a'),
      second: confirm('n', 'a', 'deny'),
      standing: 'confirmed',
    },
    { name: 'a second denial', first: confirm('n', 'a', 'deny'), second: confirm('y', 'a'), standing: 'denied' },
    { name: 'a custom result', first: confirm('y', 'a'), second: customResult('r', 'a'), standing: 'confirmed' },
  ])('keep their first answer against $name', ({ first, second, standing }) => {
    const session = startedWith([
      ['a', 'ask'],
      ['b', 'ask'],
    ])
    session.pass(arrived(first))
    expect(session.pass(arrived(second))).toEqual([])
    expect(session.call('a')?.standing).toBe(standing)
  })

  test.each([
    { name: 'a call that runs', call: 'c', event: confirm('n', 'c', 'deny') },
    { name: 'a custom call', call: 'x', event: confirm('y', 'x') },
    { name: 'a call nobody made', call: 'c', event: customResult('r', 'nowhere') },
    { name: 'an asked call by a result', call: 'a', event: customResult('r', 'a') },
  ])('are not moved by an answer that does not fit: $name', ({ call, event }) => {
    const session = startedWith([
      ['c', 'allow'],
      ['x', 'custom'],
      ['a', 'ask'],
    ])
    const before = session.call(call)
    expect(session.pass(arrived(event))).toEqual([])
    expect(session.call(call)).toEqual(before)
  })

  test('may be answered before they stand in the log', () => {
    const session = startSession()
    session.pass(arrived(message('m1')))
    session.pass(arrived(confirm('y', 'a')), arrived(customResult('r', 'x')), arrived(confirm('n', 'b', 'deny')))
    const decided = session.answer({
      calls: [
        ['a', 'ask'],
        ['x', 'custom'],
        ['b', 'ask'],
      ],
    })
    expect(outline(decided)).toEqual(['agent.tool_result b'])
    expect(session.executing()).toEqual(['a'])
  })

  test('that are all answered before they stand in the log need no wait', () => {
    const session = startSession()
    session.pass(arrived(message('m1')), arrived(customResult('r', 'x')))
    expect(outline(session.answer({ calls: [['x', 'custom']] }))).toEqual(['span.model_request_start'])
    expect(session.state.rounds).toBe(1)
  })

  test('leave a message waiting until they are settled', () => {
    const session = startedWith([['a', 'ask']])
    expect(session.pass(arrived(message('m2')))).toEqual([])
    expect(outline(session.pass(arrived(confirm('y', 'a'))))).toEqual(RUNNING)
    expect(outline(session.pass(recorded(resultEntry('a'))))).toEqual(['log.mark m2', 'span.model_request_start'])
  })
})

describe('the limit of tool rounds', () => {
  function playRounds(rounds: number) {
    const session = startSession()
    session.pass(arrived(message('m1')))
    for (let round = 1; round <= rounds; round++) {
      session.answer({ calls: [[`c${round}`, 'allow']] })
      if (round < rounds) session.pass(recorded(resultEntry(`c${round}`)))
    }
    return session
  }

  test('ends the turn, and drops what is queued', () => {
    const session = playRounds(POLICY.toolRounds)
    session.pass(arrived(message('m2')))
    const decided = session.pass(recorded(resultEntry(`c${POLICY.toolRounds}`)))
    expect(outline(decided)).toEqual(['session.error exhausted', 'log.mark m2 dropped', ...idle('retries_exhausted')])
    expect(decided[0]).toMatchObject({ error: { type: 'tool_use_limit_reached_error' } })
  })

  test('counts over a wait for the client and anew in the next turn', () => {
    const session = playRounds(POLICY.toolRounds - 1)
    session.pass(recorded(resultEntry(`c${POLICY.toolRounds - 1}`)))
    session.answer({ calls: [['x', 'custom']] })
    expect(outline(session.pass(arrived(customResult('r', 'x'))))).toEqual([
      ...RUNNING,
      'session.error exhausted',
      ...idle('retries_exhausted'),
    ])
    expect(outline(session.pass(arrived(message('m2'))))).toEqual([
      ...RUNNING,
      'log.mark m2',
      'span.model_request_start',
    ])
  })
})

describe('commands', () => {
  test('follow the phase', () => {
    const session = startSession()
    expect(session.commands()).toEqual([])
    session.pass(arrived(message('m1')))
    expect(session.commands()).toEqual([
      { do: 'callModel', key: 'model sevt_w3', request: 'sevt_w3', configuration: 'cfg_1' },
    ])
    session.answer({ text: 'done' })
    expect(session.commands()).toEqual([])
  })

  test('of a model phase without a request are none', () => {
    expect(startSession({}, emptyState({ status: 'running', phase: 'model' })).commands()).toEqual([])
  })

  test('keep their keys while others come and go', () => {
    const session = startedWith([
      ['c1', 'allow'],
      ['c2', 'allow'],
    ])
    const keys = session.commands().map((command) => command.key)
    session.pass(arrived(message('m2')))
    session.pass({ type: 'configured', title: 'new' })
    session.pass({ type: 'malformed', reason: 'no' })
    expect(session.commands().map((command) => command.key)).toEqual(keys)
    session.pass(arrived(interrupt('i1')))
    expect(session.commands()).toMatchObject([{ do: 'callModel' }])
  })
})
