import { randomUUID } from 'node:crypto'
import proto from '@temporalio/proto'
import { describe, expect, test, vi } from 'vitest'
import { copyRun } from '../../src/history/copy.ts'
import { createSessionLog } from '../../src/history/session-log.ts'
import { createHistorySource } from '../../src/history/source.ts'
import type { SessionEvent } from '../../src/wire/types.ts'
import { silentLog } from '../support/silent-log.ts'
import { bash, createSession, listAll, only, program, record, saidIn, turn, typesOf } from './drive.ts'
import { useStack } from './use-stack.ts'

/** A run ends behind every second turn or so. */
const use = useStack({ policy: { run: { events: 24, signals: 1_000, bytes: 2 * 1024 * 1024 } } })

const SIGNALS = proto.temporal.api.enums.v1.ResetReapplyExcludeType.RESET_REAPPLY_EXCLUDE_TYPE_SIGNAL

/** Of a request to the model. */
interface Body {
  readonly messages: readonly { readonly role: string; readonly content: unknown }[]
}

interface Point {
  /** Temporal's id of the run, the present one unless given. */
  readonly run?: string
  /** The n-th task that the workflow ended in it. */
  readonly task: number
  readonly leaveOut?: 'signals'
}

/** What the Web UI and Temporal's own command do; answers Temporal's id of the run that it makes. */
async function reset(session: string, { run, task, leaveOut }: Point): Promise<string> {
  const { temporal, database } = use().stack
  const { events } = await temporal.workflow.getHandle(session, run).fetchHistory()
  const tasks = (events ?? []).filter((event) => event.workflowTaskCompletedEventAttributes)
  const eventId = tasks[task - 1]?.eventId
  if (!eventId) throw new Error(`expected ${task} tasks in a history of ${events?.length} events`)
  const { runId } = await temporal.workflowService.resetWorkflowExecution({
    namespace: temporal.options.namespace,
    workflowExecution: { workflowId: session, runId: run ?? '' },
    workflowTaskFinishEventId: eventId,
    requestId: randomUUID(),
    reason: 'a test',
    ...(leaveOut ? { resetReapplyExcludeTypes: [SIGNALS] } : {}),
  })
  // What was acknowledged and is not in the log is waited for until it is some seconds old.
  if (leaveOut)
    await database
      .updateTable('ingress')
      .set({ accepted_at: new Date(0) })
      .execute()
  return runId
}

/** Temporal's ids of the session's runs, the first one first. */
async function runsOf(session: string): Promise<readonly string[]> {
  const { temporal } = use().stack
  const runs: string[] = []
  for (let id = (await temporal.workflow.getHandle(session).describe()).runId; id !== '';) {
    runs.unshift(id)
    const { events } = await temporal.workflow.getHandle(session, id).fetchHistory()
    id = events?.[0]?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId ?? ''
  }
  return runs
}

/** Reads on until the session rests. */
async function rest(session: string): Promise<readonly SessionEvent[]> {
  const { sdk } = use().stack
  await vi.waitFor(
    async () => {
      const { status } = await sdk.beta.sessions.retrieve(session)
      if (status !== 'idle') throw new Error(`expected an idle session, it is ${status}`)
    },
    { timeout: 20_000, interval: 50 },
  )
  return listAll(sdk, session)
}

/** Everybody who reads the log reads the same: a list, another process, the archive's copy, the stream, the model. */
async function expectOneLog(session: string): Promise<readonly SessionEvent[]> {
  const { stack } = use()
  const listed = await rest(session)
  const ids = listed.map(({ id }) => id)
  expect(new Set(ids).size).toBe(ids.length)
  const times = listed.map(({ processed_at: at }) => at ?? '')
  expect(times).toEqual(times.toSorted())

  const source = createHistorySource(stack.temporal.workflow)
  const other = createSessionLog({ source, archive: stack.stores.archive, log: silentLog })
  const view = await other.read(session)
  const items = await other.slice(view, { order: 'asc', limit: 999, audience: 'client' })
  expect(items.map(({ shown }) => shown)).toEqual(listed)
  for (const item of items) expect(await other.find(view, item.position)).toEqual(item)
  other.close()

  for (const id of await runsOf(session)) {
    const first = await copyRun(source, session, id)
    expect(await copyRun(source, session, id)).toEqual(first)
    await stack.stores.archive.write(session, first.run, first.items)
  }
  expect(await listAll(stack.sdk, session)).toEqual(listed)
  return listed
}

/** What clients were told of the user's words, and what the model was, in the last request. */
function expectModelToHaveRead(listed: readonly SessionEvent[]): void {
  const { model } = use().stack
  const request = model.requests.at(-1)
  const { messages } = (request?.body ?? { messages: [] }) as Body
  const said = only(listed, 'user.message').flatMap(({ content }) =>
    content.map((block) => (block.type === 'text' ? block.text : block.type)),
  )
  const read = JSON.stringify(messages.filter(({ role }) => role === 'user'))
  expect(said.filter((text) => !read.includes(JSON.stringify(text)))).toEqual([])
  const answers = saidIn(listed).slice(0, -1)
  const told = JSON.stringify(messages.filter(({ role }) => role === 'assistant'))
  expect(answers.filter((text) => !told.includes(JSON.stringify(text)))).toEqual([])
  expect([...told.matchAll(/given up/g)]).toEqual([])
}

describe('a session whose workflow is reset', () => {
  test('goes on from there, keeps what was sent since, and is one log to everybody', async () => {
    const { stack } = use()
    const { sdk } = stack
    const session = await createSession(use())
    await turn(sdk, session, program('SAY one'))
    const stream = await record(sdk, session)
    await turn(sdk, session, program('SAY said again'))
    await stream.until('session.status_idle')
    const before = await listAll(sdk, session)
    // Behind the answer of the first turn.
    await reset(session, { run: (await runsOf(session))[0] ?? '', task: 3 })
    await stream.ended
    const after = await expectOneLog(session)
    const kept = before.slice(
      0,
      before.findIndex(({ type }) => type === 'session.thread_status_idle'),
    )
    expect(after.slice(0, kept.length)).toEqual(kept)
    expect(only(after, 'user.message').map(({ id }) => id)).toEqual(only(before, 'user.message').map(({ id }) => id))
    const given = before.slice(kept.length).filter(({ type }) => type !== 'user.message')
    expect(after.filter(({ id }) => given.some((event) => event.id === id))).toEqual([])

    const told = await turn(sdk, session, program('SAY two'))
    expect(saidIn(told)).toEqual(['two'])
    expectModelToHaveRead(await expectOneLog(session))
  })

  test('may be reset to a run that was followed by others, again and again', async () => {
    const { stack } = use()
    const session = await createSession(use())
    for (const word of ['one', 'given up 1', 'given up 2']) {
      await turn(stack.sdk, session, program(`SAY ${word}`))
    }
    const [first = '', ...others] = await runsOf(session)
    expect(others.length).toBeGreaterThanOrEqual(1)
    const places: string[] = []
    for (let n = 0; n < 2; n++) {
      await reset(session, { run: first, task: 3, leaveOut: 'signals' })
      const listed = await expectOneLog(session)
      expect(saidIn(listed)).toEqual(['one'])
      expect(typesOf(listed).slice(-3)).toEqual(['session.thread_status_idle', 'session.usage', 'session.status_idle'])
      const { run } = await stack.log.read(session)
      places.push(String(run))
      await turn(stack.sdk, session, program(`SAY given up again ${n}`))
    }
    expect(new Set(places).size).toBe(2)
    await reset(session, { run: first, task: 3, leaveOut: 'signals' })
    await rest(session)
    for (const word of ['two', 'three']) await turn(stack.sdk, session, program(`SAY ${word}`))
    const listed = await expectOneLog(session)
    expect(saidIn(listed)).toEqual(['one', 'two', 'three'])
    expect((await runsOf(session)).length).toBeGreaterThanOrEqual(2)
    expectModelToHaveRead(listed)
  })

  test('may be reset twice in a moment, and every branch has its place in the archive', async () => {
    const { stack } = use()
    const session = await createSession(use())
    await turn(stack.sdk, session, program('SAY one'))
    const [first = ''] = await runsOf(session)
    const made = await Promise.all([1, 2].map(() => reset(session, { run: first, task: 3 })))
    await rest(session)
    const source = createHistorySource(stack.temporal.workflow)
    for (const id of [first, ...made]) {
      const { run, items } = await copyRun(source, session, id)
      await stack.stores.archive.write(session, run, items)
    }
    expect(saidIn(await expectOneLog(session))).toEqual(['one'])
  })

  test('joins the command that runs, which is run once', async () => {
    const { stack, hands } = use()
    const session = await createSession(use())
    await stack.sdk.beta.sessions.events.send(session, { events: [program(bash(`hold ${session}`), 'SAY done')] })
    await hands.held(session)
    const [call] = only(await listAll(stack.sdk, session), 'agent.tool_use')
    // The task that asked for the call is done again.
    await reset(session, { task: 3 })
    await vi.waitFor(() => expect(hands.begun.filter((one) => one.call === call?.id).length).toBeGreaterThan(1), 10_000)
    hands.release(session)
    const listed = await expectOneLog(session)
    expect(only(listed, 'agent.tool_use').map(({ id }) => id)).toEqual([call?.id])
    expect(only(listed, 'agent.tool_result').map(({ tool_use_id: id }) => id)).toEqual([call?.id])
    expect(saidIn(listed)).toEqual(['done'])
  })

  test('is alive again when it had been ended', async () => {
    const { stack } = use()
    const session = await createSession(use())
    await turn(stack.sdk, session, program('SAY one'))
    await stack.temporal.workflow.getHandle(session).terminate('enough')
    await vi.waitFor(async () => {
      expect((await stack.sdk.beta.sessions.retrieve(session)).status).toBe('terminated')
    })
    await reset(session, { task: 3 })
    expect(typesOf(await expectOneLog(session))).not.toContain('session.status_terminated')
    await turn(stack.sdk, session, program('SAY two'))
    const listed = await expectOneLog(session)
    expect(saidIn(listed)).toEqual(['one', 'two'])
    expectModelToHaveRead(listed)
  })

  test('resumes a stream behind what that had shown of the time since', async () => {
    const { stack } = use()
    const session = await createSession(use())
    await turn(stack.sdk, session, program('SAY one'))
    const view = await stack.log.read(session)
    const last = view.runs.at(-1)?.items.at(-1)?.position
    await reset(session, { task: 3 })
    const listed = await expectOneLog(session)
    const controller = new AbortController()
    const response = await fetch(`${stack.urls[0]}/v1/sessions/${session}/events/stream`, {
      headers: { 'x-api-key': stack.apiKey, 'last-event-id': `${last?.run}.${last?.event}.${last?.index}` },
      signal: controller.signal,
    })
    expect(response.status).toBe(200)
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
    let text = ''
    while (!text.includes('session.status_idle')) text += (await reader?.read())?.value ?? ''
    controller.abort()
    const ids = [...text.matchAll(/"id":"(sevt_\w+)"/g)].map(([, id]) => id)
    expect(ids).toEqual(listed.slice(-3).map(({ id }) => id))
  })
})
