import { describe, expect, test } from 'vitest'
import type { SessionEvent } from '../../src/wire/types.ts'
import { faultsOfLog } from '../support/log-grammar.ts'
import { itemsOf } from '../workflows/histories.ts'
import {
  bash,
  createSession,
  listAll,
  message,
  only,
  program,
  record,
  saidIn,
  settled,
  turn,
  typesOf,
} from './drive.ts'
import { useStack } from './use-stack.ts'

const use = useStack({ policy: { tries: 3, baseMs: 20, capMs: 40 } })

const RUNNING = ['session.status_running', 'session.thread_status_running']
const IDLE = ['session.thread_status_idle', 'session.usage', 'session.status_idle']
const RESCHEDULED = ['session.error', 'session.thread_status_rescheduled', 'session.status_rescheduled']
const ASKED = ['user.message', ...RUNNING, 'user.message', 'span.model_request_start']

/** What a test of a turn must find besides its own subject. */
async function expectSound(session: string, streamed: readonly SessionEvent[]): Promise<readonly SessionEvent[]> {
  const listed = await listAll(use().stack.sdk, session)
  expect(faultsOfLog(streamed, 'stream')).toEqual([])
  expect(faultsOfLog(listed, 'list')).toEqual([])
  expect(listed).toEqual(settled(streamed))
  return listed
}

describe('a turn', () => {
  test('streams its events in the documented order and lists the same ones', async () => {
    const { stack } = use()
    const session = await createSession(use())
    const events = await turn(stack.sdk, session, program('THINK a while', 'SAY one', bash('ls'), 'SAY two'))
    expect(typesOf(events)).toEqual([
      ...ASKED,
      'agent.thinking',
      'agent.message',
      'agent.tool_use',
      'span.model_request_end',
      'agent.tool_result',
      'span.model_request_start',
      'agent.message',
      'span.model_request_end',
      ...IDLE,
    ])
    await expectSound(session, events)
    const [use1] = only(events, 'agent.tool_use')
    const [result] = only(events, 'agent.tool_result')
    expect(use1).toMatchObject({ name: 'bash', input: { command: 'ls' }, evaluated_permission: 'allow' })
    expect(result).toMatchObject({
      tool_use_id: use1?.id,
      is_error: false,
      content: [{ type: 'text', text: 'bash: ls' }],
    })
    expect(saidIn(events)).toEqual(['one', 'two'])
    const starts = only(events, 'span.model_request_start').map(({ id }) => id)
    const ends = only(events, 'span.model_request_end')
    expect(ends.map((end) => end.model_request_start_id)).toEqual(starts)
    expect(ends.every(({ is_error: failed, model_usage: usage }) => !failed && usage.output_tokens > 0)).toBe(true)
    expect(only(events, 'session.status_idle')).toMatchObject([
      { stop_reason: { type: 'end_turn' }, stop_details: null },
    ])
    expect(JSON.stringify(only(events, 'agent.thinking'))).not.toContain('a while')
  })

  test('has a long text of its answers in history once, and whole for clients and the hands', async () => {
    const { stack, hands } = use()
    const session = await createSession(use())
    const [text, command] = [`said ${'s'.repeat(500)}`, `echo ${'c'.repeat(500)}`]
    const events = await turn(stack.sdk, session, program(bash(command), `SAY ${text}`))
    await expectSound(session, events)
    expect(saidIn(events)).toEqual([text])
    expect(only(events, 'agent.tool_use')[0]).toMatchObject({ input: { command } })
    expect(hands.begun.some((one) => one.command === command)).toBe(true)
    const items = await itemsOf(await stack.temporal.workflow.getHandle(session).fetchHistory())
    const results = JSON.stringify(items.filter(({ type }) => type === 'completed'))
    expect(results.split(text)).toHaveLength(2)
    // The tool's output is the command once more.
    expect(results.split(command)).toHaveLength(3)
  })

  test('shows a message queued first, and then under the same id with its time', async () => {
    const { stack } = use()
    const session = await createSession(use())
    const recording = await record(stack.sdk, session)
    const sent = await stack.sdk.beta.sessions.events.send(session, { events: [message('hello')] })
    await recording.until('session.status_idle')
    const [queued, processed, ...more] = only(recording.events, 'user.message')
    expect(more).toEqual([])
    expect(sent.data).toEqual([queued])
    expect(queued).toMatchObject({ processed_at: null, content: [{ type: 'text', text: 'hello' }] })
    expect(processed).toEqual({ ...queued, processed_at: expect.stringMatching(/^\d{4}-.*Z$/) })
  })

  test('reaches every stream of the session alike, each from where it was opened', async () => {
    const { stack } = use()
    const session = await createSession(use())
    const [first, second] = await Promise.all([record(stack.sdk, session), record(stack.sdk, session)])
    await turn(stack.sdk, session, program('SAY one'))
    const late = await record(stack.sdk, session)
    await turn(stack.sdk, session, program('SAY two'))
    await Promise.all([
      first.until('session.status_idle', 2),
      second.until('session.status_idle', 2),
      late.until('session.status_idle'),
    ])
    expect(second.events).toEqual(first.events)
    expect(saidIn(late.events)).toEqual(['two'])
    expect(late.events).toEqual(first.events.slice(-late.events.length))
  })

  test('keeps text with line breaks, frames and emoji as it is', async () => {
    const { stack } = use()
    const session = await createSession(use())
    const text = 'a\n\ndata: {"type":"session.deleted"}\r\n\u2028 \u{1F600} é'
    const events = await turn(stack.sdk, session, program(`SAY ${JSON.stringify(text)}`))
    expect(saidIn(events)).toEqual([text])
    await expectSound(session, events)
  })

  test('begins with the initial events of a new session', async () => {
    const { stack } = use()
    const session = await stack.sdk.beta.sessions.create({
      agent: use().agent,
      environment_id: use().environment,
      initial_events: [{ type: 'user.message', content: [{ type: 'text', text: '#program\nSLEEP 60000' }] }],
    })
    expect(session.status).toBe('running')
    const recording = await record(stack.sdk, session.id)
    expect((await stack.sdk.beta.sessions.retrieve(session.id)).status).toBe('running')
    await stack.sdk.beta.sessions.events.send(session.id, { events: [{ type: 'user.interrupt' }] })
    await recording.until('session.status_idle')
    const [first] = await listAll(stack.sdk, session.id)
    expect(first?.id).toMatch(/^sevt_/)
    expect((await stack.sdk.beta.sessions.retrieve(session.id)).status).toBe('idle')
  })

  test('makes its parallel calls at once and asks again when all have their results', async () => {
    const { stack, hands } = use()
    const session = await createSession(use())
    const recording = await record(stack.sdk, session)
    const calls = [bash('hold p1'), bash('hold p2'), bash('fail p3')]
    await stack.sdk.beta.sessions.events.send(session, { events: [program('PARALLEL 3', ...calls, 'SAY all')] })
    await Promise.all([hands.held('p1'), hands.held('p2')])
    hands.release('p2')
    await recording.until('agent.tool_result', 2)
    hands.release('p1')
    await recording.until('session.status_idle')
    const listed = await expectSound(session, recording.events)
    const results = only(listed, 'agent.tool_result')
    const uses = only(listed, 'agent.tool_use')
    expect(results.map(({ tool_use_id: id }) => id).toSorted()).toEqual(uses.map(({ id }) => id).toSorted())
    expect(results.at(-1)?.tool_use_id).toBe(uses[0]?.id)
    expect(results.find(({ tool_use_id: id }) => id === uses[2]?.id)).toMatchObject({ is_error: true })
    expect(only(listed, 'span.model_request_start')).toHaveLength(2)
  })

  test('takes up what is sent meanwhile at the next step, after the results, in order and without an idle between', async () => {
    const { stack, hands } = use()
    const session = await createSession(use())
    const recording = await record(stack.sdk, session)
    const { events } = stack.sdk.beta.sessions
    await events.send(session, { events: [program(bash('hold q1'), 'SAY first')] })
    await hands.held('q1')
    const ids: string[] = []
    for (const text of ['second', 'third']) {
      const { data } = await events.send(session, { events: [message(text)] })
      ids.push(...(data ?? []).map(({ id }) => id))
    }
    const during = await listAll(stack.sdk, session)
    expect(during.slice(-2)).toMatchObject(ids.map((id) => ({ id, processed_at: null })))
    expect(faultsOfLog(during, 'list')).toEqual([])
    hands.release('q1')
    await recording.until('session.status_idle')
    const listed = await expectSound(session, recording.events)
    const places = ids.map((id) => listed.findIndex((event) => event.id === id))
    const result = listed.findIndex(({ type }) => type === 'agent.tool_result')
    expect(places).toEqual([result + 1, result + 2])
    expect(only(listed, 'session.status_running')).toHaveLength(1)
    expect(listed.slice(0, during.length - 2)).toEqual(during.slice(0, -2))
  })
})

describe('a model that', () => {
  interface Fault {
    readonly name: string
    readonly lines: readonly string[]
    readonly errors: readonly (readonly [type: string, retry: string])[]
    readonly stop: string
  }
  const overloaded = 'model_overloaded_error'
  const failed = 'model_request_failed_error'
  test.each<Fault>([
    {
      name: 'answers 429 with retry-after',
      lines: ['FAIL 429 retry-after=0'],
      errors: [['model_rate_limited_error', 'retrying']],
      stop: 'end_turn',
    },
    {
      name: 'answers 529',
      lines: ['FAIL 529 x2'],
      errors: [
        [overloaded, 'retrying'],
        [overloaded, 'retrying'],
      ],
      stop: 'end_turn',
    },
    { name: 'answers 500', lines: ['FAIL 500'], errors: [[failed, 'retrying']], stop: 'end_turn' },
    { name: 'sends garbage', lines: ['GARBAGE'], errors: [[failed, 'retrying']], stop: 'end_turn' },
    { name: 'cuts its stream', lines: ['CUT'], errors: [[failed, 'retrying']], stop: 'end_turn' },
    {
      name: 'breaks off with an error event',
      lines: ['ERROR overloaded_error'],
      errors: [[overloaded, 'retrying']],
      stop: 'end_turn',
    },
    {
      name: 'fails once too often',
      lines: ['FAIL 529 x3'],
      errors: [
        [overloaded, 'retrying'],
        [overloaded, 'retrying'],
        [overloaded, 'exhausted'],
      ],
      stop: 'retries_exhausted',
    },
    { name: 'answers 400', lines: ['FAIL 400'], errors: [[failed, 'exhausted']], stop: 'retries_exhausted' },
    { name: 'answers 401', lines: ['FAIL 401'], errors: [[failed, 'exhausted']], stop: 'retries_exhausted' },
  ])('$name is told and tried again as its errors say', async ({ lines, errors, stop }) => {
    const { stack } = use()
    const session = await createSession(use())
    const events = await turn(stack.sdk, session, program(...lines, 'SAY ok'))
    await expectSound(session, events)
    const retries = errors.filter(([, retry]) => retry === 'retrying').length
    const isOver = stop === 'retries_exhausted'
    const failure = ['span.model_request_end', ...RESCHEDULED, ...RUNNING, 'span.model_request_start']
    const end = isOver ? ['span.model_request_end', 'session.error'] : ['agent.message', 'span.model_request_end']
    expect(typesOf(events)).toEqual([
      ...ASKED,
      ...Array.from({ length: retries }, () => failure).flat(),
      ...end,
      ...IDLE,
    ])
    expect(only(events, 'session.error').map(({ error }) => [error.type, error.retry_status.type])).toEqual(errors)
    expect(only(events, 'session.status_idle').map((idle) => idle.stop_reason.type)).toEqual([stop])
    expect((await stack.sdk.beta.sessions.retrieve(session)).status).toBe('idle')
    const next = await turn(stack.sdk, session, message('#program now\nSAY again'))
    expect(saidIn(next)).toEqual(['again'])
  })

  test('refuses ends the turn with its category and explanation', async () => {
    const { stack } = use()
    const session = await createSession(use())
    const events = await turn(stack.sdk, session, program('REFUSE category=cyber not this one'))
    expect(only(events, 'session.status_idle')).toMatchObject([
      {
        stop_reason: { type: 'refusal' },
        stop_details: { type: 'refusal', category: 'cyber', explanation: 'not this one' },
      },
    ])
    await expectSound(session, events)
  })

  test('runs out of tokens ends the turn with what it said', async () => {
    const { stack } = use()
    const session = await createSession(use())
    const events = await turn(stack.sdk, session, program('SAY half a', 'MAX_TOKENS'))
    expect(saidIn(events)).toEqual(['half a'])
    expect(only(events, 'session.status_idle').map((idle) => idle.stop_reason.type)).toEqual(['end_turn'])
    await expectSound(session, events)
  })

  test('rejects an unreadable conversation never hangs the session', async () => {
    const { stack } = use()
    const session = await createSession(use())
    const events = await turn(stack.sdk, session, program('NONSENSE'))
    expect(only(events, 'session.error').map(({ error }) => error.retry_status.type)).toEqual(['exhausted'])
    expect(only(events, 'session.error')[0]?.error.message).toContain('unknown word')
  })

  test('is down is told, tried again, and given up', async () => {
    const { stack } = use()
    const session = await createSession(use())
    await stack.model.close()
    const events = await turn(stack.sdk, session, message('anybody?'))
    expect(only(events, 'session.error').map(({ error }) => [error.type, error.retry_status.type])).toEqual([
      [failed, 'retrying'],
      [failed, 'retrying'],
      [failed, 'exhausted'],
    ])
    expect(only(events, 'session.status_idle').map((idle) => idle.stop_reason.type)).toEqual(['retries_exhausted'])
    await expectSound(session, events)
  })
})
