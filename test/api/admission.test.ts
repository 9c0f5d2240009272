import { describe, expect, onTestFinished, test } from 'vitest'
import { ApiError } from '../../src/wire/errors.ts'
import { buildView } from './view-builder.ts'
import { AUTHORIZED, createFakeApp, storeAgent, storeSession } from './fakes.ts'

const url = '/v1/sessions/sesn_1/events'
const hello = { events: [{ type: 'user.message', content: [{ type: 'text', text: 'hello' }] }] }
const RETRY = { 'x-stainless-retry-count': '1' }

type Fake = ReturnType<typeof createFakeApp>

function createWithSession(change?: Parameters<typeof createFakeApp>[0]): Fake {
  const fake = createFakeApp(change)
  storeSession(fake.world, 'sesn_1')
  return fake
}

function send({ app }: Fake, headers: Record<string, string> = {}, payload: object = hello) {
  return app.inject({ method: 'POST', url, headers: { ...AUTHORIZED, ...headers }, payload })
}

function idsOf({ world }: Fake): readonly unknown[] {
  return world.signals.map(({ signal, requestId }) => [
    requestId,
    ...signal.events.map((event) => Reflect.get(Object(event), 'id')),
  ])
}

describe('a request for a log', () => {
  test('has its ids committed, signals them, and says who sent them', async () => {
    const fake = createWithSession()
    const answer = await send(fake)
    const [row] = [...fake.world.ingress.values()]
    expect(answer.json().data).toMatchObject([{ ...hello.events[0], id: row?.ids[0], processed_at: null }])
    expect(fake.world.signals).toMatchObject([{ session: 'sesn_1', requestId: row?.id, signal: { by: 'key_1' } }])
    expect(fake.world.hints).toMatchObject([{ id: 'sesn_1', status: 'running' }])
    expect(row?.state).toBe('accepted')
  })

  test('that failed for now keeps its ids for the next try', async () => {
    let failures = 1
    const fake: Fake = createWithSession((world) => ({
      workflows: {
        ...createFakeApp().context.workflows,
        signal: async (session, signal, requestId) => {
          world.signals.push({ session, signal, requestId })
          if (failures-- > 0) throw new ApiError('unavailable', 'not now')
        },
      },
    }))
    expect((await send(fake)).statusCode).toBe(504)
    expect((await send(fake, RETRY)).statusCode).toBe(200)
    const [first, second] = idsOf(fake)
    expect(second).toEqual(first)
    expect(fake.world.ingress.size).toBe(1)
  })

  test('is each client’s own when several of the same failed and are sent again', async () => {
    let failures = 3
    const fake: Fake = createWithSession((world) => ({
      workflows: {
        ...createFakeApp().context.workflows,
        signal: async (session, signal, requestId) => {
          world.signals.push({ session, signal, requestId })
          if (failures-- > 0) throw new ApiError('unavailable', 'not now')
        },
      },
    }))
    for (let client = 0; client < 3; client++) expect((await send(fake)).statusCode).toBe(504)
    for (let client = 0; client < 3; client++) expect((await send(fake, RETRY)).statusCode).toBe(200)
    const ids = idsOf(fake).map(String)
    expect(new Set(ids.slice(3))).toEqual(new Set(ids.slice(0, 3)))
    expect([new Set(ids).size, fake.world.ingress.size]).toEqual([3, 3])
  })

  test('is never one with what another key has sent', async () => {
    const keys: Record<string, string> = { lh_one: 'key_1', lh_two: 'key_2' }
    const fake = createWithSession(() => ({
      callers: { verify: async (secret) => ({ type: 'key', keyId: keys[secret] ?? '', workspaceId: 'default' }) },
    }))
    const post = (secret: string, retry: string) =>
      send(fake, { authorization: `Bearer ${secret}`, 'x-stainless-retry-count': retry })
    await post('lh_one', '0')
    const [theirs, mine] = [await post('lh_two', '1'), await post('lh_one', '1')]
    expect(theirs.json().data[0].id).not.toBe(mine.json().data[0].id)
    expect(fake.world.ingress.size).toBe(2)
  })

  test('that began is what a retry takes, when an equal one was accepted meanwhile', async () => {
    let failures = 1
    const fake: Fake = createWithSession((world) => ({
      workflows: {
        ...createFakeApp().context.workflows,
        signal: async (session, signal, requestId) => {
          if (failures-- > 0) throw new ApiError('unavailable', 'not now')
          world.signals.push({ session, signal, requestId })
        },
      },
    }))
    expect((await send(fake)).statusCode).toBe(504)
    const equal = (await send(fake)).json().data[0].id
    // Whether its first retry came that far is not known to the second.
    const again = (await send(fake, { 'x-stainless-retry-count': '2' })).json().data[0].id
    expect(again).not.toBe(equal)
    expect(new Set(idsOf(fake).flat()).size).toBe(4)
  })

  test.each([
    ['2', 2],
    ['2.5', 2],
    ['1e99', 2 ** 31 - 1],
    ['-1', 0],
    ['NaN', 0],
    ['1, 2', 0],
  ])('whose client says %s for its number of retries is retry %i', async (said, tries) => {
    const fake = createWithSession()
    expect((await send(fake, { 'x-stainless-retry-count': said })).statusCode).toBe(200)
    expect([...fake.world.ingress.values()]).toMatchObject([{ tries }])
  })

  test('is new when its client has the answer to the one before it, or it has another body', async () => {
    const fake = createWithSession()
    await send(fake)
    for (const { id } of fake.world.ingress.values()) await fake.context.ingress.answered(id)
    await send(fake, RETRY)
    await send(fake, RETRY, { events: [{ type: 'user.interrupt' }] })
    expect(new Set(idsOf(fake).flat()).size).toBe(6)
  })

  test.each([
    { what: 'events', path: url, body: hello },
    { what: 'an environment', path: '/v1/environments', body: { name: 'linux' } },
  ])('for $what that was sent again is done once its client has the answer', async ({ path, body }) => {
    const fake = createWithSession()
    const payload = JSON.stringify(body)
    const headers = { ...AUTHORIZED, 'content-type': 'application/json' }
    await fake.app.inject({ method: 'POST', url: path, headers, payload })
    expect([...fake.world.ingress.values()]).toMatchObject([{ state: 'accepted' }])
    const base = await fake.app.listen({ host: '127.0.0.1', port: 0 })
    onTestFinished(() => fake.app.close())
    const again = await fetch(`${base}${path}`, { method: 'POST', headers: { ...headers, ...RETRY }, body: payload })
    expect(again.status).toBe(200)
    await again.text()
    await expect.poll(() => [...fake.world.ingress.values()], { timeout: 5_000 }).toMatchObject([{ state: 'answered' }])
  })

  test('under a key is the same as before, or a conflict', async () => {
    const fake = createWithSession()
    const key = { 'idempotency-key': 'k' }
    const answers = [await send(fake, key), await send(fake, key)]
    expect(answers[1]?.json()).toEqual(answers[0]?.json())
    const conflict = await send(fake, key, { events: [{ type: 'user.interrupt' }] })
    expect(conflict.statusCode).toBe(409)
    expect(conflict.json().error.details).toEqual({ error_code: 'idempotency_key_reused' })
    expect(fake.world.signals).toHaveLength(1)
  })

  test('that was accepted is answered as before, whatever became of the session', async () => {
    const fake = createWithSession()
    const key = { 'idempotency-key': 'k' }
    const first = await send(fake, key)
    fake.world.view = buildView([], { status: 'terminated' })
    const again = await send(fake, key)
    expect([again.statusCode, again.json()]).toEqual([200, first.json()])
    expect((await send(fake, { 'idempotency-key': 'other' })).statusCode).toBe(400)
    expect(fake.world.signals).toHaveLength(1)
  })

  test.each([
    { name: 'reached the log', isLogged: true, status: 200 },
    { name: 'never reached the log', isLogged: false, status: 400 },
  ])('whose answer is unknown and that $name is judged by the log', async ({ isLogged, status }) => {
    const fake: Fake = createWithSession((world) => ({
      workflows: {
        ...createFakeApp().context.workflows,
        signal: async (session, signal, requestId) => {
          world.signals.push({ session, signal, requestId })
          throw new ApiError('unavailable', 'cut')
        },
      },
    }))
    await send(fake, { 'idempotency-key': 'k' })
    const [row] = [...fake.world.ingress.values()]
    expect(row?.state).toBe('begun')
    const logged = isLogged ? [{ do: 'queue' as const, id: row?.ids[0] ?? '', at: 1 }] : []
    fake.world.view = buildView(logged, { status: 'terminated', seen: logged.map(({ id }) => id) })
    const again = await send(fake, { 'idempotency-key': 'k' })
    expect(again.statusCode).toBe(status)
    expect(fake.world.signals).toHaveLength(1)
  })

  test.each([
    { name: 'of a session that has ended', view: buildView([], { status: 'terminated' }), status: 400 },
    {
      name: 'of a session whose queue is full',
      view: buildView(Array.from({ length: 256 }, (_, n) => ({ do: 'queue' as const, id: `q${n}`, at: n }))),
      status: 429,
    },
  ])('$name leaves no row', async ({ view, status }) => {
    const fake = createWithSession()
    fake.world.view = view
    const answer = await send(fake)
    expect(answer.statusCode).toBe(status)
    expect(answer.json().error.message).toMatch(/^events\[0\]: /)
    expect(answer.headers['retry-after']).toBe(status === 429 ? '1' : undefined)
    expect([fake.world.ingress.size, fake.world.signals.length]).toEqual([0, 0])
  })

  test('to archive a session that runs leaves no row', async () => {
    const fake = createWithSession()
    fake.world.view = buildView([], { status: 'running' })
    const archive = () => fake.app.inject({ method: 'POST', url: '/v1/sessions/sesn_1/archive', headers: AUTHORIZED })
    const answer = await archive()
    expect([answer.statusCode, fake.world.ingress.size]).toEqual([400, 0])
    expect(answer.json().error.message).toMatch(/^The session is running; interrupt it/)
    fake.world.view = buildView([])
    await archive()
    expect(fake.world.ingress.size).toBe(1)
  })

  test('that is over the rate leaves no row', async () => {
    const fake = createWithSession()
    let taken = 0
    let answer = await send(fake)
    for (; answer.statusCode === 200; answer = await send(fake)) taken += 1
    expect(answer.statusCode).toBe(429)
    expect(taken).toBeGreaterThanOrEqual(50)
    expect([fake.world.ingress.size, fake.world.signals.length]).toEqual([taken, taken])
  })

  test('is refused for want of a session before its large parts are looked at', async () => {
    const fake = createWithSession()
    const many = Array.from({ length: 256 }, () => ({
      type: 'user.message',
      content: Array.from({ length: 16 }, () => ({ type: 'text', text: 'x'.repeat(100) })),
    }))
    const payload = { events: many }
    expect((await send(fake, {}, payload)).statusCode).toBe(413)
    const missing = await fake.app.inject({
      method: 'POST',
      url: '/v1/sessions/sesn_none/events',
      headers: AUTHORIZED,
      payload,
    })
    expect(missing.statusCode).toBe(404)
  })

  test('to create a session again answers what the first one made', async () => {
    const fake = createFakeApp()
    const agent = storeAgent(fake.world, { name: 'first' })
    const headers = { ...AUTHORIZED, 'idempotency-key': 'k' }
    const payload = { agent: agent.id, environment_id: 'env_1', initial_events: hello.events }
    const create = () => fake.app.inject({ method: 'POST', url: '/v1/sessions', headers, payload })
    const first = (await create()).json()
    expect(first).toMatchObject({ status: 'running', agent: { name: 'first' } })
    storeAgent(fake.world, { ...agent, name: 'second', archived_at: '2026-01-02T00:00:00.000Z' })
    await fake.context.sessions.repair(first.id, {
      configurationId: fake.world.sessions.get(first.id)?.configurationId ?? '',
      status: 'idle',
      title: 'renamed',
      metadata: {},
      budget: null,
      archivedAt: null,
    })
    expect((await create()).json()).toMatchObject({ id: first.id, title: 'renamed', agent: { name: 'first' } })
    expect(fake.world.sessions.get(first.id)).toMatchObject({ title: 'renamed', status: 'idle' })
  })

  test('to create a session that broke off goes on with the configuration that is stored', async () => {
    const started: unknown[] = []
    const fake = createFakeApp(() => ({
      workflows: {
        ...createFakeApp().context.workflows,
        async start(session, { configuration }) {
          started.push({ session, agentName: configuration?.agentName })
          if (started.length === 1) throw new ApiError('unavailable', 'cut')
        },
      },
    }))
    const agent = storeAgent(fake.world, { name: 'first' })
    const payload = { agent: agent.id, environment_id: 'env_1', initial_events: hello.events }
    const create = (headers: Record<string, string>) =>
      fake.app.inject({ method: 'POST', url: '/v1/sessions', headers: { ...AUTHORIZED, ...headers }, payload })
    expect((await create({})).statusCode).toBe(504)
    storeAgent(fake.world, { ...agent, name: 'second', version: 2, archived_at: '2026-01-02T00:00:00.000Z' })
    const again = await create(RETRY)
    expect([again.statusCode, again.json().agent]).toMatchObject([200, { name: 'first', version: 1 }])
    const { id } = again.json()
    expect(started).toEqual([
      { session: id, agentName: 'first' },
      { session: id, agentName: 'first' },
    ])
    expect([fake.world.sessions.size, fake.world.configurations.get(id)?.agent.name]).toEqual([1, 'first'])
  })

  test('to create a session twice at once starts it with what is stored, whichever was first', async () => {
    const started: unknown[] = []
    const fake = createFakeApp(() => ({
      workflows: {
        ...createFakeApp().context.workflows,
        start: async (_, { configuration }) => void started.push(configuration?.agentName),
      },
    }))
    const agent = storeAgent(fake.world, { name: 'mine' })
    const { sessions } = fake.context
    const { create } = sessions
    sessions.create = async (row, { agent: mine, ...rest }) => {
      await create(row, { ...rest, agent: { ...mine, name: 'theirs' } })
      await create(row, { ...rest, agent: mine })
    }
    const payload = { agent: agent.id, environment_id: 'env_1' }
    const answer = await fake.app.inject({ method: 'POST', url: '/v1/sessions', headers: AUTHORIZED, payload })
    expect(answer.json().agent.name).toBe('theirs')
    expect(started).toEqual(['theirs'])
  })
})
