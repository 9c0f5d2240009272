import { randomBytes } from 'node:crypto'
import { beforeAll, describe, expect, test } from 'vitest'
import { EVENTS_SIGNAL } from '../../src/session/names.ts'
import { formatId } from '../../src/wire/ids.ts'
import type { ModelMessage, SessionEvent, UserEvent } from '../../src/wire/types.ts'
import { SESSION_WORKFLOW } from '../../src/workflows/messages.ts'
import { CONTEXT } from '../support/session-builders.ts'
import { faultsOfLog } from '../support/log-grammar.ts'
import {
  bash,
  createSession,
  listAll,
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
let cautious = ''
let deaf = ''
beforeAll(async () => {
  cautious = await createCautiousAgent(use())
  deaf = (await use().stack.sdk.beta.agents.create({ name: 'deaf', model: 'claude-sonnet-5' })).id
})

const RUNNING = ['session.status_running', 'session.thread_status_running']
const IDLE = ['session.thread_status_idle', 'session.usage', 'session.status_idle']
const ALLOW = { type: 'user.tool_confirmation', result: 'allow' } as const

function system(...texts: string[]): UserEvent {
  return { type: 'system.message', content: texts.map((text) => ({ type: 'text', text })) }
}

function send(session: string, ...events: UserEvent[]) {
  return use().stack.sdk.beta.sessions.events.send(session, { events })
}

/** The messages of the last request that has these words in it. */
function askedWith(words: string): readonly ModelMessage[] {
  const request = use().stack.model.requests.findLast(({ bytes }) => bytes.includes(words))
  // A request of ours.
  return (request?.body as { messages: ModelMessage[] } | undefined)?.messages ?? []
}

/** Whose the messages are, and what the system says in them. */
function shapeOf(messages: readonly ModelMessage[]): readonly string[] {
  return messages.map(({ role, content }) => {
    const texts = typeof content === 'string' ? [] : content.map((block) => ('text' in block ? block.text : ''))
    return role === 'system' ? texts.join(' | ') : role
  })
}

async function expectSound(session: string, streamed: readonly SessionEvent[]): Promise<void> {
  const listed = await listAll(use().stack.sdk, session)
  expect(faultsOfLog(streamed, 'stream')).toEqual([])
  expect(listed).toEqual(settled(streamed))
}

describe('a system message', () => {
  test('goes with the message before it, to the model in the system’s name', async () => {
    const session = await createSession(use())
    const events = await turn(use().stack.sdk, session, program('SAY well'), system('Speak softly.', 'It is night.'))
    expect(typesOf(events).slice(0, 7)).toEqual([
      'user.message',
      'system.message',
      ...RUNNING,
      'user.message',
      'system.message',
      'span.model_request_start',
    ])
    const [queued, processed] = only(events, 'system.message')
    expect(queued).toMatchObject({ processed_at: null, content: [{ text: 'Speak softly.' }, { text: 'It is night.' }] })
    expect(processed).toEqual({ ...queued, processed_at: expect.stringMatching(/^\d{4}-.*Z$/) })
    expect(shapeOf(askedWith('Speak softly.'))).toEqual(['user', 'Speak softly. | It is night.'])
    await expectSound(session, events)
    await turn(use().stack.sdk, session, program('SAY again'))
    expect(shapeOf(askedWith('Speak softly.'))).toEqual(['user', 'Speak softly. | It is night.', 'assistant', 'user'])
  })

  test('sent alone to an idle session takes effect, starts nothing, and goes with the next message', async () => {
    const { stack } = use()
    const session = await createSession(use())
    const recording = await record(stack.sdk, session)
    const { data } = await send(session, system('The zone is UTC+5.'))
    await recording.until('system.message', 2)
    expect(data).toMatchObject([{ type: 'system.message', processed_at: null }])
    expect(typesOf(recording.events)).toEqual(['system.message', 'system.message'])
    expect((await stack.sdk.beta.sessions.retrieve(session)).status).toBe('idle')
    const events = await turn(stack.sdk, session, program('SAY noon'))
    expect(saidIn(events)).toEqual(['noon'])
    expect(shapeOf(askedWith('The zone is UTC+5.'))).toEqual(['user', 'The zone is UTC+5.'])
    await expectSound(session, recording.events)
  })

  test('that comes while tools work stands behind their results', async () => {
    const { stack, hands } = use()
    const session = await createSession(use())
    const recording = await record(stack.sdk, session)
    await send(session, program(bash('hold sys'), 'SAY done'))
    await recording.until('agent.tool_use')
    await send(session, system('Stop at noon.'))
    hands.release('sys')
    await recording.until('session.status_idle')
    expect(shapeOf(askedWith('Stop at noon.'))).toEqual(['user', 'assistant', 'user', 'Stop at noon.'])
    expect(saidIn(recording.events)).toEqual(['done'])
    await expectSound(session, recording.events)
  })

  test('is refused by its code where the model takes none, alone or in company, and nothing is kept', async () => {
    const session = await createSession({ ...use(), agent: deaf })
    for (const events of [[system('x')], [program('SAY no'), system('x')]]) {
      expect(await refused(send(session, ...events))).toMatchObject({
        status: 400,
        error: {
          error: {
            type: 'invalid_request_error',
            message: expect.stringContaining(`events[${events.length - 1}]: The model of this session`),
            details: { error_code: 'model_does_not_support_mid_conversation_system' },
          },
        },
      })
    }
    expect(await listAll(use().stack.sdk, session)).toEqual([])
  })

  const words = (count: number) => Array.from({ length: count }, (_, index) => `${index}`)

  test.each<{ name: string; events: readonly UserEvent[]; reason: RegExp }>([
    { name: 'no text', events: [system()], reason: /content/ },
    { name: '1,001 texts', events: [system(...words(1001))], reason: /content/ },
    { name: 'a blank text', events: [system(' ')], reason: /white space/ },
    { name: 'another event behind it', events: [system('x'), program('SAY x')], reason: /events\.0: .* last event/ },
    { name: 'a second one behind it', events: [system('x'), system('y')], reason: /events\.0: .* last event/ },
  ])('is refused with $name', async ({ events, reason }) => {
    const session = await createSession(use())
    expect(await refused(send(session, ...events))).toMatchObject({
      status: 400,
      message: expect.stringMatching(reason),
    })
  })

  test('may have a thousand texts', async () => {
    const session = await createSession(use())
    await turn(use().stack.sdk, session, program('SAY all'), system(...words(1000)))
    const asked = askedWith('"999"').find(({ role }) => role === 'system')
    expect(asked?.content).toHaveLength(1000)
  })

  test('comes to a session that waits for its client behind a result in the same request only', async () => {
    const { stack } = use()
    const session = await createSession({ ...use(), agent: cautious })
    const recording = await record(stack.sdk, session)
    await send(session, program('PARALLEL 2', look('a'), write('b'), 'SAY done'))
    const [lookup = '', asked = ''] = await untilWaiting(recording, 2)
    const allow = { ...ALLOW, tool_use_id: asked }
    for (const events of [[system('x')], [allow, system('x')]]) {
      const reason = expect.stringContaining('requires_action')
      expect(await refused(send(session, ...events))).toMatchObject({ status: 400, message: reason })
    }
    await send(session, { type: 'user.custom_tool_result', custom_tool_use_id: lookup }, system('Mind the gap.'))
    await untilWaiting(recording, 1)
    await send(session, allow)
    await recording.untilSo((events) => saidIn(events).includes('done'))
    expect(shapeOf(askedWith('Mind the gap.'))).toEqual(['user', 'assistant', 'user', 'Mind the gap.'])
  })

  test('waits for a message at the end of a turn without keeping it from its end', async () => {
    const { stack } = use()
    const session = await createSession(use())
    const recording = await record(stack.sdk, session)
    await send(session, program('SLEEP 300', 'SAY first'))
    await recording.until('span.model_request_start')
    await send(session, system('Later.'))
    await recording.until('session.status_idle')
    expect(only(recording.events, 'span.model_request_start')).toHaveLength(1)
    expect(typesOf(recording.events).slice(-4)).toEqual(['system.message', ...IDLE])
    await turn(stack.sdk, session, program('SAY second'))
    expect(shapeOf(askedWith('Later.'))).toEqual(['user', 'assistant', 'user', 'Later.'])
  })

  test('of a plain client counts like any other, and one that its model does not take is dropped, and told', async () => {
    const { stack } = use()
    const session = await createSession({ ...use(), agent: deaf })
    const recording = await record(stack.sdk, session)
    await stack.temporal.workflow.getHandle(session).signal(EVENTS_SIGNAL, { events: [system('From outside.')] })
    await recording.until('session.error')
    expect(only(recording.events, 'session.error')).toMatchObject([
      { error: { message: expect.stringMatching(/^client: the model of this session takes no system messages/) } },
    ])
    const byHand = formatId('sesn', Math.floor(Date.now() / 1000), randomBytes(12))
    await stack.temporal.workflow.start(SESSION_WORKFLOW, {
      workflowId: byHand,
      taskQueue: stack.taskQueue,
      args: [{ agent: { model: 'claude-opus-5-5' }, events: [system('By hand.')] }],
    })
    await expect
      .poll(() => listAll(stack.sdk, byHand).catch(() => []))
      .toMatchObject([{ type: 'system.message', processed_at: expect.any(String) }])
    await turn(stack.sdk, byHand, program('SAY hello'))
    expect(shapeOf(askedWith('By hand.'))).toEqual(['user', 'By hand.'])
  })
})

describe('a system message in a context that grows full', () => {
  const small = useStack({ policy: { context: { ...CONTEXT, window: 6000, trimAt: 0.99 } } })

  test('holds on behind the summary, in the system’s name', async () => {
    const { stack } = small()
    const session = await createSession(small())
    await turn(stack.sdk, session, program('SAY one'), system('Keep the ledger.'))
    const filler = 'x'.repeat(20_000)
    await turn(stack.sdk, session, program(`SAY ${filler}`))
    const events = await turn(stack.sdk, session, program('SAY three'))
    expect(only(events, 'agent.thread_context_compacted')).toHaveLength(1)
    const last = stack.model.requests.at(-1)?.body as { messages: ModelMessage[] }
    expect(shapeOf(last.messages)).toEqual(['user', 'user', 'Keep the ledger.'])
    expect(saidIn(events)).toEqual(['three'])
  })
})
