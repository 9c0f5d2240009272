import { describe, expect, test } from 'vitest'
import type { Entry } from '../../src/session/entry.ts'
import { contextOf } from '../../src/session/context.ts'
import { fold } from '../../src/session/fold.ts'
import type { LogState } from '../../src/session/state.ts'
import { SEEN_WINDOW } from '../../src/session/seen.ts'
import { ANSWER_WINDOW } from '../../src/session/state.ts'
import type { Asked } from '../support/session-builders.ts'
import {
  answerEntries,
  arrive,
  customResult,
  emptyState,
  foldAll,
  interrupt,
  message,
  systemMessage,
} from '../support/session-builders.ts'

const USAGE = { input_tokens: 1, output_tokens: 2, cache_read_input_tokens: 3, cache_creation_input_tokens: 4 }
const STOP = { stop_reason: { type: 'end_turn' }, stop_details: null } as const

describe('an entry', () => {
  test.each<{ name: string; before?: Partial<LogState>; entry: Entry; after: Partial<LogState> }>([
    {
      name: 'status_running begins a turn with nothing counted',
      before: { rounds: 3, failures: 2, stop: { type: 'end_turn' }, interrupting: true },
      entry: { type: 'session.status_running', id: 'e' },
      after: { status: 'running', phase: 'ready', rounds: 0, failures: 0, stop: null, interrupting: false },
    },
    {
      name: 'status_running after a back-off keeps what was counted',
      before: { status: 'rescheduling', phase: 'backoff', rounds: 3, failures: 2 },
      entry: { type: 'session.status_running', id: 'e' },
      after: { status: 'running', phase: 'ready', rounds: 3, failures: 2 },
    },
    {
      name: 'status_running after a wait goes back to the calls',
      before: {
        stop: { type: 'requires_action', event_ids: ['a'] },
        calls: [{ id: 'a', name: 'bash', input: {}, standing: 'confirmed' }],
        rounds: 2,
      },
      entry: { type: 'session.status_running', id: 'e' },
      after: { status: 'running', phase: 'tools', stop: null, rounds: 2 },
    },
    {
      name: 'status_rescheduled begins a back-off',
      before: { status: 'running', phase: 'failed' },
      entry: { type: 'session.status_rescheduled', id: 'e' },
      after: { status: 'rescheduling', phase: 'backoff' },
    },
    {
      name: 'log.retry says how long it is',
      entry: { type: 'log.retry', after_ms: 700 },
      after: { retryAfterMs: 700 },
    },
    {
      name: 'a retrying error counts',
      entry: {
        type: 'session.error',
        id: 'e',
        error: { type: 'unknown_error', message: '', retry_status: { type: 'retrying' } },
      },
      after: { failures: 1 },
    },
    {
      name: 'an exhausted error does not',
      entry: {
        type: 'session.error',
        id: 'e',
        error: { type: 'unknown_error', message: '', retry_status: { type: 'exhausted' } },
      },
      after: { failures: 0 },
    },
    {
      name: 'span.model_request_start opens a request',
      before: { status: 'running', phase: 'ready' },
      entry: { type: 'span.model_request_start', id: 'r1' },
      after: { request: 'r1', phase: 'model' },
    },
    {
      name: 'span.model_request_end of a failed request adds its usage',
      before: { request: 'r1', phase: 'model' },
      entry: {
        type: 'span.model_request_end',
        id: 'e',
        model_request_start_id: 'r1',
        is_error: true,
        model_usage: USAGE,
      },
      after: { request: null, phase: 'failed', usage: { ...USAGE, active_seconds: 0 } },
    },
    {
      name: 'span.model_request_end counts all of it, and of the context what the answer’s own request took',
      before: {
        request: 'r1',
        phase: 'model',
        answer: { reason: 'end_turn', explanation: null, calls: 0, usage: { ...USAGE, input_tokens: 100 } },
      },
      entry: {
        type: 'span.model_request_end',
        id: 'e',
        model_request_start_id: 'r1',
        is_error: false,
        model_usage: { ...USAGE, input_tokens: 150 },
      },
      after: {
        request: null,
        phase: 'over',
        usage: { ...USAGE, input_tokens: 150, active_seconds: 0 },
        answer: { reason: 'end_turn', explanation: null, calls: 0 },
        context: { ...contextOf({}), tokens: 109, least: 0 },
      },
    },
    {
      name: 'log.assistant remembers what its own request took',
      entry: { type: 'log.assistant', harness: 'h1', content: [], stop_reason: 'x', calls: [], usage: USAGE },
      after: { answer: { reason: 'x', explanation: null, calls: 0, usage: USAGE }, context: contextOf({}) },
    },
    {
      name: 'log.assistant is the model’s last word and ends a row of failures',
      before: { failures: 2 },
      entry: {
        type: 'log.assistant',
        harness: 'h1',
        content: [],
        stop_reason: 'refusal',
        explanation: 'no',
        calls: [],
      },
      after: { failures: 0, answer: { reason: 'refusal', explanation: 'no', calls: 0 }, context: contextOf({}) },
    },
    {
      name: 'status_idle ends the turn and forgets its calls',
      before: {
        status: 'running',
        phase: 'tools',
        calls: [{ id: 'c', name: 'bash', input: {}, standing: 'allowed' }],
        interrupting: true,
      },
      entry: { type: 'session.status_idle', id: 'e', ...STOP },
      after: { status: 'idle', phase: 'idle', stop: { type: 'end_turn' }, calls: [], interrupting: false },
    },
    {
      name: 'session.usage says how long the session has run',
      entry: {
        type: 'session.usage',
        id: 'e',
        usage: { input_tokens: 9, output_tokens: 9, cache_read_input_tokens: 9, active_seconds: 12.5 },
      },
      after: {
        usage: {
          input_tokens: 0,
          output_tokens: 0,
          cache_read_input_tokens: 0,
          cache_creation_input_tokens: 0,
          active_seconds: 12.5,
        },
      },
    },
    {
      name: 'session.usage may leave the time out',
      entry: { type: 'session.usage', id: 'e', usage: {} },
      after: {
        usage: {
          input_tokens: 0,
          output_tokens: 0,
          cache_read_input_tokens: 0,
          cache_creation_input_tokens: 0,
          active_seconds: 0,
        },
      },
    },
    {
      name: 'status_terminated ends everything',
      before: {
        status: 'running',
        phase: 'tools',
        calls: [{ id: 'c', name: 'bash', input: {}, standing: 'allowed' }],
        request: 'r1',
      },
      entry: { type: 'session.status_terminated', id: 'e' },
      after: { status: 'terminated', phase: 'idle', calls: [], request: null },
    },
    { name: 'session.deleted too', entry: { type: 'session.deleted', id: 'e' }, after: { status: 'terminated' } },
    {
      name: 'session.updated changes what it names',
      before: { title: 'old', metadata: { a: '1' } },
      entry: { type: 'session.updated', id: 'e', title: null },
      after: { title: null, metadata: { a: '1' } },
    },
    {
      name: 'session.updated takes metadata whole',
      before: { title: 'old', metadata: { a: '1' } },
      entry: { type: 'session.updated', id: 'e', metadata: { b: '2' } },
      after: { title: 'old', metadata: { b: '2' } },
    },
    {
      name: 'log.configured names the configuration, and whether system messages are taken',
      entry: { type: 'log.configured', configuration: 'cfg_2', agent_name: 'n', takesSystem: true },
      after: { configuration: 'cfg_2', takesSystem: true },
    },
    { name: 'log.archived', entry: { type: 'log.archived' }, after: { archived: true } },
    {
      name: 'log.cancelled ends the turn like an interrupt',
      entry: { type: 'log.cancelled' },
      after: { interrupting: true },
    },
  ])('$name', ({ before = {}, entry, after }) => {
    const state = emptyState(before)
    expect(fold(state, entry)).toEqual({ ...state, ...after })
  })

  test.each([
    { type: 'agent.message', id: 'e', content: [] },
    { type: 'session.thread_status_running', id: 'e' },
    { type: 'log.mark', id: 'nobody' },
    { type: 'log.minted', id: 'e', signal: 1, index: 0 },
    { type: 'agent.tool_result', id: 'e', tool_use_id: 'nobody' },
    { type: 'log.compacted', summary: 'of a later version' },
    { type: 'workflow_run.created', id: 'e' },
  ])('of type $type changes nothing here', (entry) => {
    const state = emptyState()
    expect(fold(state, entry as Entry)).toBe(state)
  })

  test('without an evaluated permission is an allowed call', () => {
    const { calls } = fold(emptyState(), { type: 'agent.tool_use', id: 'c', name: 'bash', input: {} })
    expect(calls).toMatchObject([{ standing: 'allowed' }])
  })

  test.each([
    { calls: [], phase: 'over', rounds: 0 },
    { calls: [['c', 'allow']] as Asked[], phase: 'tools', rounds: 1 },
  ])('sequence of an answer with $calls.length calls leads to $phase', ({ calls, phase, rounds }) => {
    const asked = emptyState({ status: 'running', phase: 'model', request: 'r1' })
    expect(foldAll(asked, ...answerEntries({ request: 'r1', calls }))).toMatchObject({ phase, rounds, request: null })
  })
})

describe('a mark', () => {
  const queued = arrive(
    emptyState({ status: 'running', phase: 'over' }),
    message('m1'),
    interrupt('i1'),
    systemMessage('s1'),
  )

  test('takes its event out of the queue', () => {
    expect(fold(queued, { type: 'log.mark', id: 'i1' }).queue.map(({ id }) => id)).toEqual(['m1', 's1'])
  })

  test('of a message has the model asked again', () => {
    expect(fold(queued, { type: 'log.mark', id: 'm1' }).phase).toBe('ready')
    expect(fold({ ...queued, phase: 'tools' }, { type: 'log.mark', id: 'm1' }).phase).toBe('tools')
  })

  test('of a dropped one does nothing more', () => {
    const state = fold(queued, { type: 'log.mark', id: 'm1', dropped: true })
    expect(state).toEqual({ ...queued, queue: queued.queue.slice(1) })
  })

  test.each<{ name: string; before: Partial<LogState>; interrupting: boolean }>([
    { name: 'running', before: {}, interrupting: true },
    { name: 'rescheduling', before: { status: 'rescheduling' }, interrupting: true },
    {
      name: 'waiting',
      before: { status: 'idle', stop: { type: 'requires_action', event_ids: [] } },
      interrupting: true,
    },
    { name: 'idle', before: { status: 'idle', stop: { type: 'end_turn' } }, interrupting: false },
    { name: 'over', before: { status: 'terminated' }, interrupting: false },
  ])('of an interrupt ends a turn of a session that is $name: $interrupting', ({ before, interrupting }) => {
    expect(fold({ ...queued, ...before }, { type: 'log.mark', id: 'i1' }).interrupting).toBe(interrupting)
  })
})

describe('arrivals', () => {
  test('of messages and interrupts wait in order', () => {
    const { queue, status } = arrive(emptyState(), message('m1'), interrupt('i1'), systemMessage('s1'))
    expect(queue.map(({ id }) => id)).toEqual(['m1', 'i1', 's1'])
    expect(status).toBe('idle')
  })

  test('of doubles change nothing', () => {
    const state = arrive(emptyState(), message('m1'))
    expect(arrive(state, interrupt('m1'))).toBe(state)
  })

  test('are remembered as far as the window goes', () => {
    const ids = Array.from({ length: SEEN_WINDOW + 1 }, (_, index) => `m${index}`)
    const { seen } = arrive(emptyState(), ...ids.map((id) => ({ id, type: 'user.interrupt' })))
    expect(seen).toEqual(ids.slice(1))
    const full = emptyState({ seen })
    expect(arrive(full, interrupt('m0')).seen).toEqual([...ids.slice(2), 'm0'])
    expect(arrive(full, interrupt('m1'))).toBe(full)
    expect(arrive(full, interrupt('m0'), interrupt('m1')).seen).toEqual([...ids.slice(3), 'm0', 'm1'])
  })

  test('of answers are remembered as far as their window goes', () => {
    const ids = Array.from({ length: ANSWER_WINDOW + 1 }, (_, index) => `c${index}`)
    const { answers } = arrive(emptyState(), ...ids.map((id) => customResult(`r-${id}`, id)))
    expect(answers.map(({ call }) => call)).toEqual(ids.slice(1))
  })

  test('of a kind that is not known are only remembered', () => {
    const state = emptyState()
    expect(arrive(state, { id: 'o1', type: 'user.define_outcome' })).toEqual({ ...state, seen: ['o1'] })
  })
})
