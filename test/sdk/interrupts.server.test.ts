import { beforeAll, describe, expect, test } from 'vitest'
import { EVENTS_SIGNAL } from '../../src/session/names.ts'
import type { SessionEvent } from '../../src/wire/types.ts'
import { primaryThread } from '../../src/workflows/messages.ts'
import { faultsOfLog } from '../support/log-grammar.ts'
import type { Recording } from './drive.ts'
import {
  bash,
  createSession,
  listAll,
  message,
  only,
  program,
  record,
  refused,
  saidIn,
  settled,
  turn,
  typesOf,
} from './drive.ts'
import { createCautiousAgent, look, untilWaiting, write } from './settled-calls.ts'
import { useStack } from './use-stack.ts'

const use = useStack()
let agent = ''
beforeAll(async () => {
  agent = await createCautiousAgent(use())
})

const STOP = { type: 'user.interrupt' } as const
const RUNNING = ['session.status_running', 'session.thread_status_running']
const IDLE = ['session.thread_status_idle', 'session.usage', 'session.status_idle']
const CLOSED = 'Tool execution was interrupted before completion. Please retry.'
/** A model that does not answer while a test lasts. */
const THINKS = program('SLEEP 600000', 'SAY too late')

async function begin(): Promise<{ session: string; recording: Recording }> {
  const session = await createSession(use())
  return { session, recording: await record(use().stack.sdk, session) }
}

async function send(session: string, ...events: Parameters<typeof turn>[2][]): Promise<void> {
  await use().stack.sdk.beta.sessions.events.send(session, { events })
}

async function expectSound(session: string, streamed: readonly SessionEvent[]): Promise<void> {
  const listed = await listAll(use().stack.sdk, session)
  expect(faultsOfLog(streamed, 'stream')).toEqual([])
  expect(faultsOfLog(listed, 'list')).toEqual([])
  expect(listed).toEqual(settled(streamed))
}

/** The session still works and remembers nothing of what was given up. */
async function expectUsable(session: string): Promise<void> {
  const events = await turn(use().stack.sdk, session, message('#program now\nSAY still here'))
  expect(saidIn(events)).toEqual(['still here'])
}

describe('an interrupt', () => {
  test('ends the turn while the model thinks, and closes its request', async () => {
    const { session, recording } = await begin()
    await send(session, THINKS)
    await recording.until('span.model_request_start')
    await send(session, STOP)
    await recording.until('session.status_idle')
    const types = typesOf(recording.events)
    expect(types.slice(types.indexOf('span.model_request_start'))).toEqual([
      'span.model_request_start',
      'user.interrupt',
      'user.interrupt',
      'span.model_request_end',
      ...IDLE,
    ])
    expect(only(recording.events, 'user.interrupt').map(({ processed_at: at }) => at === null)).toEqual([true, false])
    expect(only(recording.events, 'session.status_idle').map((idle) => idle.stop_reason.type)).toEqual(['end_turn'])
    await expectSound(session, recording.events)
    await expectUsable(session)
  })

  test('keeps finished results of a step, closes the open ones, and ends their commands', async () => {
    const { hands } = use()
    const { session, recording } = await begin()
    await send(session, program('PARALLEL 2', bash('hold i1'), bash('echo'), 'SAY never'))
    await hands.held('i1')
    await recording.until('agent.tool_result')
    await send(session, STOP)
    await recording.until('session.status_idle')
    await hands.givenUp('i1')
    const [held, done] = only(recording.events, 'agent.tool_use')
    expect(only(recording.events, 'agent.tool_result')).toMatchObject([
      { tool_use_id: done?.id, is_error: false },
      { tool_use_id: held?.id, is_error: true, content: [{ type: 'text', text: CLOSED }] },
    ])
    await expectSound(session, recording.events)
    await expectUsable(session)
  })

  test('changes nothing on an idle session', async () => {
    const { session, recording } = await begin()
    await send(session, STOP)
    await recording.until('user.interrupt', 2)
    expect(typesOf(recording.events)).toEqual(['user.interrupt', 'user.interrupt'])
    await expectSound(session, recording.events)
    await expectUsable(session)
  })

  test('that comes twice ends the turn once', async () => {
    const { session, recording } = await begin()
    await send(session, THINKS)
    await recording.until('span.model_request_start')
    await Promise.all([send(session, STOP), send(session, STOP)])
    await recording.until('session.status_idle')
    await recording.until('user.interrupt', 4)
    expect(only(recording.events, 'session.status_idle')).toHaveLength(1)
    await expectSound(session, recording.events)
    await expectUsable(session)
  })

  test('followed by a message in one request starts the next turn with it', async () => {
    const { session, recording } = await begin()
    await send(session, THINKS)
    await recording.until('span.model_request_start')
    await send(session, STOP, message('#program now\nSAY new'))
    await recording.until('session.status_idle', 2)
    const types = typesOf(recording.events)
    expect(types.slice(types.indexOf('session.status_idle') + 1)).toEqual([
      ...RUNNING,
      'user.message',
      'span.model_request_start',
      'agent.message',
      'span.model_request_end',
      ...IDLE,
    ])
    expect(saidIn(recording.events)).toEqual(['new'])
    await expectSound(session, recording.events)
  })

  test('goes before messages that were queued earlier; they are the next turn', async () => {
    const { session, recording } = await begin()
    await send(session, THINKS)
    await recording.until('span.model_request_start')
    await send(session, message('#program now\nSAY queued'))
    await send(session, STOP)
    await recording.until('session.status_idle', 2)
    expect(saidIn(recording.events)).toEqual(['queued'])
    await expectSound(session, recording.events)
  })

  test('right behind a message in one request ends that turn before the model is asked', async () => {
    const { session, recording } = await begin()
    await send(session, message('never mind'), STOP)
    await recording.until('session.status_idle')
    expect(typesOf(recording.events)).toEqual([
      'user.message',
      'user.interrupt',
      ...RUNNING,
      'user.message',
      'user.interrupt',
      ...IDLE,
    ])
    await expectSound(session, recording.events)
    await expectUsable(session)
  })

  test('of what waits for the client closes each call, in words, and asks no model', async () => {
    const { stack } = use()
    const session = await createSession({ ...use(), agent })
    const recording = await record(stack.sdk, session)
    await send(session, program('PARALLEL 2', write('i2'), look('waits'), 'SAY never'))
    const calls = await untilWaiting(recording, 2)
    const before = recording.events.length
    await send(session, STOP)
    await recording.until('session.status_idle', 2)
    expect(typesOf(recording.events.slice(before))).toEqual([
      'user.interrupt',
      'user.interrupt',
      'agent.tool_result',
      'agent.tool_result',
      ...IDLE,
    ])
    expect(only(recording.events, 'agent.tool_result')).toMatchObject(
      calls.map((id) => ({ tool_use_id: id, is_error: true, content: [{ type: 'text', text: CLOSED }] })),
    )
    expect(only(recording.events, 'session.status_idle').at(-1)?.stop_reason).toEqual({ type: 'end_turn' })
    await expectSound(session, recording.events)
    await expectUsable(session)
  })

  test('that was acknowledged counts for what follows, though no worker lives to take it up', async () => {
    const { stack } = use()
    const session = await createSession({ ...use(), agent })
    const recording = await record(stack.sdk, session)
    await send(session, program(look('nobody'), 'SAY never'))
    const [call = ''] = await untilWaiting(recording, 1)
    await stack.stopWorkers()
    await send(session, STOP)
    expect((await stack.sdk.beta.sessions.retrieve(session)).status).toBe('idle')
    const late = { type: 'user.custom_tool_result', custom_tool_use_id: call } as const
    expect(await refused(send(session, late))).toMatchObject({ status: 400 })
    await send(session, message('#program now\nSAY next'))
    expect((await stack.sdk.beta.sessions.retrieve(session)).status).toBe('running')
    expect(await refused(stack.sdk.beta.sessions.delete(session))).toMatchObject({ status: 400 })
    await stack.restartWorkers()
    await recording.until('session.status_idle', 3)
    expect(saidIn(recording.events)).toEqual(['next'])
    await expectSound(session, recording.events)
  })

  test('of the primary thread by its name is one of the session, and keeps the name', async () => {
    const { session, recording } = await begin()
    const thread = primaryThread(session)
    await send(session, THINKS)
    await recording.until('span.model_request_start')
    await send(session, { ...STOP, session_thread_id: thread })
    await recording.until('session.status_idle')
    expect(only(recording.events, 'user.interrupt')).toMatchObject([
      { session_thread_id: thread },
      { session_thread_id: thread },
    ])
    await expectSound(session, recording.events)
  })

  test('of any other thread is refused, with all that came with it, and so is one of an archived session', async () => {
    const { stack } = use()
    const [{ session, recording }, other] = [await begin(), await begin()]
    await send(session, THINKS)
    await recording.until('span.model_request_start')
    const before = await listAll(stack.sdk, session)
    for (const named of ['sthr_nobody', primaryThread(other.session), session, '']) {
      const stray = { ...STOP, session_thread_id: named }
      expect(await refused(send(session, message('more'), stray))).toMatchObject({
        status: 400,
        type: 'invalid_request_error',
        message: expect.stringContaining('events[1]: No thread'),
      })
    }
    expect(await listAll(stack.sdk, session)).toEqual(before)
    await send(session, STOP)
    await recording.until('session.status_idle')
    await stack.sdk.beta.sessions.archive(session)
    expect(await refused(send(session, STOP))).toMatchObject({ status: 400 })
  })

  test('of a thread that the session has not, from a plain client, is told and stops nothing', async () => {
    const { stack } = use()
    const { session, recording } = await begin()
    await send(session, program('SLEEP 300', 'SAY undisturbed'))
    await recording.until('span.model_request_start')
    const stray = { events: [{ ...STOP, session_thread_id: 'sthr_nobody' }] }
    await stack.temporal.workflow.getHandle(session).signal(EVENTS_SIGNAL, stray)
    await recording.until('session.status_idle')
    expect(saidIn(recording.events)).toEqual(['undisturbed'])
    const [told] = only(recording.events, 'session.error').map(({ error }) => error)
    expect(told).toMatchObject({ message: expect.stringMatching(/^client: the session has no thread "sthr_nobody"/) })
    await expectSound(session, recording.events)
  })

  test('leaves the model what was said before it, and tells it what became of its calls', async () => {
    const { stack, hands } = use()
    const { session, recording } = await begin()
    await send(session, program('SAY "the first answer"'))
    await recording.until('session.status_idle')
    await send(session, program('PARALLEL 2', bash('hold i3'), bash('echo finished'), 'SAY never'))
    await hands.held('i3')
    await recording.until('agent.tool_result')
    await send(session, STOP)
    await recording.until('session.status_idle', 2)
    await send(session, message('#program now\nSAY "the next answer"'))
    await recording.until('session.status_idle', 3)
    const bytes = stack.model.requests.at(-1)?.bytes ?? '{}'
    const { messages } = JSON.parse(bytes) as { messages: { role: string; content: object[] }[] }
    expect(messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'user', 'assistant', 'user', 'user'])
    expect(messages[1]?.content).toMatchObject([{ text: 'the first answer' }])
    expect(messages[3]?.content).toMatchObject([
      { input: { command: 'hold i3' } },
      { input: { command: 'echo finished' } },
    ])
    expect(messages[4]?.content).toMatchObject([
      { type: 'tool_result', content: [{ text: CLOSED }], is_error: true },
      { type: 'tool_result', content: [{ text: 'bash: echo finished' }], is_error: false },
    ])
    expect(messages[5]?.content).toMatchObject([{ text: expect.stringContaining('the next answer') }])
    await expectSound(session, recording.events)
  })

  test('ends a back-off', async () => {
    const { session, recording } = await begin()
    await send(session, program('FAIL 429 retry-after=3000 x9'))
    await recording.until('session.status_rescheduled')
    expect((await use().stack.sdk.beta.sessions.retrieve(session)).status).toBe('rescheduling')
    await send(session, STOP)
    await recording.until('session.status_idle')
    expect(only(recording.events, 'span.model_request_start')).toHaveLength(1)
    await expectSound(session, recording.events)
    await expectUsable(session)
  })
})
