import { describe, expect, test } from 'vitest'
import type { SessionEvent } from '../../src/wire/types.ts'
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
  saidIn,
  settled,
  turn,
  typesOf,
} from './drive.ts'
import { useStack } from './use-stack.ts'

const use = useStack()

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
