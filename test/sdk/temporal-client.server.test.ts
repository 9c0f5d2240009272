import { randomBytes } from 'node:crypto'
import { WorkflowFailedError } from '@temporalio/client'
import { describe, expect, test } from 'vitest'
import type { LogItem } from '../../src/history/project.ts'
import { EVENTS_SIGNAL } from '../../src/session/names.ts'
import { formatId } from '../../src/wire/ids.ts'
import { SESSION_WORKFLOW } from '../../src/workflows/messages.ts'
import { faultsOfLog } from '../support/log-grammar.ts'
import { itemsOf } from '../support/session-log-builders.ts'
import { uniqueName } from '../support/temporal.ts'
import {
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
import { useStack } from './use-stack.ts'

const use = useStack()

const THINKS = program('SLEEP 600000')
const IDLE = ['session.thread_status_idle', 'session.usage', 'session.status_idle']

function newSessionId(): string {
  return formatId('sesn', Math.floor(Date.now() / 1000), randomBytes(12))
}

/** Starts a session as somebody with nothing but a Temporal client does. */
function startByHand(workflowId: string, input: unknown) {
  const { temporal, taskQueue } = use().stack
  return temporal.workflow.start(SESSION_WORKFLOW, { workflowId, taskQueue, args: [input] })
}

/** Resolves when the log has an event of this type, or ends; needs no row, only Temporal. */
async function logged(session: string, type: string): Promise<void> {
  const { log } = use().stack
  let tell = (): void => undefined
  const told = new Promise<void>((resolve) => (tell = resolve))
  const look = (items: readonly LogItem[]): void => {
    if (items.some(({ shown }) => shown?.type === type)) tell()
  }
  const { view, cancel } = await log.subscribe(session, { added: look, ended: () => tell() })
  look(itemsOf(view))
  await told
  cancel()
}

describe('a session that is ended by hand', () => {
  test('by terminate shows why it ended, for ever alike, and takes nothing more', async () => {
    const { stack } = use()
    const session = await createSession(use())
    const recording = await record(stack.sdk, session)
    await stack.sdk.beta.sessions.events.send(session, { events: [THINKS] })
    await recording.until('span.model_request_start')
    await stack.temporal.workflow.getHandle(session).terminate('enough of it')
    await recording.ended
    expect(typesOf(recording.events).slice(-2)).toEqual(['session.error', 'session.status_terminated'])
    const [error] = only(recording.events, 'session.error')
    expect(error?.error).toMatchObject({ type: 'unknown_error', retry_status: { type: 'terminal' } })
    expect(error?.error.message).toContain('enough of it')
    const [first, second] = [await listAll(stack.sdk, session), await listAll(stack.sdk, session)]
    expect(first).toEqual(settled(recording.events))
    expect(second).toEqual(first)
    expect((await stack.sdk.beta.sessions.retrieve(session)).status).toBe('terminated')
    expect(await refused(stack.sdk.beta.sessions.events.send(session, { events: [message('x')] }))).toMatchObject({
      status: 400,
    })
    expect(await stack.sdk.beta.sessions.delete(session)).toEqual({ id: session, type: 'session_deleted' })
  })

  test('by cancel goes idle as by an interrupt that nobody sent; a second cancel changes nothing', async () => {
    const { stack } = use()
    const session = await createSession(use())
    const recording = await record(stack.sdk, session)
    await stack.sdk.beta.sessions.events.send(session, { events: [THINKS] })
    await recording.until('span.model_request_start')
    const handle = stack.temporal.workflow.getHandle(session)
    await handle.cancel()
    await recording.until('session.status_idle')
    const types = typesOf(recording.events)
    expect(types.slice(types.indexOf('span.model_request_start') + 1)).toEqual(['span.model_request_end', ...IDLE])
    await handle.cancel()
    expect(saidIn(await turn(stack.sdk, session, message('#program now\nSAY still here')))).toEqual(['still here'])
    expect(faultsOfLog(await listAll(stack.sdk, session), 'list')).toEqual([])
  })
})

describe('a signal by hand', () => {
  const undecodable = { metadata: { encoding: Buffer.from('binary/unheard-of') }, data: Buffer.from('?') }
  const json = (value: unknown): typeof undecodable => ({
    metadata: { encoding: Buffer.from('json/plain') },
    data: Buffer.from(JSON.stringify(value)),
  })
  test.each([
    { name: 'without a payload', payloads: [] },
    { name: 'that is a text', payloads: [json('hello')] },
    { name: 'of another shape', payloads: [json({ event: {} })] },
    { name: 'with an event of the server', payloads: [json({ events: [{ type: 'agent.message', content: [] }] })] },
    {
      name: 'with one bad event among good ones',
      payloads: [json({ events: [message('x'), { type: 'user.message' }] })],
    },
    { name: 'in an unknown encoding', payloads: [undecodable] },
    { name: 'that is no JSON', payloads: [{ ...json(''), data: Buffer.from('{') }] },
  ])('$name is told as an error, and the session goes on', async ({ payloads }) => {
    const { stack } = use()
    const session = await createSession(use())
    const recording = await record(stack.sdk, session)
    await stack.temporal.workflowService.signalWorkflowExecution({
      namespace: 'default',
      workflowExecution: { workflowId: session },
      signalName: EVENTS_SIGNAL,
      input: { payloads },
    })
    await recording.until('session.error')
    expect(typesOf(recording.events)).toEqual(['session.error'])
    expect(only(recording.events, 'session.error')[0]?.error).toMatchObject({ retry_status: { type: 'exhausted' } })
    expect(saidIn(await turn(stack.sdk, session, program('SAY fine')))).toEqual(['fine'])
    expect(faultsOfLog(await listAll(stack.sdk, session), 'list')).toEqual([])
  })

  test('of the right shape is a message like any other, under an id of its own', async () => {
    const { stack } = use()
    const session = await createSession(use())
    const recording = await record(stack.sdk, session)
    const handle = stack.temporal.workflow.getHandle(session)
    await handle.signal(EVENTS_SIGNAL, { events: [program('SAY by hand')] })
    await recording.until('session.status_idle')
    const listed = await listAll(stack.sdk, session)
    expect(listed).toEqual(settled(recording.events))
    expect(faultsOfLog(listed, 'list')).toEqual([])
    expect(only(listed, 'user.message')).toMatchObject([
      { id: expect.stringMatching(/^sevt_01/), content: [{ type: 'text' }] },
    ])
    expect(saidIn(listed)).toEqual(['by hand'])
  })
})

describe('a session that is started by hand', () => {
  test('with an inline agent is a session of the API after its first activity', async () => {
    const { stack } = use()
    const id = newSessionId()
    await startByHand(id, {
      agent: { name: 'by hand', model: 'claude-opus-5-5', system: 'Be brief.' },
      title: 'started by hand',
      metadata: { from: 'temporal' },
      events: [program('SAY hello')],
    })
    await logged(id, 'session.status_idle')
    const { sessions } = stack.sdk.beta
    expect(await sessions.retrieve(id)).toMatchObject({
      id,
      status: 'idle',
      title: 'started by hand',
      metadata: { from: 'temporal' },
      agent: { name: 'by hand', system: 'Be brief.', version: 1 },
    })
    expect((await sessions.list()).data.map((session) => session.id)).toContain(id)
    const listed = await listAll(stack.sdk, id)
    expect(faultsOfLog(listed, 'list')).toEqual([])
    expect(saidIn(listed)).toEqual(['hello'])
    expect(saidIn(await turn(stack.sdk, id, program('SAY by the API')))).toEqual(['by the API'])
  })

  test.each([
    { name: 'without an agent', input: {}, says: /needs an agent/ },
    { name: 'with an agent without a model', input: { agent: { name: 'x' } }, says: /model/ },
    { name: 'with a field that no agent has', input: { agent: { model: 'm', colour: 'red' } }, says: /colour/ },
    {
      name: 'with what is not built yet',
      input: { agent: { model: 'm', skills: [{ type: 'anthropic', skill_id: 'x' }] } },
      says: /skills/,
    },
    {
      name: 'in an environment that is not there',
      input: { agent: { model: 'm' }, environment: 'env_x' },
      says: /env_x/,
    },
  ])('$name ends with a readable error in its log', async ({ input, says }) => {
    const { stack } = use()
    const id = newSessionId()
    const handle = await startByHand(id, input)
    await handle.result()
    const view = await stack.log.read(id)
    expect(view.state.status).toBe('terminated')
    const shown = itemsOf(view).flatMap((item) => (item.shown ? [item.shown] : []))
    const [error] = only(shown, 'session.error')
    expect(error?.error).toMatchObject({ retry_status: { type: 'terminal' } })
    expect(error?.error.message).toMatch(says)
  })

  test('under an id that is no session’s fails at once and names the rule', async () => {
    const handle = await startByHand(uniqueName('my session'), { agent: { model: 'm' } })
    const error = await refused(handle.result())
    expect(error).toBeInstanceOf(WorkflowFailedError)
    expect(error instanceof WorkflowFailedError && error.cause?.message).toContain('^sesn_[0-9A-Za-z]+$')
  })
})
