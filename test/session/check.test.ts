import { describe, expect, test } from 'vitest'
import { check, isAnswer, wakes } from '../../src/session/check.ts'
import { foldArrival } from '../../src/session/fold.ts'
import { QUEUE_BYTES, QUEUE_EVENTS } from '../../src/session/settle.ts'
import type { LogState } from '../../src/session/state.ts'
import type { UserEvent } from '../../src/wire/types.ts'
import {
  arrived,
  confirm,
  customResult,
  emptyState,
  interrupt,
  message,
  startSession,
  startedWith,
  systemMessage,
  toolResult,
} from '../support/session-builders.ts'

const WAITING = startedWith([
  ['a', 'ask'],
  ['x', 'custom'],
]).state
const RUNNING = startedWith([
  ['c', 'allow'],
  ['a', 'ask'],
  ['x', 'custom'],
]).state
/** The same, where clients may send system messages. */
const SPOKEN_TO: LogState = { ...WAITING, takesSystem: true }
const LAST = startedWith([['a', 'ask']]).state
const TERMINATED = emptyState({ status: 'terminated' })

function queueOf(count: number, size: number): LogState {
  const queue = Array.from({ length: count }, (_, index) => ({
    ...message(`q${index}`, 'x'.repeat(size)),
    id: `q${index}`,
  }))
  return emptyState({ status: 'running', phase: 'model', queue })
}

describe('a session', () => {
  test.each<{ name: string; state: LogState; event: UserEvent; refused: RegExp | null; busy?: true }>([
    { name: 'a message when idle', state: emptyState(), event: message('m'), refused: null },
    { name: 'a message when running', state: RUNNING, event: message('m'), refused: null },
    { name: 'a message when it waits', state: WAITING, event: message('m'), refused: /requires_action/ },
    { name: 'a system message when it waits', state: SPOKEN_TO, event: systemMessage('m'), refused: /requires_action/ },
    {
      name: 'a system message when its model takes none',
      state: emptyState({ takesSystem: false }),
      event: systemMessage('m'),
      refused: /model of this session takes no system messages/,
    },
    { name: 'a system message when it is older', state: emptyState(), event: systemMessage('m'), refused: /takes no/ },
    { name: 'a system message', state: emptyState({ takesSystem: true }), event: systemMessage('m'), refused: null },
    { name: 'a message when terminated', state: TERMINATED, event: message('m'), refused: /terminated/ },
    { name: 'an interrupt when idle', state: emptyState(), event: interrupt('i'), refused: null },
    { name: 'an interrupt when it waits', state: WAITING, event: interrupt('i'), refused: null },
    { name: 'an interrupt when terminated', state: TERMINATED, event: interrupt('i'), refused: /terminated/ },
    {
      name: 'an interrupt when its queue is full',
      state: queueOf(QUEUE_EVENTS, 1),
      event: interrupt('i'),
      refused: null,
    },
    { name: 'a confirmation it waits for', state: WAITING, event: confirm('y', 'a'), refused: null },
    { name: 'a confirmation before it is idle', state: RUNNING, event: confirm('y', 'a'), refused: null },
    { name: 'a confirmation of a call that runs', state: RUNNING, event: confirm('y', 'c'), refused: /No tool call c/ },
    { name: 'a confirmation of a custom call', state: WAITING, event: confirm('y', 'x'), refused: /No tool call x/ },
    { name: 'a confirmation of no call', state: WAITING, event: confirm('y', 'z'), refused: /No tool call z/ },
    { name: 'a result it waits for', state: WAITING, event: customResult('r', 'x'), refused: null },
    {
      name: 'a result of an asked call',
      state: WAITING,
      event: customResult('r', 'a'),
      refused: /No custom tool call a/,
    },
    {
      name: 'a result of no call',
      state: emptyState(),
      event: customResult('r', 'x'),
      refused: /No custom tool call x/,
    },
    {
      name: 'a message as the last that fits',
      state: queueOf(QUEUE_EVENTS - 1, 1),
      event: message('m'),
      refused: null,
    },
    { name: 'a message too many', state: queueOf(QUEUE_EVENTS, 1), event: message('m'), refused: /queued/, busy: true },
    { name: 'a message too large', state: queueOf(1, QUEUE_BYTES), event: message('m'), refused: /queued/, busy: true },
    {
      name: 'an outcome',
      state: emptyState(),
      event: { type: 'user.define_outcome', description: 'd', rubric: { type: 'text', content: 'r' } },
      refused: /user.define_outcome/,
    },
  ])('says what it takes: $name', ({ state, event, refused, busy }) => {
    const refusal = check(state, event)
    expect(refusal?.reason ?? 'taken').toMatch(refused ?? /^taken$/)
    expect(refusal?.busy).toBe(busy)
  })

  test('names what a model without system messages is refused by', () => {
    expect(check(emptyState(), systemMessage('m'))?.code).toBe('model_does_not_support_mid_conversation_system')
    expect(check(SPOKEN_TO, systemMessage('m'))?.code).toBeUndefined()
  })

  test.each<[string | null | undefined, string]>([
    [undefined, 'taken'],
    [null, 'taken'],
    ['sthr_1', 'taken'],
    ['sthr_2', 'No thread sthr_2 in this session.'],
    ['', 'No thread  in this session.'],
  ])('takes an interrupt of its own thread alone: %j', (named, said) => {
    const event: UserEvent = { type: 'user.interrupt', ...(named === undefined ? {} : { session_thread_id: named }) }
    expect(check(RUNNING, event, { thread: 'sthr_1' })?.reason ?? 'taken').toBe(said)
  })

  test('takes no result of a worker, and says why', () => {
    const result = { type: 'user.tool_result', tool_use_id: 'a' } as const
    expect(check(WAITING, result)?.reason).toMatch(/self_hosted/)
  })

  test('lets nobody overrule a call that policy refused', () => {
    const { state } = startedWith([
      ['d', 'deny'],
      ['a', 'ask'],
    ])
    expect(check(state, confirm('y', 'd'))?.reason).toMatch(/No tool call d/)
  })

  const PARTLY = [confirm('y', 'a')]
  const ALL = [confirm('y', 'a'), customResult('r', 'x')]

  test.each<{ name: string; batch: readonly UserEvent[]; refused?: RegExp; runs: boolean }>([
    { name: 'a message behind an interrupt', batch: [interrupt('i'), message('m')], runs: true },
    { name: 'a message behind the last answer', batch: [...ALL, message('m')], runs: true },
    {
      name: 'a message behind some answers',
      batch: [...PARTLY, message('m')],
      refused: /requires_action/,
      runs: false,
    },
    { name: 'a system message behind the last answer', batch: [...ALL, systemMessage('s')], runs: true },
    {
      name: 'a system message behind a result',
      batch: [customResult('r', 'x'), systemMessage('s')],
      runs: false,
    },
    {
      name: 'a system message behind a confirmation',
      batch: [...PARTLY, systemMessage('s')],
      refused: /requires_action/,
      runs: false,
    },
    {
      name: 'a system message behind the last answer, a confirmation',
      batch: [customResult('r', 'x'), confirm('y', 'a'), systemMessage('s')],
      refused: /requires_action/,
      runs: true,
    },
    {
      name: 'a system message behind a message',
      batch: [...ALL, message('m'), systemMessage('s')],
      runs: true,
    },
    { name: 'a system message behind an interrupt', batch: [interrupt('i'), systemMessage('s')], runs: false },
    { name: 'a system message alone', batch: [systemMessage('s')], refused: /requires_action/, runs: false },
    {
      name: 'an answer behind an interrupt',
      batch: [interrupt('i'), confirm('y', 'a')],
      refused: /No tool call a/,
      runs: false,
    },
    {
      name: 'a result behind an interrupt',
      batch: [interrupt('i'), customResult('r', 'x')],
      refused: /No custom tool call x/,
      runs: false,
    },
    {
      name: 'an answer twice',
      batch: [...PARTLY, confirm('z', 'a', 'deny')],
      refused: /No tool call a/,
      runs: false,
    },
    { name: 'an interrupt behind all answers', batch: [...ALL, interrupt('i')], runs: false },
  ])('judges a request event by event, as the loop then does: $name', ({ batch, refused, runs }) => {
    let state = SPOKEN_TO
    let refusal: string | undefined
    let isWoken = false
    for (const [index, event] of batch.entries()) {
      const before = batch.slice(0, index)
      refusal ??= check(state, event, { before })?.reason
      isWoken ||= wakes(state, event)
      state = foldArrival(state, { ...event, id: `new ${index}` })
    }
    expect(refusal ?? 'taken').toMatch(refused ?? /^taken$/)
    if (refused) return
    const session = startSession({}, SPOKEN_TO)
    session.pass(...batch.map((event, index) => arrived({ ...event, id: `sevt_${index}` }, 1, index)))
    expect(session.state.status === 'running').toBe(runs)
    expect(isWoken || !runs).toBe(true)
  })

  test.each<{ name: string; event: UserEvent; refused?: RegExp; waits?: true }>([
    { name: 'a message', event: message('m') },
    { name: 'a system message', event: systemMessage('s'), waits: true },
    { name: 'an answer', event: confirm('y', 'a'), refused: /No tool call a/ },
    { name: 'a result', event: customResult('r', 'x'), refused: /No custom tool call x/ },
  ])(
    'judges what follows an interrupt that nobody has come to yet as if it had been: $name',
    ({ event, refused, waits }) => {
      const acknowledged = foldArrival(SPOKEN_TO, { ...interrupt('i'), id: 'i' })
      expect(check(acknowledged, event)?.reason ?? 'taken').toMatch(refused ?? /^taken$/)
      expect(wakes(acknowledged, event)).toBe(refused === undefined && !waits)
      const session = startSession({}, SPOKEN_TO)
      session.pass(arrived({ ...interrupt('i'), id: 'i' }))
      expect(check(session.state, event) === null).toBe(refused === undefined)
    },
  )

  test.each<{ name: string; state: LogState; event: UserEvent; woken: boolean }>([
    { name: 'a message when idle', state: emptyState(), event: message('m'), woken: true },
    { name: 'a message when running', state: RUNNING, event: message('m'), woken: false },
    { name: 'an interrupt', state: WAITING, event: interrupt('i'), woken: false },
    {
      name: 'a system message when idle',
      state: emptyState({ takesSystem: true }),
      event: systemMessage('s'),
      woken: false,
    },
    { name: 'a system message of old', state: emptyState(), event: systemMessage('s'), woken: true },
    { name: 'the last confirmation', state: LAST, event: confirm('y', 'a'), woken: true },
    {
      name: 'the last result',
      state: startedWith([['x', 'custom']]).state,
      event: customResult('r', 'x'),
      woken: true,
    },
    { name: 'one confirmation of two answers', state: WAITING, event: confirm('y', 'a'), woken: false },
    { name: 'one result of two answers', state: WAITING, event: customResult('r', 'x'), woken: false },
    { name: 'a confirmation while others run', state: RUNNING, event: confirm('y', 'a'), woken: false },
  ])('says what wakes it, as the loop then does: $name', ({ state, event, woken }) => {
    expect(wakes(state, event)).toBe(woken)
    const session = startSession({}, state)
    session.pass(arrived({ ...event, id: 'sevt_new' }))
    expect(state.status === 'idle' && session.state.status === 'running').toBe(woken)
  })
})

describe('an answer', () => {
  test.each([
    [confirm('i', 'a'), true],
    [customResult('i', 'x'), true],
    [toolResult('i', 'x'), true],
    [message('m'), false],
    [interrupt('i'), false],
  ])('is what settles a call: %j: %s', (event, answers) => {
    expect(isAnswer(event as UserEvent)).toBe(answers)
  })
})
