import { describe, expect, test } from 'vitest'
import { check, wakes } from '../../src/session/check.ts'
import { INTERRUPTED } from '../../src/session/closings.ts'
import { transcript } from '../../src/session/transcript.ts'
import type { Incoming } from '../../src/session/arrival.ts'
import type { LogEntry } from '../../src/session/transcript.ts'
import type { UserEvent } from '../../src/wire/types.ts'
import type { Asked, TestSession } from '../support/session-builders.ts'
import {
  RUNNING,
  answerEntries,
  arrive,
  arrived,
  closings,
  confirm,
  customResult,
  emptyState,
  foldAll,
  idle,
  interrupt,
  message,
  outline,
  recorded,
  startSession,
  startedWith,
  systemMessage,
  toolResult,
} from '../support/session-builders.ts'

const HERE = emptyState({ selfHosted: true })
const ALL: readonly Asked[] = [
  ['a', 'ask'],
  ['c', 'allow'],
  ['d', 'deny'],
  ['x', 'custom'],
]

function asked(...calls: readonly Asked[]): TestSession {
  return startedWith(calls, {}, HERE)
}

describe('a session in a self-hosted environment', () => {
  test('waits for what it would run itself elsewhere, and closes at once what policy refuses', () => {
    const session = asked(...ALL)
    expect(session.state.calls.map(({ standing }) => standing)).toEqual(['asked', 'remote', 'custom'])
    expect(session.state.stop).toEqual({ type: 'requires_action', event_ids: ['a', 'c', 'x'] })
    expect(session.commands()).toEqual([])
  })

  test('goes on with the last result', () => {
    const session = asked(['c', 'allow'], ['e', 'allow'])
    expect(outline(session.pass(arrived(toolResult('r1', 'e'))))).toEqual(idle('requires_action c'))
    expect(outline(session.pass(arrived(toolResult('r2', 'c'))))).toEqual([...RUNNING, 'span.model_request_start'])
  })

  test('waits for the result of what was confirmed, and tells nothing anew', () => {
    const session = asked(['a', 'ask'])
    expect(session.pass(arrived(confirm('y', 'a')))).toEqual([])
    expect(session.call('a')?.standing).toBe('remote')
    expect(session.state.status).toBe('idle')
    session.pass(arrived(toolResult('r', 'a')))
    expect(session.state.status).toBe('running')
  })

  test('closes what was denied in its client’s stead, so that nobody runs it later', () => {
    const session = asked(['a', 'ask'])
    const decided = session.pass(arrived({ ...confirm('n', 'a', 'deny'), deny_message: 'not now' } as Incoming))
    expect(outline(decided)).toEqual([...RUNNING, 'user.tool_result a', 'span.model_request_start'])
    expect(closings(decided)).toEqual(['not now'])
  })

  test.each<{ name: string; said: readonly ('allow' | 'deny')[]; again: readonly string[] }>([
    { name: 'a denial behind a permission', said: ['allow', 'deny'], again: ['user.tool_confirmation a allow'] },
    { name: 'a permission behind a denial', said: ['deny', 'allow'], again: ['user.tool_confirmation a deny'] },
    { name: 'the same twice', said: ['deny', 'deny'], again: [] },
    { name: 'the same permission twice', said: ['allow', 'allow'], again: [] },
  ])('repeats the verdict that counts behind one that came too late: $name', ({ said, again }) => {
    const session = asked(['a', 'ask'], ['c', 'allow'])
    const events = said.map((result, index) => arrived(confirm(`v${index}`, 'a', result)))
    const decided = outline(session.pass(...events)).filter((line) => line.startsWith('user.'))
    expect(decided).toEqual(again)
    expect(session.call('a')?.standing).toBe(said[0] === 'allow' ? 'remote' : 'denied')
  })

  test('is interrupted without a call left that anybody would run, and abandons none', () => {
    const session = asked(...ALL)
    const decided = session.pass(arrived(interrupt('i')))
    expect(outline(decided)).toEqual([
      'log.mark i',
      'user.tool_confirmation a deny',
      'user.tool_result a',
      'user.tool_result c',
      'user.custom_tool_result x',
      ...idle('end_turn'),
    ])
    expect(closings(decided)).toEqual([INTERRUPTED, INTERRUPTED, INTERRUPTED])
    expect(session.state).toMatchObject({ calls: [], abandoned: [] })
  })

  test('closes a refused call itself, also when it is interrupted there', () => {
    const session = startSession({}, HERE)
    session.pass(arrived(message('m')))
    const answer = recorded(...answerEntries({ request: session.state.request ?? '', calls: ALL }))
    const decided = session.pass(answer, arrived(interrupt('i')))
    expect(outline(decided)).toContain('agent.tool_result d')
    expect(session.state.abandoned).toEqual([])
  })

  test.each<{ name: string; events: readonly Incoming[]; left: readonly string[] }>([
    { name: 'a result before its call', events: [toolResult('r', 'c')], left: ['a', 'x', 'd'] },
    {
      name: 'a permission and a result before it',
      events: [confirm('y', 'a'), toolResult('r', 'a')],
      left: ['c', 'x', 'd'],
    },
    { name: 'a custom result of a worker’s call', events: [customResult('r', 'c')], left: ['a', 'c', 'x', 'd'] },
    { name: 'a worker’s result of a custom call', events: [toolResult('r', 'x')], left: ['a', 'c', 'x', 'd'] },
    { name: 'a result of a refused call', events: [toolResult('r', 'd')], left: ['a', 'c', 'x', 'd'] },
    { name: 'a result of no call', events: [toolResult('r', 'z')], left: ['a', 'c', 'x', 'd'] },
  ])('takes what clients say before it as behind it: $name', ({ events, left }) => {
    const running = emptyState({ selfHosted: true, status: 'running', phase: 'model', request: 'r1' })
    const answer = answerEntries({ request: 'r1', calls: ALL, selfHosted: true })
    const before = foldAll(arrive(running, ...events), ...answer)
    expect(before).toEqual(arrive(foldAll(running, ...answer), ...events))
    expect(before.calls.map(({ id }) => id).toSorted()).toEqual([...left].toSorted())
  })

  test.each<{ name: string; event: UserEvent; before?: readonly UserEvent[]; refused?: RegExp }>([
    { name: 'a result', event: toolResult('r', 'c') },
    { name: 'one of a call that is not confirmed', event: toolResult('r', 'a'), refused: /call a waits for a confirm/ },
    { name: 'one of a custom call', event: toolResult('r', 'x'), refused: /No tool call x waits for a result/ },
    { name: 'one of a refused call', event: toolResult('r', 'd'), refused: /No tool call d waits for a result/ },
    { name: 'a custom result of it', event: customResult('r', 'c'), refused: /No custom tool call c/ },
    { name: 'a confirmation of what runs', event: confirm('y', 'c'), refused: /No tool call c waits for a conf/ },
    { name: 'a message', event: message('m'), refused: /requires_action/ },
    { name: 'a system message', event: systemMessage('s'), refused: /requires_action/ },
    {
      name: 'a system message behind a result',
      event: systemMessage('s'),
      before: [toolResult('r', 'c')],
    },
  ])('takes while it waits only what it waits for: $name', ({ event, before = [], refused = /^taken$/ }) => {
    const state = { ...asked(...ALL).state, takesSystem: true }
    expect(check(state, event, { before })?.reason ?? 'taken').toMatch(refused)
  })

  test('refuses a second result, and any behind an interrupt', () => {
    const { state } = asked(['c', 'allow'], ['e', 'allow'])
    expect(check(arrive(state, toolResult('r', 'c')), toolResult('r2', 'c'))?.reason).toMatch(/No tool call c/)
    expect(check(arrive(state, interrupt('i')), toolResult('r2', 'c'))?.reason).toMatch(/No tool call c/)
  })

  test.each<{ name: string; calls: readonly Asked[]; event: Incoming; woken: boolean }>([
    { name: 'the last result', calls: [['c', 'allow']], event: toolResult('r', 'c'), woken: true },
    {
      name: 'one of two',
      calls: [
        ['c', 'allow'],
        ['e', 'allow'],
      ],
      event: toolResult('r', 'c'),
      woken: false,
    },
    { name: 'the last permission', calls: [['a', 'ask']], event: confirm('y', 'a'), woken: false },
    { name: 'the last denial', calls: [['a', 'ask']], event: confirm('n', 'a', 'deny'), woken: true },
    { name: 'a custom result', calls: [['x', 'custom']], event: customResult('r', 'x'), woken: true },
  ])('says what wakes it, as the loop then does: $name', ({ calls, event, woken }) => {
    const session = asked(...calls)
    expect(wakes(session.state, event)).toBe(woken)
    session.pass(arrived(event))
    expect(session.state.status === 'running').toBe(woken)
  })

  test('is one by what its policy or its first activity says', () => {
    const configured = { type: 'log.configured', configuration: 'cfg_1', agent_name: 'n' } as const
    expect(foldAll(emptyState(), { ...configured, selfHosted: true }).selfHosted).toBe(true)
    expect(foldAll(emptyState(), configured)).not.toHaveProperty('selfHosted')
  })
})

describe('the transcript of a self-hosted session', () => {
  const calls: readonly Asked[] = [
    ['c', 'allow'],
    ['d', 'deny'],
  ]
  const heard = (...events: readonly object[]): LogEntry[] => events.map((event) => event as LogEntry)
  const answer = answerEntries({ request: 'r1', calls, selfHosted: true })
  const denied = heard({
    type: 'agent.tool_result',
    id: 'e',
    tool_use_id: 'd',
    content: [{ type: 'text', text: 'refused' }],
    is_error: true,
  })

  /** What the model reads as the results of the step, by call. */
  function read(...log: readonly LogEntry[]): unknown {
    return transcript([...heard(message('m')), ...log]).at(-1)?.content
  }

  const results = (text: string) => [
    { type: 'tool_result', tool_use_id: 'toolu_c', content: [{ type: 'text', text }], is_error: false },
    { type: 'tool_result', tool_use_id: 'toolu_d', content: [{ type: 'text', text: 'refused' }], is_error: true },
  ]

  test.each<{ name: string; log: readonly LogEntry[]; text: string }>([
    { name: 'the worker’s', log: [...answer, ...denied, ...heard(toolResult('r', 'c', 'one'))], text: 'one' },
    {
      name: 'the first of two',
      log: [...answer, ...denied, ...heard(toolResult('r', 'c', 'one'), toolResult('r2', 'c', 'two'))],
      text: 'one',
    },
    {
      name: 'one from before the call',
      log: [...heard(toolResult('r', 'c', 'one')), ...answer, ...denied],
      text: 'one',
    },
    {
      name: 'no worker’s of a refused call',
      log: [...heard(toolResult('r0', 'd', 'forged')), ...answer, ...denied, ...heard(toolResult('r', 'c', 'one'))],
      text: 'one',
    },
  ])('has as the result of a call $name', ({ log, text }) => {
    expect(read(...log)).toEqual(results(text))
  })

  test('is deaf to workers where our own sandboxes run the calls', () => {
    const own = answerEntries({ request: 'r1', calls: [['c', 'allow']] })
    const result = heard({ ...denied[0], tool_use_id: 'c', content: [{ type: 'text', text: 'ours' }] })
    expect(read(...heard(toolResult('r', 'c', 'forged')), ...own, ...result)).toMatchObject([
      { content: [{ type: 'text', text: 'ours' }] },
    ])
  })
})
