import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { createSession, listAll, message, only, record } from './drive.ts'
import { call } from './raw-http.ts'
import type { Answer } from './raw-http.ts'
import { useStack } from './use-stack.ts'

const use = useStack()

interface Post {
  readonly path: string
  readonly body: unknown
  readonly headers?: Readonly<Record<string, string>>
}

function post({ path, body, headers = {} }: Post): Promise<Answer> {
  const { stack } = use()
  const authorization = `Bearer ${stack.apiKey}`
  return call(stack.urls[0] ?? '', { method: 'POST', path, body, headers: { authorization, ...headers } })
}

/**
 * Sends a request and resets the connection while the server is at it, so that nobody can read the answer: the server
 * is held, by a lock on what it is about to write, until the connection is gone.
 */
async function postAndLeave({ path, body }: Post): Promise<void> {
  const { database, apiKey, urls } = use().stack
  const url = new URL(urls[0] ?? '')
  const bytes = JSON.stringify(body)
  const head = [
    `POST ${path} HTTP/1.1`,
    `host: ${url.host}`,
    `authorization: Bearer ${apiKey}`,
    'content-type: application/json',
    `content-length: ${Buffer.byteLength(bytes)}`,
  ]
  await database.transaction().execute(async (transaction) => {
    await sql`lock table ingress in exclusive mode`.execute(transaction)
    const socket = connect(Number(url.port), url.hostname)
    const closed = once(socket, 'close')
    socket.write(`${head.join('\r\n')}\r\n\r\n${bytes}`)
    while (!(await isHeld())) await delay(5)
    socket.resetAndDestroy()
    await closed
  })
}

async function isHeld(): Promise<boolean> {
  const waiting = sql<object>`select 1 from pg_locks where relation = 'ingress'::regclass and not granted`
  return (await waiting.execute(use().stack.database)).rows.length > 0
}

const RETRY = { 'x-stainless-retry-count': '1' }

describe('a request that is sent again', () => {
  test('after its answer was cut is the same events, once in the log', async () => {
    const { stack } = use()
    const session = await createSession(use())
    const path = `/v1/sessions/${session}/events`
    const trials = 10
    for (let trial = 1; trial <= trials; trial++) {
      const recording = await record(stack.sdk, session)
      const body = { events: [message(`trial ${trial}`), message('and more')] }
      await postAndLeave({ path, body })
      await recording.until('user.message', 2)
      const [first, second] = recording.events
      const answer = await post({ path, body, headers: RETRY })
      expect(JSON.parse(answer.text).data.map(({ id }: { id: string }) => id)).toEqual([first?.id, second?.id])
      await recording.until('session.status_idle')
    }
    const messages = only(await listAll(stack.sdk, session), 'user.message')
    expect(messages).toHaveLength(2 * trials)
    expect(new Set(messages.map(({ id }) => id)).size).toBe(2 * trials)
    console.log(`cut answers: n = ${trials} trials, doubled = 0`)
  })

  test('although it was answered is a new event: the client means it', async () => {
    const { stack } = use()
    const session = await createSession(use())
    const path = `/v1/sessions/${session}/events`
    const body = { events: [message('twice')] }
    for (let n = 0; n < 2; n++) expect((await post({ path, body })).status).toBe(200)
    expect(only(await listAll(stack.sdk, session), 'user.message')).toHaveLength(2)
  })

  test('under its idempotency key gets the same answer, and a conflict with another body', async () => {
    const { stack } = use()
    const session = await createSession(use())
    const path = `/v1/sessions/${session}/events`
    const headers = { 'idempotency-key': 'once' }
    const body = { events: [message('keyed')] }
    const answers = await Promise.all([1, 2, 3].map(() => post({ path, body, headers })))
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1)
    const other = await post({ path, body: { events: [message('other')] }, headers })
    expect(other).toMatchObject({ status: 409, headers: { 'x-should-retry': 'false' } })
    expect(JSON.parse(other.text).error).toMatchObject({
      type: 'conflict_error',
      details: { error_code: 'idempotency_key_reused' },
    })
    expect(only(await listAll(stack.sdk, session), 'user.message')).toHaveLength(1)
  })

  test('to create a session is the same session, as it was made', async () => {
    const { stack, environment } = use()
    const { agents, sessions } = stack.sdk.beta
    const agent = await agents.create({ name: 'first', model: 'claude-opus-5-5' })
    const body = { agent: agent.id, environment_id: environment, title: 'one', initial_events: [message('hello')] }
    const path = '/v1/sessions'
    const keyed = { path, body, headers: { 'idempotency-key': 'create once' } }
    const first = JSON.parse((await post(keyed)).text)
    await sessions.update(first.id, { title: 'renamed' })
    await agents.update(agent.id, { name: 'second' })
    const again = JSON.parse((await post(keyed)).text)
    expect(again).toMatchObject({ id: first.id, agent: { name: 'first', version: 1 }, created_at: first.created_at })
    const listed = await sessions.list({ agent_id: agent.id })
    expect(listed.data).toMatchObject([{ id: first.id, title: 'renamed' }])
    expect(only(await listAll(stack.sdk, first.id), 'user.message')).toHaveLength(1)
    expect(await post({ ...keyed, body: { ...body, title: 'two' } })).toMatchObject({ status: 409 })
  })

  test('to create a session whose answer was cut leaves one session', async () => {
    const { stack, environment } = use()
    const agent = await stack.sdk.beta.agents.create({ name: 'cut', model: 'claude-opus-5-5' })
    const body = { agent: agent.id, environment_id: environment }
    const path = '/v1/sessions'
    await postAndLeave({ path, body })
    const { id } = JSON.parse((await post({ path, body, headers: RETRY })).text)
    // The first request may still be under way; whichever comes last must have found the other.
    const listed = await stack.sdk.beta.sessions.list({ agent_id: agent.id })
    expect(listed.data.map((session) => session.id)).toEqual([id])
    expect((await stack.sdk.beta.sessions.retrieve(id)).status).toBe('idle')
  })

  test.each([
    {
      of: 'an agent',
      path: () => `/v1/agents/${use().agent}`,
      read: () => use().stack.sdk.beta.agents.retrieve(use().agent),
    },
    {
      of: 'an environment',
      path: () => `/v1/environments/${use().environment}`,
      read: () => use().stack.sdk.beta.environments.retrieve(use().environment),
    },
  ])('to change $of is carried out once, and answered with what it is now', async ({ path, read }) => {
    const headers = { 'idempotency-key': 'change once' }
    const mine = { path: path(), headers, body: { description: 'mine' } }
    expect((await post(mine)).status).toBe(200)
    const theirs = await post({ path: path(), body: { description: 'theirs' } })
    const again = await post(mine)
    expect([again.status, JSON.parse(again.text)]).toEqual([200, JSON.parse(theirs.text)])
    expect(await read()).toEqual(JSON.parse(theirs.text))
    const other = await post({ path: path(), headers, body: { description: 'other' } })
    expect(other).toMatchObject({ status: 409, headers: { 'x-should-retry': 'false' } })
  })

  test('to change a version of an agent is no conflict with itself, whose answer was cut or not', async () => {
    const { stack } = use()
    const agent = await stack.sdk.beta.agents.create({ name: 'versioned', model: 'claude-opus-5-5' })
    const path = `/v1/agents/${agent.id}`
    const change = { path, body: { version: 1, description: 'second' } }
    await postAndLeave(change)
    const again = await post({ ...change, headers: RETRY })
    expect([again.status, JSON.parse(again.text).version]).toEqual([200, 2])
    expect(await post({ path, body: { version: 1, description: 'late' } })).toMatchObject({ status: 409 })
  })

  test('to change a session is decided once', async () => {
    const { stack } = use()
    const session = await createSession(use())
    const keyed = { path: `/v1/sessions/${session}`, headers: { 'idempotency-key': 'change' } }
    const change = { ...keyed, body: { title: 'mine' } }
    expect((await post(change)).status).toBe(200)
    await stack.sdk.beta.sessions.update(session, { title: 'theirs' })
    expect(JSON.parse((await post(change)).text).title).toBe('theirs')
    expect(only(await listAll(stack.sdk, session), 'session.updated').map(({ title }) => title)).toEqual([
      'mine',
      'theirs',
    ])
  })
})
