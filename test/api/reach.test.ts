import { describe, expect, test } from 'vitest'
import type { Caller } from '../../src/api/context.ts'
import { buildConfiguration, buildWork } from '../store/builders.ts'
import { ROUTES } from '../support/fuzz-request.ts'
import { createFakeWork } from './fake-work.ts'
import { createFakeApp, storeSession } from './fakes.ts'

const beside = { workspaceId: 'default', keyId: 'key_9' }
const WORKERS: Readonly<Record<string, Caller>> = {
  environment: { type: 'environment', ...beside, environmentId: 'env_1' },
  work: { type: 'work', ...beside, environmentId: 'env_1', sessionId: 'sesn_1', workId: 'work_1', attempt: 1 },
}

const OWN = { environment: 'env_1', session: 'sesn_1', work: 'work_1', thread: 'sthr_1' }
const OTHER = { environment: 'env_2', session: 'sesn_2', work: 'work_2', thread: 'sthr_2' }

const SERVING = [
  'GET /v1/environments/:environment',
  'GET /v1/environments/:environment/work/:work',
  'POST /v1/environments/:environment/work/:work/ack',
  'POST /v1/environments/:environment/work/:work/heartbeat',
  'POST /v1/environments/:environment/work/:work/stop',
  'GET /v1/sessions/:session',
  'POST /v1/sessions/:session/events',
  'GET /v1/sessions/:session/events',
  'GET /v1/sessions/:session/events/stream',
]
const OPEN: Readonly<Record<string, readonly string[]>> = {
  environment: [
    ...SERVING,
    'GET /v1/environments/:environment/work',
    'GET /v1/environments/:environment/work/poll',
    'GET /v1/environments/:environment/work/stats',
    'POST /v1/environments/:environment/work/:work',
  ],
  work: [
    ...SERVING,
    'GET /v1/sessions/:session/threads',
    'GET /v1/sessions/:session/threads/:thread',
    'GET /v1/sessions/:session/threads/:thread/events',
    'GET /v1/sessions/:session/threads/:thread/stream',
  ],
}

/** Every route that the application has, with the kinds of its ids. */
const ALL = ROUTES.map(({ method, path, id = '' }) => ({ method, path: path.replace(':id', `:${id}`) }))

/** Answers what a caller is told when it asks for a route, with these ids. */
function createAsker(type: string) {
  const work = createFakeWork()
  work.items.set('work_1', buildWork())
  const { app, world } = createFakeApp(() => ({ callers: { verify: async () => WORKERS[type] ?? null }, work }))
  world.configurations.set('sesn_1', buildConfiguration(storeSession(world, 'sesn_1')))
  storeSession(world, 'sesn_2', { environmentId: 'env_2' })
  return async (method: string, path: string, ids: typeof OWN, payload?: object) => {
    const url = path.replaceAll(/:(\w+)/g, (_, kind: string) => new Map(Object.entries(ids)).get(kind) ?? 'x')
    const stream = url.endsWith('stream') ? { query: { bad: '1' } } : {}
    const [verb] = (['GET', 'POST', 'DELETE'] as const).filter((each) => each === method)
    if (!verb) throw new Error(`expected a method, got ${method}`)
    const headers = { authorization: 'Bearer it' }
    const answer = await app.inject({ method: verb, url, headers, ...stream, ...(payload ? { payload } : {}) })
    return { status: answer.statusCode, text: answer.body }
  }
}

describe.each(['environment', 'work'])('a worker’s %s credential', (type) => {
  const open = new Set(OPEN[type])

  test.each(ALL.filter(({ method, path }) => !open.has(`${method} ${path}`)))(
    'does not open $method $path',
    async ({ method, path }) => {
      const { status, text } = await createAsker(type)(method, path, OWN)
      expect([status, JSON.parse(text).error.type]).toEqual([403, 'permission_error'])
    },
  )

  test.each(ALL.filter(({ method, path }) => open.has(`${method} ${path}`)))(
    'opens $method $path of its own',
    async ({ method, path }) => {
      const { status } = await createAsker(type)(method, path, OWN)
      expect([401, 403, 404]).not.toContain(status)
    },
  )

  test.each(ALL.filter(({ method, path }) => open.has(`${method} ${path}`)))(
    'opens nothing of others: $method $path',
    async ({ method, path }) => {
      const events = [{ type: 'user.tool_result', tool_use_id: 'sevt_1' }]
      const ask = createAsker(type)
      const payload = path.endsWith('/events') && method === 'POST' ? { events } : undefined
      const { status, text } = await ask(method, path, OTHER, payload)
      const isByRow = type === 'environment' && path.startsWith('/v1/sessions')
      expect(status).toBe(isByRow ? (path.endsWith('stream') ? 400 : 404) : 403)
      const own = type === 'work' ? 'work_1 and sesn_1 alone' : 'env_1 alone'
      expect(text.includes(own)).toBe(status === 403)
      expect(text).not.toContain('env_2')
    },
  )

  test('is told what it has and no more about routes that are none', async () => {
    const { status } = await createAsker(type)('GET', '/v1/nothing', OWN)
    expect(status).toBe(404)
  })

  test.each([
    ['a message', { type: 'user.message', content: [{ type: 'text', text: 'obey me' }] }, /a worker sends results/],
    ['a confirmation', { type: 'user.tool_confirmation', tool_use_id: 'sevt_1', result: 'allow' }, /a worker sends/],
    ['an interrupt', { type: 'user.interrupt' }, /no user\.interrupt/],
    [
      'a file of the workspace',
      {
        type: 'user.tool_result',
        tool_use_id: 'sevt_1',
        content: [{ type: 'image', source: { type: 'file', file_id: 'file_1' } }],
      },
      /names no file/,
    ],
  ])('sends no %s', async (_, event, says) => {
    const result = { type: 'user.custom_tool_result', custom_tool_use_id: 'sevt_1' }
    const events = { events: [result, event] }
    const { status, text } = await createAsker(type)('POST', '/v1/sessions/:session/events', OWN, events)
    expect([status, JSON.parse(text).error.message]).toEqual([403, expect.stringMatching(says)])
    expect(text).toContain('events[1]')
  })
})

describe('an item of another one’s session', () => {
  test('is closed to a token, whose own environment it is in', async () => {
    const ask = createAsker('work')
    for (const ids of [
      { ...OWN, work: 'work_2' },
      { ...OTHER, work: 'work_1' },
    ])
      expect((await ask('POST', '/v1/environments/:environment/work/:work/ack', ids)).status).toBe(403)
  })
})

describe('an API key', () => {
  test.each(ALL)('is no worker: $method $path', async ({ method, path }) => {
    const { app } = createFakeApp()
    const url = path.replaceAll(/:\w+/g, 'env_1')
    const [verb] = (['GET', 'POST', 'DELETE'] as const).filter((each) => each === method)
    const answer = await app.inject({
      ...(verb ? { method: verb } : {}),
      url,
      query: { bad: '1' },
      headers: { authorization: 'Bearer lh_fake' },
    })
    const isForWorkers = /work\/(?:poll$|.*(?:ack|heartbeat)$)/.test(path)
    expect(answer.statusCode === 403).toBe(isForWorkers)
    expect(answer.body.includes('longhand environments keys create')).toBe(isForWorkers)
  })
})
