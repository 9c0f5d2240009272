import { EventEmitter, once } from 'node:events'
import { describe, expect, test } from 'vitest'
import { LogNotFound } from '../../src/history/session-log.ts'
import { refuses } from '../../src/session/settle.ts'
import { emptyUsage } from '../../src/session/usage.ts'
import { toSessionAgent } from '../../src/wire/agents.ts'
import { ApiError } from '../../src/wire/errors.ts'
import { buildAgent } from '../store/builders.ts'
import { ACCOUNTING, emptyState, message } from '../support/session-builders.ts'
import { AUTHORIZED, createFakeApp, storeSession } from './fakes.ts'
import { buildView } from './view-builder.ts'

describe('archiving a session that has ended by itself', () => {
  test('marks its row, once, and asks its workflow for nothing', async () => {
    const { log } = createFakeApp().context
    const view = { ...buildView([]), state: emptyState({ status: 'terminated' }) }
    const { app, world } = createFakeApp(() => ({ log: { ...log, read: async () => view } }))
    const { configurationId: id } = storeSession(world, 'sesn_1')
    world.configurations.set('sesn_1', { id, agent: toSessionAgent(buildAgent()), harness: 'h1' })
    const archive = async (): Promise<unknown> => {
      const { statusCode, body } = await app.inject({
        method: 'POST',
        url: '/v1/sessions/sesn_1/archive',
        headers: AUTHORIZED,
      })
      expect(statusCode).toBe(200)
      return JSON.parse(body).archived_at
    }
    const at = await archive()
    expect(at).toMatch(/^\d{4}-/)
    expect(await archive()).toBe(at)
    expect(world.sessions.get('sesn_1')?.archivedAt?.toISOString()).toBe(at)
  })

  test('stays when a read has its row from before', async () => {
    const { log } = createFakeApp().context
    const view = { ...buildView([]), state: emptyState({ status: 'terminated' }) }
    const first = new EventEmitter()
    let reads = 0
    async function read() {
      if (reads++ > 0) return view
      first.emit('begun')
      await once(first, 'told')
      return view
    }
    const { app, world } = createFakeApp(() => ({ log: { ...log, read } }))
    const { configurationId: id } = storeSession(world, 'sesn_1')
    world.configurations.set('sesn_1', { id, agent: toSessionAgent(buildAgent()), harness: 'h1' })
    const send = async (method: 'GET' | 'POST', url: string): Promise<unknown> =>
      (await app.inject({ method, url: `/v1/sessions/sesn_1${url}`, headers: AUTHORIZED })).json().archived_at
    const begun = once(first, 'begun')
    const early = send('GET', '')
    await begun
    const at = await send('POST', '/archive')
    first.emit('told')
    await early
    expect(at).toMatch(/^\d{4}-/)
    expect(await send('GET', '')).toBe(at)
  })
})

describe('raising the budget of a session', () => {
  const cents = (amount: string) => ({ type: 'limit', max_list_cost: { amount, currency: 'USD' } }) as const
  const spent = emptyState({
    stop: { type: 'budget_reached' },
    accounting: ACCOUNTING,
    budget: cents('1'),
    usage: { ...emptyUsage(), input_tokens: 1_000_000 },
  })

  test.each([
    {
      name: 'that is held up in a turn',
      state: { ...spent, paused: true as const },
      body: { budget: cents('2') },
      status: 429,
    },
    {
      name: 'that holds a message',
      state: { ...spent, queue: [{ ...message('m'), id: 'm' }] },
      body: { budget: null },
      status: 429,
    },
    { name: 'that has nothing to go on with', state: spent, body: { budget: cents('2') }, status: 200 },
    { name: 'in the same words', state: { ...spent, paused: true as const }, body: { title: 'new' }, status: 200 },
    {
      name: 'to what was spent',
      state: { ...spent, paused: true as const },
      body: { budget: cents('1') },
      status: 400,
    },
  ])('counts as a start where it is one: $name', async ({ state, body, status }) => {
    const { log } = createFakeApp().context
    const refusal = new ApiError('rate_limit', 'The quota is full.', { retryAfter: 5 })
    const { app, world } = createFakeApp(() => ({
      log: { ...log, read: async () => ({ ...buildView([]), state }) },
      quota: { request: () => undefined, running: async () => refusal },
      // What the workflow itself would say.
      workflows: {
        ...createFakeApp().context.workflows,
        configure: async (_, change) => ({
          refused: refuses(state, { type: 'configured', ...change })?.reason ?? null,
        }),
      },
    }))
    const { configurationId: id } = storeSession(world, 'sesn_1')
    world.configurations.set('sesn_1', { id, agent: toSessionAgent(buildAgent()), harness: 'h1' })
    const { statusCode } = await app.inject({
      method: 'POST',
      url: '/v1/sessions/sesn_1',
      headers: AUTHORIZED,
      payload: body,
    })
    expect(statusCode).toBe(status)
  })
})

describe('deleting a session', () => {
  async function remove(read: ReturnType<typeof createFakeApp>['context']['log']['read']) {
    const { log } = createFakeApp().context
    const { app, world } = createFakeApp(() => ({ log: { ...log, read } }))
    storeSession(world, 'sesn_1')
    const { statusCode } = await app.inject({ method: 'DELETE', url: '/v1/sessions/sesn_1', headers: AUTHORIZED })
    return { statusCode, isThere: world.sessions.has('sesn_1') }
  }

  test('is possible when its log is lost', async () => {
    expect(await remove(() => Promise.reject(new LogNotFound('gone')))).toEqual({ statusCode: 200, isThere: false })
  })

  test('is not when its log cannot be read at the moment, or runs', async () => {
    const running = { ...buildView([]), state: emptyState({ status: 'running' }) }
    expect(await remove(() => Promise.reject(new Error('away')))).toEqual({ statusCode: 504, isThere: true })
    expect(await remove(async () => running)).toEqual({ statusCode: 400, isThere: true })
  })
})
