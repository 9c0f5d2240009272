import { toFile } from '@anthropic-ai/sdk'
import { beforeAll, describe, expect, test } from 'vitest'
import type { SessionEvent, UserEvent } from '../../src/wire/types.ts'
import { faultsOfLog } from '../support/log-grammar.ts'
import { base64, png } from '../support/media.ts'
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
  typesOf,
} from './drive.ts'
import { createCautiousAgent, edit, look, untilWaiting, waitingIn, write } from './settled-calls.ts'
import { useStack } from './use-stack.ts'

const use = useStack()
let agent = ''
beforeAll(async () => {
  agent = await createCautiousAgent(use())
})

const STOP = { type: 'user.interrupt' } as const
const IDLE = ['session.thread_status_idle', 'session.usage', 'session.status_idle']
const CLOSED = 'Tool execution was interrupted before completion. Please retry.'

interface Begun {
  readonly session: string
  readonly recording: Recording
  /** The calls that wait, in the order in which the model made them. */
  readonly calls: readonly string[]
}

async function send(session: string, ...events: UserEvent[]): Promise<SessionEvent[]> {
  const { data } = await use().stack.sdk.beta.sessions.events.send(session, { events })
  // Answered with what was stored.
  return data as SessionEvent[]
}

function refuse(session: string, ...events: UserEvent[]): Promise<unknown> {
  return refused(send(session, ...events))
}

/** A session that waits for so many answers. */
async function begin(count: number, ...lines: string[]): Promise<Begun> {
  const session = await createSession({ ...use(), agent })
  const recording = await record(use().stack.sdk, session)
  await send(session, program(...lines))
  return { session, recording, calls: await untilWaiting(recording, count) }
}

const allow = (call = ''): UserEvent => ({ type: 'user.tool_confirmation', tool_use_id: call, result: 'allow' })
const deny = (call = '', reason?: string): UserEvent => ({
  type: 'user.tool_confirmation',
  tool_use_id: call,
  result: 'deny',
  ...(reason === undefined ? {} : { deny_message: reason }),
})
type Content = Extract<UserEvent, { type: 'user.custom_tool_result' }>['content']
const answer = (call = '', content: Content = [{ type: 'text', text: 'found' }], isError = false): UserEvent => ({
  type: 'user.custom_tool_result',
  custom_tool_use_id: call,
  content: content ?? [],
  is_error: isError,
})

function stopsIn(events: readonly SessionEvent[]): string[] {
  return only(events, 'session.status_idle').map((idle) => idle.stop_reason.type)
}

/** What the model was last told of a conversation in which these words were said. */
function toldWith(words: string): string {
  const bodies = use().stack.model.requests.map(({ bytes }) => bytes)
  return bodies.findLast((body) => body.includes(words)) ?? ''
}

async function expectSound({ session, recording }: Begun): Promise<void> {
  const listed = await listAll(use().stack.sdk, session)
  expect(faultsOfLog(recording.events, 'stream')).toEqual([])
  expect(listed).toEqual(settled(recording.events))
}

describe('a session that waits for its client', () => {
  test('names all that only the client can settle, and runs what needs nobody', async () => {
    const { hands } = use()
    const begun = await begin(2, 'PARALLEL 3', write('w1'), look('one'), bash('b1'), 'SAY done')
    const { recording, calls, session } = begun
    const [asked, ran] = only(recording.events, 'agent.tool_use')
    const [custom] = only(recording.events, 'agent.custom_tool_use')
    expect(calls).toEqual([asked?.id, custom?.id])
    expect(asked).toMatchObject({ evaluated_permission: 'ask', evaluation: { type: 'always_ask' } })
    expect(ran).toMatchObject({ evaluated_permission: 'allow', evaluation: { type: 'always_allow' } })
    expect(custom).toMatchObject({ name: 'lookup', input: { word: 'one' } })
    expect(custom).not.toHaveProperty('evaluated_permission')
    expect(hands.begun.map(({ command }) => command)).toEqual(['b1'])
    await send(session, allow(calls[0]))
    await untilWaiting(recording, 1)
    expect(waitingIn(recording.events)).toEqual([custom?.id])
    expect(typesOf(recording.events).slice(-4)).toEqual(['user.tool_confirmation', ...IDLE])
    expect(hands.begun).toHaveLength(1)
    await send(session, answer(calls[1]))
    await recording.until('session.status_idle', 3)
    expect(stopsIn(recording.events)).toEqual(['requires_action', 'requires_action', 'end_turn'])
    expect(hands.begun.map(({ command }) => command)).toEqual(['b1', 'w1'])
    expect(saidIn(recording.events)).toEqual(['done'])
    await expectSound(begun)
  })

  test('has nothing that would end its wait: no timer, no activity, no limit of its run', async () => {
    const { session } = await begin(1, write('w0'), 'SAY never')
    const handle = use().stack.temporal.workflow.getHandle(session)
    const { pendingActivities, executionConfig } = (await handle.describe()).raw
    expect(pendingActivities).toEqual([])
    for (const limit of [executionConfig?.workflowRunTimeout, executionConfig?.workflowExecutionTimeout])
      expect(Number(limit?.seconds ?? 0)).toBe(0)
    const { events } = await handle.fetchHistory()
    expect(events?.some(({ timerStartedEventAttributes: timer }) => timer)).toBe(false)
  })

  test('takes all answers in one request, and tells the model each', async () => {
    const begun = await begin(4, 'PARALLEL 4', write('w2'), write('w3'), look('two'), look('three'), 'SAY done')
    const { session, recording, calls } = begun
    const sent = [allow(calls[0]), deny(calls[1], 'not this one'), answer(calls[2], [], true), answer(calls[3])]
    const echoes = await send(session, ...sent)
    expect(echoes).toMatchObject(sent)
    expect(echoes.map(({ processed_at: at }) => typeof at)).toEqual(['string', 'string', 'string', 'string'])
    await recording.until('session.status_idle', 2)
    expect(stopsIn(recording.events)).toEqual(['requires_action', 'end_turn'])
    expect(only(recording.events, 'agent.tool_result')).toMatchObject([
      { tool_use_id: calls[1], is_error: true, content: [{ type: 'text', text: 'not this one' }] },
      { tool_use_id: calls[0], is_error: false },
    ])
    const ran = use().hands.begun.map(({ command }) => command)
    expect([ran.includes('w2'), ran.includes('w3')]).toEqual([true, false])
    const told = JSON.parse(toldWith('not this one')) as { messages: { content: object[] }[] }
    expect(told.messages.at(-1)?.content).toMatchObject([
      { content: [{ text: 'write: w2' }], is_error: false },
      { content: [{ text: 'not this one' }], is_error: true },
      { content: [{ text: '(no output)' }], is_error: true },
      { content: [{ text: 'found' }], is_error: false },
    ])
    await expectSound(begun)
  })

  test('gives the model images, documents and search results of a custom result as they are', async () => {
    const begun = await begin(1, look('picture'), 'SAY seen')
    const { session, recording, calls } = begun
    const data = base64(png(40, 30, 70_000))
    const upload = await toFile(Buffer.from('words of a file'), 'a.txt', { type: 'text/plain' })
    const file = await use().stack.sdk.beta.files.upload({ file: upload })
    const content = [
      { type: 'text' as const, text: 'picture words' },
      { type: 'image' as const, source: { type: 'base64' as const, media_type: 'image/png', data } },
      { type: 'document' as const, source: { type: 'text' as const, media_type: 'text/plain' as const, data: 'page' } },
      {
        type: 'search_result' as const,
        source: 'https://example.com/a',
        title: 'A',
        content: [{ type: 'text' as const, text: 'an excerpt' }],
        citations: { enabled: false },
      },
      { type: 'document' as const, source: { type: 'file' as const, file_id: file.id } },
    ]
    await send(session, answer(calls[0], content))
    await recording.until('session.status_idle', 2)
    expect(only(recording.events, 'user.custom_tool_result')).toMatchObject([{ content }])
    const told = JSON.parse(toldWith('picture words')) as { messages: { content: { content: object[] }[] }[] }
    const copy = { type: 'text', media_type: 'text/plain', data: 'words of a file' }
    expect(told.messages.at(-1)?.content[0]?.content).toEqual([
      ...content.slice(0, -1),
      { type: 'document', source: copy },
    ])
    await expectSound(begun)
  })

  test('takes an answer before it is idle, and needs no idle then', async () => {
    const { hands } = use()
    const session = await createSession({ ...use(), agent })
    const recording = await record(use().stack.sdk, session)
    await send(session, program('PARALLEL 2', bash('hold early'), look('early'), 'SAY done'))
    await hands.held('early')
    const [custom] = only(recording.events, 'agent.custom_tool_use')
    await send(session, answer(custom?.id))
    hands.release('early')
    await recording.until('session.status_idle')
    expect(stopsIn(recording.events)).toEqual(['end_turn'])
    await expectSound({ session, recording, calls: [] })
  })

  test('takes a message behind an interrupt or behind the last answer in the same request, and no other', async () => {
    const begun = await begin(1, look('four'), 'SAY never')
    const { session, recording, calls } = begun
    const early = await refuse(session, message('hello'))
    expect(early).toMatchObject({ status: 400, message: expect.stringContaining('requires_action') })
    await send(session, STOP, message(`#program now\n${look('five')}\nSAY never`))
    await recording.until('session.status_idle', 3)
    expect(stopsIn(recording.events)).toEqual(['requires_action', 'end_turn', 'requires_action'])
    expect(only(recording.events, 'agent.tool_result')).toMatchObject([
      { tool_use_id: calls[0], is_error: true, content: [{ type: 'text', text: CLOSED }] },
    ])
    const [second = ''] = waitingIn(recording.events)
    await send(session, answer(second), message('#program now\nSAY steered'))
    await recording.until('session.status_idle', 4)
    expect(saidIn(recording.events)).toEqual(['steered'])
    await expectSound(begun)
  })

  test('refuses, with 400, what settles nothing', async () => {
    const other = await begin(1, look('elsewhere'))
    const { session, recording, calls } = await begin(2, 'PARALLEL 2', write('w4'), look('six'), 'SAY done')
    const [asked = '', custom = ''] = calls
    const doubled = [answer(custom), answer(custom)]
    const wrong = { allowed: allow(custom), answered: answer(asked), foreign: answer(other.calls[0]) }
    const byWorker: UserEvent = { type: 'user.tool_result', tool_use_id: asked }
    for (const events of [
      [wrong.allowed],
      [wrong.answered],
      [wrong.foreign],
      [byWorker],
      doubled,
      [STOP, allow(asked)],
    ])
      expect(await refuse(session, ...events)).toMatchObject({ status: 400, type: 'invalid_request_error' })
    // The second of two goes out as soon as the first was accepted.
    await send(session, deny(asked, 'first'))
    expect(await refuse(session, allow(asked))).toMatchObject({ status: 400 })
    await send(session, answer(custom))
    expect(await refuse(session, answer(custom, [{ type: 'text', text: 'late' }]))).toMatchObject({ status: 400 })
    await recording.untilSo((events) => stopsIn(events).at(-1) === 'end_turn')
    expect(await refuse(session, answer(custom))).toMatchObject({ status: 400 })
    const listed = await listAll(use().stack.sdk, session)
    expect(only(listed, 'user.tool_confirmation')).toMatchObject([{ result: 'deny' }])
    expect(only(listed, 'user.custom_tool_result')).toHaveLength(1)
  })

  test('is running as soon as its last answer is accepted, though no worker lives to take it up', async () => {
    const { stack } = use()
    const begun = await begin(1, look('seven'), 'SAY back')
    const { session, recording, calls } = begun
    await stack.stopWorkers()
    expect((await stack.sdk.beta.sessions.retrieve(session)).status).toBe('idle')
    await send(session, answer(calls[0]))
    expect((await stack.sdk.beta.sessions.retrieve(session)).status).toBe('running')
    expect(await refuse(session, answer(calls[0]))).toMatchObject({ status: 400 })
    await stack.restartWorkers()
    await recording.until('session.status_idle', 2)
    expect(saidIn(recording.events)).toEqual(['back'])
    await expectSound(begun)
  })
})

describe('a tool under the policy auto', () => {
  test('runs what is judged safe, denies what is not, and asks where nothing is judged', async () => {
    const { hands } = use()
    const lines = ['PARALLEL 3', edit('fine'), edit('#deny it'), edit('#unclear'), 'SAY done']
    const begun = await begin(1, 'SAY "Everything is allowed here."', ...lines)
    const { session, recording, calls } = begun
    const uses = only(recording.events, 'agent.tool_use')
    expect(uses.map(({ evaluated_permission: permission, evaluation }) => [permission, evaluation])).toEqual([
      ['allow', { type: 'auto', evaluated_permission: { type: 'allow' } }],
      ['deny', { type: 'auto', evaluated_permission: { type: 'deny', reason_code: 'high_risk' } }],
      ['ask', { type: 'auto', evaluated_permission: { type: 'ask', reason_code: 'indeterminate' } }],
    ])
    expect(calls).toEqual([uses[2]?.id])
    expect(await refuse(session, allow(uses[1]?.id))).toMatchObject({ status: 400 })
    await send(session, allow(calls[0]))
    await recording.until('session.status_idle', 2)
    expect(hands.begun.map(({ command }) => command).filter((command) => /fine|#/.test(command))).toEqual([
      'fine',
      '#unclear',
    ])
    expect(only(recording.events, 'agent.tool_result')).toContainEqual(
      expect.objectContaining({
        tool_use_id: uses[1]?.id,
        content: [{ type: 'text', text: 'Permission to use edit has been denied.' }],
        is_error: true,
      }),
    )
    expect(saidIn(recording.events).at(-1)).toBe('done')
    await expectSound(begun)
  })

  test('is judged by what the user wrote alone, in a request that is paid for with the answer', async () => {
    const { stack } = use()
    const begun = await begin(1, 'SAY "the agent speaks"', bash('tool output here'), edit('#unclear thing'), 'SAY done')
    const { recording } = begun
    const judged = stack.model.requests.filter(
      ({ bytes }) => bytes.includes('You judge tool calls') && bytes.includes('#unclear thing'),
    )
    expect(judged).toHaveLength(1)
    const body: unknown = JSON.parse(judged[0]?.bytes ?? '{}')
    const { messages, tools } = body as { messages: { content: { text: string }[] }[]; tools: unknown }
    expect(tools).toEqual([])
    const [wrote, calls] = messages.flatMap(({ content }) => content.map(({ text }) => text))
    expect(wrote).toMatch(/^What the user wrote:\n1: "#program\\nSAY .*"$/)
    expect(calls).toBe('The calls:\n1: {"tool":"edit","input":{"command":"#unclear thing"}}')
    const ends = only(recording.events, 'span.model_request_end').map(({ model_usage: usage }) => usage)
    const total = ends.reduce((sum, { output_tokens: tokens }) => sum + tokens, 0)
    expect(only(recording.events, 'session.usage').at(-1)?.usage.output_tokens).toBe(total)
    expect(ends).toHaveLength(2)
    await expectSound(begun)
  })
})
