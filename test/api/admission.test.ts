import { describe, expect, test } from 'vitest'
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

  test('that is over the rate leaves no row', async () => {
    const fake = createWithSession()
    let taken = 0
    let answer = await send(fake)
    for (; answer.statusCode === 200; answer = await send(fake)) taken += 1
    expect(answer.statusCode).toBe(429)
    expect(taken).toBeGreaterThanOrEqual(50)
    expect([fake.world.ingress.size, fake.world.signals.length]).toEqual([taken, taken])
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
    await fake.context.sessions.repair(first.id, { status: 'idle', title: 'renamed', metadata: {}, archivedAt: null })
    expect((await create()).json()).toMatchObject({ id: first.id, title: 'renamed', agent: { name: 'first' } })
    expect(fake.world.sessions.get(first.id)).toMatchObject({ title: 'renamed', status: 'idle' })
  })
})
