import { BadRequestError, NotFoundError } from '@anthropic-ai/sdk'
import { describe, expect, test } from 'vitest'
import type { SessionThread } from '../../src/wire/types.ts'
import { primaryThread } from '../../src/workflows/messages.ts'
import {
  bash,
  collect,
  createSession,
  listAll,
  message,
  program,
  record,
  recordPreviews,
  recordThread,
  refused,
  turn,
  typesOf,
} from './drive.ts'
import { createPacedModel } from './paced-model.ts'
import { foldPreviews } from './previews.ts'
import { useStack } from './use-stack.ts'

/** A run is over after a turn or two, and what it held is read from the archive. */
const paced = createPacedModel()
const use = useStack({
  between: paced.between,
  policy: { run: { events: 40, signals: 1_000, bytes: 2 * 1024 * 1024 } },
})

function read(session: string): Promise<SessionThread> {
  return use().stack.sdk.beta.sessions.threads.retrieve(primaryThread(session), { session_id: session })
}

/** The primary thread by its list, where statuses may be asked for. */
async function listed(session: string, statuses?: SessionThread['status'][]): Promise<SessionThread[]> {
  return collect(use().stack.sdk.beta.sessions.threads.list(session, statuses ? { statuses } : {}))
}

/** A stream that is open, and the frames of its bytes up to where the server ends it. */
async function openRaw(path: string, headers: Record<string, string> = {}): Promise<{ frames: Promise<string[]> }> {
  const { urls, apiKey } = use().stack
  const response = await fetch(`${urls[0]}${path}`, { headers: { 'x-api-key': apiKey, ...headers } })
  expect(response.status).toBe(200)
  const frames = response.text().then((text) => text.split('\n\n').filter((frame) => frame !== ': keep-alive'))
  return { frames }
}

describe('a primary thread', () => {
  test('is there from the start, with figures once there is something to count', async () => {
    const { stack } = use()
    const session = await createSession(use())
    const { agent, ...fresh } = await stack.sdk.beta.sessions.retrieve(session)
    const { multiagent: _, ...alone } = agent
    const thread = await read(session)
    expect(thread).toEqual({
      id: primaryThread(session),
      type: 'session_thread',
      session_id: session,
      parent_thread_id: null,
      workflow_run_id: null,
      agent: alone,
      status: 'idle',
      usage: null,
      stats: null,
      created_at: fresh.created_at,
      updated_at: fresh.updated_at,
      archived_at: null,
    })
    expect(await listed(session)).toEqual([thread])
    expect(await stack.sdk.beta.sessions.threads.list(session)).not.toHaveProperty('prev_page')

    await turn(stack.sdk, session, program(bash('ls'), 'SAY done'))
    const { usage } = await stack.sdk.beta.sessions.retrieve(session)
    const rested = await read(session)
    expect(rested).toMatchObject({ status: 'idle', usage, stats: { active_seconds: usage.active_seconds } })
    expect(rested.usage?.output_tokens).toBeGreaterThan(0)
  })

  test('has the status of its session at every time, and is found by it', async () => {
    const { stack, hands } = use()
    const session = await createSession(use())
    const stream = await record(stack.sdk, session)
    await stack.sdk.beta.sessions.events.send(session, { events: [program(bash(`hold ${session}`), 'SAY done')] })
    await hands.held(session)
    const running = await read(session)
    expect(running).toMatchObject({ status: 'running', usage: null, stats: { active_seconds: 0 } })
    expect((await listed(session, ['running', 'terminated'])).map(({ id }) => id)).toEqual([primaryThread(session)])
    expect(await listed(session, ['idle'])).toEqual([])
    hands.release(session)
    await stream.until('session.status_idle')
    expect((await read(session)).status).toBe('idle')
    await stack.sdk.beta.sessions.archive(session)
    expect(await read(session)).toMatchObject({ status: 'terminated', archived_at: expect.stringMatching(/Z$/) })
    expect(await listed(session, ['idle', 'running', 'rescheduling'])).toEqual([])
    expect(await listed(session, ['terminated'])).toHaveLength(1)
  })

  test('lists the events of its session, at any limit, over runs that are archived too', async () => {
    const { stack } = use()
    const session = await createSession(use())
    for (let round = 0; round < 4; round++) await turn(stack.sdk, session, program(bash('ls'), 'SAY on'))
    expect((await stack.log.read(session)).run).toBeGreaterThan(1)
    const events = await listAll(stack.sdk, session)
    for (const limit of [2, 7, 1000]) {
      const asked = { session_id: session, limit }
      expect(await collect(stack.sdk.beta.sessions.threads.events.list(primaryThread(session), asked))).toEqual(events)
    }
    const page = (await stack.sdk.beta.sessions.events.list(session, { limit: 3 })).next_page
    const rest = { session_id: session, page }
    expect(await collect(stack.sdk.beta.sessions.threads.events.list(primaryThread(session), rest))).toEqual(
      events.slice(3),
    )
  })

  test('streams what its session streams, byte for byte, and goes on from the same places', async () => {
    const { stack } = use()
    const session = await createSession(use())
    const [ofSession, ofThread] = [
      `/v1/sessions/${session}/events/stream`,
      `/v1/sessions/${session}/threads/${primaryThread(session)}/stream`,
    ]
    const streams = [await openRaw(ofSession), await openRaw(ofThread)]
    await turn(stack.sdk, session, program('THINK hm', bash('ls'), 'SAY done'))
    await stack.sdk.beta.sessions.archive(session)
    const [frames = [], shown] = await Promise.all(streams.map((stream) => stream.frames))
    expect(shown).toEqual(frames)
    expect(frames.length).toBeGreaterThan(10)
    const [, id = ''] = /^id: (.*)$/m.exec(frames[3] ?? '') ?? []
    const rest = await openRaw(ofThread, { 'last-event-id': id })
    expect(await rest.frames).toEqual(frames.slice(4))
  })

  test('streams previews when they are asked for', async () => {
    const { stack } = use()
    const session = await createSession(use())
    const [thread, whole, plain] = [
      await recordThread(stack.sdk, session, ['agent.message', 'agent.thinking']),
      await recordPreviews(stack.sdk, session),
      await recordThread(stack.sdk, session),
    ]
    const hold = paced.hold('# paced', 10_000)
    await stack.sdk.beta.sessions.events.send(session, { events: [program('# paced', 'THINK hm', 'SAY one two')] })
    for (const stream of [thread, whole]) await stream.untilSo((events) => foldPreviews(events).length === 2)
    hold.release()
    for (const stream of [thread, whole, plain]) await stream.until('session.status_idle')
    const shown = foldPreviews(thread.events)
    expect(shown.map(({ of }) => of)).toEqual(['agent.thinking', 'agent.message'])
    expect(shown.map(({ id }) => id)).toEqual(foldPreviews(whole.events).map(({ id }) => id))
    expect(typesOf(plain.events)).not.toContain('event_start')
  })

  test('is archived with its session and not otherwise', async () => {
    const { stack, hands } = use()
    const { threads } = stack.sdk.beta.sessions
    const session = await createSession(use())
    const archive = () => threads.archive(primaryThread(session), { session_id: session })
    const stream = await record(stack.sdk, session)
    await stack.sdk.beta.sessions.events.send(session, { events: [program(bash(`hold ${session}`), 'SAY done')] })
    await hands.held(session)
    const before = await listAll(stack.sdk, session)
    expect(await refused(archive())).toMatchObject({ status: 400, message: expect.stringMatching(/is running/) })
    expect(await listAll(stack.sdk, session)).toEqual(before)
    hands.release(session)
    await stream.until('session.status_idle')
    const error = await refused(archive())
    expect(error).toBeInstanceOf(BadRequestError)
    expect(error).toMatchObject({ message: expect.stringMatching(/archive the session instead/) })
    await turn(stack.sdk, session, message('still there?'))
    await stack.sdk.beta.sessions.archive(session)
    expect(await archive()).toEqual(await read(session))
  })

  test('is found in its own session alone', async () => {
    const { threads } = use().stack.sdk.beta.sessions
    const [session, other] = [await createSession(use()), await createSession(use())]
    for (const id of [primaryThread(other), session, 'sthr_01none']) {
      const asked = { session_id: session }
      const errors = await Promise.all([
        refused(threads.retrieve(id, asked)),
        refused(threads.archive(id, asked)),
        refused(threads.events.list(id, asked)),
        refused(threads.events.stream(id, asked)),
      ])
      for (const error of errors) {
        expect(error).toBeInstanceOf(NotFoundError)
        expect(error).toMatchObject({ message: expect.stringContaining(`No thread ${id} in session ${session}.`) })
      }
    }
  })
})

describe('the resources of a session', () => {
  test('are none at first, and none that is not there is found', async () => {
    const { resources } = use().stack.sdk.beta.sessions
    const session = await createSession(use())
    expect(await collect(resources.list(session, { limit: 5 }))).toEqual([])
    const added = resources.add(session, { type: 'file', file_id: 'file_01none' })
    expect(await refused(added)).toBeInstanceOf(NotFoundError)
    const named = { session_id: session }
    const errors = await Promise.all([
      refused(resources.retrieve('sesrsc_01none', named)),
      refused(resources.update('sesrsc_01none', { ...named, authorization_token: 'secret' })),
      refused(resources.delete('sesrsc_01none', named)),
      refused(resources.list('sesn_01none')),
    ])
    for (const error of errors) expect(error).toBeInstanceOf(NotFoundError)
  })
})
