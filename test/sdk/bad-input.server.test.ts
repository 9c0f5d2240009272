import Anthropic from '@anthropic-ai/sdk'
import { sql } from 'kysely'
import { beforeAll, describe, expect, test } from 'vitest'
import type { Places } from './bad-case.ts'
import { MISSING, OTHER_KEY, REVOKED_KEY, TYPES, ask as askFor } from './bad-case.ts'
import { BAD_REQUESTS } from './bad-requests.ts'
import { createSession, listAll, message, turn } from './drive.ts'
import type { Answer, Call } from './raw-http.ts'
import { call, exchange } from './raw-http.ts'
import { letWait, look, write } from './settled-calls.ts'
import { useStack } from './use-stack.ts'
import { makeWorkPlaces } from './work-places.ts'

const use = useStack()

const SECRETS =
  /node_modules|[\\/](?:src|work|home|usr|tmp)[\\/]|\.ts\b|\n\s+at |postgres|lh_test_key|lh_other_secret|lh_revoked_secret|lh_(?:env|work)_\w+_secret/i

let places: Places
let session: string
let foreign: { readonly agent: string; readonly environment: string; readonly session: string }

beforeAll(async () => {
  const { stack } = use()
  const { events } = stack.sdk.beta.sessions
  session = await createSession(use())
  await turn(stack.sdk, session, message('hello'))
  const other = await createSession(use())
  await turn(stack.sdk, other, message('hello'))
  const [archived, deleted] = [await createSession(use()), await createSession(use())]
  await stack.sdk.beta.sessions.archive(archived)
  await stack.sdk.beta.sessions.delete(deleted)
  await stack.sdk.beta.environments.create({ name: 'taken' })

  await stack.stores.keys.createWorkspace('other', 'other')
  await stack.stores.keys.ensure({ id: 'key_other', name: 'other', workspaceId: 'other' }, OTHER_KEY)
  await stack.stores.keys.ensure({ id: 'key_revoked', name: 'revoked', workspaceId: 'default' }, REVOKED_KEY)
  await stack.stores.keys.revoke('key_revoked', new Date())
  const { beta } = new Anthropic({ baseURL: stack.urls[0] ?? '', apiKey: OTHER_KEY })
  const agent = await beta.agents.create({ name: 'theirs', model: 'claude-opus-5-5' })
  const environment = await beta.environments.create({ name: 'theirs' })
  const parts = { agent: agent.id, environment_id: environment.id }
  const theirs = await beta.sessions.create(parts)
  await beta.sessions.create(parts)
  const page = await beta.sessions.list({ limit: 1 })
  foreign = { agent: agent.id, environment: environment.id, session: theirs.id }
  const cursorOf = async (id: string): Promise<string> => (await events.list(id, { limit: 1 })).next_page ?? ''
  const { id: archivedAgent } = await stack.sdk.beta.agents.create({ name: 'over', model: 'claude-opus-5-5' })
  await stack.sdk.beta.agents.archive(archivedAgent)
  const { id: archivedEnvironment } = await stack.sdk.beta.environments.create({ name: 'over' })
  await stack.sdk.beta.environments.archive(archivedEnvironment)
  const waits = await letWait(use(), write('w'), look('one'))
  const waitsToo = await letWait(use(), look('two'))
  places = {
    ...(await makeWorkPlaces(stack)),
    archivedAgent,
    archivedEnvironment,
    waiting: waits.session,
    asked: waits.calls[0] ?? '',
    custom: waits.calls[1] ?? '',
    elsewhere: waitsToo.calls[0] ?? '',
    session,
    archived,
    deleted,
    agent: use().agent,
    environment: use().environment,
    cursor: await cursorOf(session),
    otherCursor: await cursorOf(other),
    foreignAgent: agent.id,
    foreignCursor: page.next_page ?? '',
  }
})

function ask({ headers, ...rest }: Call): Promise<Answer> {
  const { stack } = use()
  return call(stack.urls[0] ?? '', { ...rest, headers: headers ?? { authorization: `Bearer ${stack.apiKey}` } })
}

/** Everything that is stored: rows of every table, and how long the logs are. */
async function stored(): Promise<unknown> {
  const { stack } = use()
  const { database, log } = stack
  const { rows: tables } = await sql<{ name: string }>`
    select table_name as name from information_schema.tables where table_schema = 'public'
  `.execute(database)
  const counts = await Promise.all(
    tables.map(async ({ name }) => {
      const { rows } = await sql<{ n: string }>`select count(*) as n from ${sql.table(name)}`.execute(database)
      return [name, rows[0]?.n]
    }),
  )
  const lengths = await Promise.all(
    [session, places.waiting, foreign.session].map(async (id) => (await log.read(id)).length),
  )
  const workflows = await stack.temporal.workflowService.countWorkflowExecutions({
    namespace: 'default',
    query: `TaskQueue = '${stack.taskQueue}'`,
  })
  return { counts: Object.fromEntries(counts), lengths, workflows: Number(workflows.count) }
}

function expectRefusal({ status, headers, text }: Answer, expected: { status: number; type: string }): void {
  expect({ status, text }).toMatchObject({ status: expected.status })
  expect(headers['content-type']).toMatch(/^application\/json\b/)
  expect(headers['request-id']).toMatch(/^req_01/)
  expect(JSON.parse(text)).toEqual({
    type: 'error',
    error: { type: expected.type, message: expect.stringMatching(/./), ...detailsOf(text) },
    request_id: headers['request-id'],
  })
  // A route may be named.
  expect(text.replaceAll(/ \/v1\/[^\s"]*/g, '')).not.toMatch(SECRETS)
}

function detailsOf(text: string): object {
  const { error } = JSON.parse(text)
  if (error.details === undefined) return {}
  const lease = error.details.current_state === undefined ? {} : { current_state: expect.any(Object) }
  return { details: { error_code: expect.stringMatching(/^[a-z_]+$/), ...lease } }
}

describe('bad input', () => {
  test.each(BAD_REQUESTS.filter(({ status }) => status !== 200))('$name is refused as documented', async (bad) => {
    const { status = 400, says = /./ } = bad
    const type = TYPES[status]
    if (type === undefined) throw new Error(`expected a documented status, got ${status}`)
    const answer = await askFor(use().stack.urls[0] ?? '', bad, places)
    expectRefusal(answer, { status, type })
    expect(JSON.parse(answer.text).error.message).toMatch(says)
  })

  test.each(BAD_REQUESTS.filter(({ status }) => status === 200))('$name is fine', async (odd) => {
    expect(await askFor(use().stack.urls[0] ?? '', odd, places)).toMatchObject({ status: 200 })
  })

  test('of every kind together stores nothing, and the next good request works', async () => {
    const { stack } = use()
    const before = await stored()
    for (const bad of BAD_REQUESTS) await askFor(stack.urls[0] ?? '', bad, places)
    expect(await stored()).toEqual(before)
    console.log(`bad input: n = ${BAD_REQUESTS.length} requests, stored = 0`)
    expect(await listAll(stack.sdk, session)).not.toEqual([])
    expect((await stack.sdk.beta.sessions.retrieve(session)).title).toBeNull()
  })

  test('HEAD is refused without a body', async () => {
    const { status, headers, text } = await ask({ method: 'HEAD', path: `/v1/sessions/${session}/events/stream` })
    expect({ status, text }).toEqual({ status: 404, text: '' })
    expect(headers['request-id']).toMatch(/^req_01/)
  })

  test('that is no HTTP is answered with the standard error and closed', async () => {
    const answer = await exchange(use().stack.urls[0] ?? '', 'GARBAGE\r\n\r\n')
    expect(answer.headers['connection']).toBe('close')
    expectRefusal(answer, { status: 400, type: 'invalid_request_error' })
  })
})

describe('what belongs to another workspace', () => {
  type Ids = typeof foreign
  interface Request {
    readonly name: string
    readonly method: string
    readonly path: (of: Ids) => string
    readonly body?: (of: Ids) => unknown
  }
  const requests: readonly Request[] = [
    { name: 'an agent', method: 'GET', path: ({ agent }) => `/v1/agents/${agent}` },
    {
      name: 'an agent to update',
      method: 'POST',
      path: ({ agent }) => `/v1/agents/${agent}`,
      body: () => ({ name: 'x' }),
    },
    { name: 'versions', method: 'GET', path: ({ agent }) => `/v1/agents/${agent}/versions` },
    { name: 'an environment', method: 'GET', path: ({ environment }) => `/v1/environments/${environment}` },
    { name: 'a session', method: 'GET', path: (of) => `/v1/sessions/${of.session}` },
    {
      name: 'a session to update',
      method: 'POST',
      path: (of) => `/v1/sessions/${of.session}`,
      body: () => ({ title: 'x' }),
    },
    { name: 'a session to archive', method: 'POST', path: (of) => `/v1/sessions/${of.session}/archive` },
    { name: 'a session to delete', method: 'DELETE', path: (of) => `/v1/sessions/${of.session}` },
    { name: 'events', method: 'GET', path: (of) => `/v1/sessions/${of.session}/events` },
    { name: 'a stream', method: 'GET', path: (of) => `/v1/sessions/${of.session}/events/stream` },
    {
      name: 'a session to send to',
      method: 'POST',
      path: (of) => `/v1/sessions/${of.session}/events`,
      body: () => ({ events: [message('x')] }),
    },
    {
      name: 'the agent of a session',
      method: 'POST',
      path: () => '/v1/sessions',
      body: ({ agent }) => ({ agent, environment_id: use().environment }),
    },
    {
      name: 'the environment of a session',
      method: 'POST',
      path: () => '/v1/sessions',
      body: ({ environment }) => ({ agent: use().agent, environment_id: environment }),
    },
  ]
  test.each(requests)('reads as missing: $name', async ({ method, path, body }) => {
    const missing = { agent: 'agent_01missing', environment: 'env_01missing', session: MISSING }
    const before = await stored()
    const answers = await Promise.all(
      [foreign, missing].map((of) => ask({ method, path: path(of), ...(body ? { body: body(of) } : {}) })),
    )
    for (const answer of answers) expectRefusal(answer, { status: 404, type: 'not_found_error' })
    const [theirs, none] = answers.map(({ text: bytes }) => bytes.replaceAll(/(agent|env|sesn|req)_01\w+/g, '$1'))
    expect(theirs).toBe(none)
    expect(await stored()).toEqual(before)
  })

  test('stands in no list', async () => {
    const { beta } = use().stack.sdk
    const mine = await Promise.all(
      ['/v1/agents', '/v1/environments', '/v1/sessions'].map((path) => ask({ path: `${path}?limit=100` })),
    )
    for (const { text: page } of mine) {
      for (const id of [foreign.agent, foreign.environment, foreign.session]) expect(page).not.toContain(id)
    }
    expect((await beta.sessions.list({ agent_id: foreign.agent })).data).toEqual([])
  })
})

describe('a client of an older release', () => {
  test('drives a session from its making to its end with its own headers and queries', async () => {
    const { stack } = use()
    const headers = { 'x-api-key': stack.apiKey, 'anthropic-version': '2023-06-01', 'anthropic-beta': 'b,a' }
    const [url = ''] = stack.urls
    async function make(path: string, body?: unknown, method = 'POST'): Promise<{ id: string; data?: unknown[] }> {
      const answer = await call(url, { method, path: `${path}?beta=true`, headers, body })
      expect({ path, ...answer }).toMatchObject({ status: 200, headers: { 'anthropic-workspace-id': 'default' } })
      return JSON.parse(answer.text)
    }
    const agent = await make('/v1/agents', { name: 'old', model: { id: 'claude-opus-5-5' } })
    const environment = await make('/v1/environments', { name: 'old' })
    const { id } = await make('/v1/sessions', { agent: agent.id, environment_id: environment.id })
    const path = `/v1/sessions/${id}`
    const stream = await fetch(`${url}${path}/events/stream?beta=true`, { headers })
    await make(`${path}/events`, { events: [message('hello')] })
    let frames = ''
    for await (const chunk of stream.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      frames += chunk
      if (frames.includes('"type":"session.status_idle"')) break
    }
    expect(frames).toMatch(/"type":"user\.message"[^]*"type":"agent\.message"/)
    const listed = await call(url, { path: `${path}/events?beta=true&types[]=user.message`, headers })
    expect(JSON.parse(listed.text).data).toMatchObject([message('hello')])
    expect(await make(path, undefined, 'GET')).toMatchObject({ id, status: 'idle' })
    expect(await make(`${path}/archive`)).toMatchObject({ id, status: 'terminated' })
    expect(await make(path, undefined, 'DELETE')).toEqual({ id, type: 'session_deleted' })
  })
})
