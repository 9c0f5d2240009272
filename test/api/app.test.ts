import { describe, expect, test } from 'vitest'
import { SessionBuried } from '../../src/store/buried.ts'
import { AUTHORIZED, createFakeApp, storeAgent } from './fakes.ts'

const SECRET = 'connect to /var/run/secret failed'

function failingApp(error: unknown) {
  const { agents } = createFakeApp().context
  const read = async (): Promise<never> => {
    throw error
  }
  return createFakeApp(() => ({ agents: { ...agents, read } }))
}

describe('an answer', () => {
  test('has a request id of its own and names the workspace', async () => {
    const { app } = createFakeApp()
    const answers = await Promise.all([1, 2].map(() => app.inject({ url: '/v1/agents', headers: AUTHORIZED })))
    const ids = answers.map(({ headers }) => headers['request-id'])
    expect(new Set(ids).size).toBe(2)
    expect(ids).toEqual([expect.stringMatching(/^req_01/), expect.stringMatching(/^req_01/)])
    expect(answers[0]?.headers['anthropic-workspace-id']).toBe('default')
  })

  test('to a failure of our own says nothing of it, and the process log says all', async () => {
    const error = new Error(SECRET)
    const { app, world } = failingApp(error)
    const answer = await app.inject({ url: '/v1/agents/agent_1', headers: AUTHORIZED })
    expect(answer.statusCode).toBe(500)
    expect(answer.json()).toEqual({
      type: 'error',
      error: { type: 'api_error', message: 'Internal server error' },
      request_id: answer.headers['request-id'],
    })
    expect(world.logged).toMatchObject([
      { details: { err: error, request_id: answer.headers['request-id'], method: 'GET', url: '/v1/agents/agent_1' } },
    ])
  })

  test('to a write for a deleted session is that there is none', async () => {
    const { app, world } = failingApp(new SessionBuried('sesn_1'))
    const answer = await app.inject({ url: '/v1/agents/agent_1', headers: AUTHORIZED })
    expect(answer.statusCode).toBe(404)
    expect(answer.json().error).toEqual({ type: 'not_found_error', message: 'No session sesn_1.' })
    expect(world.logged).toEqual([])
  })

  test('without a key comes before anything is looked at', async () => {
    const { app } = createFakeApp()
    const answer = await app.inject({ method: 'POST', url: '/v1/agents', payload: '{' })
    expect(answer.statusCode).toBe(401)
  })

  test('to an unknown route repeats no more of it than fits a line', async () => {
    const { app } = createFakeApp()
    const answer = await app.inject({ url: `/v2/${'x'.repeat(900)}?key=secret`, headers: AUTHORIZED })
    expect(answer.statusCode).toBe(404)
    expect(answer.headers['x-should-retry']).toBe('false')
    expect(answer.json().error.message.length).toBeLessThan(300)
    expect(answer.body).not.toContain('secret')
  })
})

describe('a body', () => {
  const agent = { name: 'a', model: 'claude-opus-5-5' }
  const bytes = Buffer.from(JSON.stringify(agent))
  test.each([
    { name: 'as JSON', type: 'application/json', payload: bytes },
    { name: 'as JSON in UTF-8', type: 'application/json; charset="UTF-8"', payload: bytes },
    { name: 'as another JSON', type: 'application/merge-patch+json', payload: bytes },
    {
      name: 'with a byte order mark',
      type: 'application/json',
      payload: Buffer.concat([Buffer.from('\ufeff'), bytes]),
    },
  ])('$name is read', async ({ type, payload }) => {
    const { app, world } = createFakeApp()
    const headers = { ...AUTHORIZED, 'content-type': type }
    const answer = await app.inject({ method: 'POST', url: '/v1/agents', headers, payload })
    expect(answer.statusCode).toBe(200)
    expect([...world.agents.values()]).toMatchObject([{ name: 'a' }])
  })

  test.each([
    { type: 'text/json', says: /application\/json/ },
    { type: 'application/jsonp', says: /application\/json/ },
    { type: 'multipart/form-data; boundary=x', says: /application\/json/ },
    { type: 'application/json; charset=latin1', says: /utf-8/ },
  ])('as $type is refused', async ({ type, says }) => {
    const { app, world } = createFakeApp()
    const headers = { ...AUTHORIZED, 'content-type': type }
    const answer = await app.inject({ method: 'POST', url: '/v1/agents', headers, payload: bytes })
    expect(answer.statusCode).toBe(400)
    expect(answer.json().error.message).toMatch(says)
    expect(world.agents.size).toBe(0)
  })

  test.each([
    { headers: { 'content-encoding': 'gzip' }, says: /^content-encoding: expected none, got gzip/ },
    { headers: { 'content-type': '///;;' }, says: /^content-type: expected application\/json/ },
  ])('with $headers is refused', async ({ headers, says }) => {
    const { app } = createFakeApp()
    const answer = await app.inject({
      method: 'POST',
      url: '/v1/agents',
      headers: { ...AUTHORIZED, ...headers },
      payload: bytes,
    })
    expect(answer.statusCode).toBe(400)
    expect(answer.json().error.message).toMatch(says)
  })

  test('of 32 MB of empty lists is refused before it is parsed', async () => {
    const { app } = createFakeApp()
    const headers = { ...AUTHORIZED, 'content-type': 'application/json' }
    // No JSON, which a parser would be the first to say.
    const payload = Buffer.from(`[${'[],'.repeat(1_000_000)}`)
    const answer = await app.inject({ method: 'POST', url: '/v1/agents', headers, payload })
    expect(answer.statusCode).toBe(400)
    expect(answer.json().error.message).toBe('body: holds more values than any request has')
  })

  test('that is not there is fine where none is expected', async () => {
    const { app, world } = createFakeApp()
    const { id } = storeAgent(world)
    expect((await app.inject({ url: `/v1/agents/${id}`, headers: AUTHORIZED })).statusCode).toBe(200)
  })
})

describe('an agent that changed meanwhile', () => {
  test('is a conflict that is not to be sent again', async () => {
    const { app, world } = createFakeApp()
    const { id } = storeAgent(world, { version: 2 })
    const answer = await app.inject({
      method: 'POST',
      url: `/v1/agents/${id}`,
      headers: AUTHORIZED,
      payload: { version: 1, name: 'new' },
    })
    expect(answer.statusCode).toBe(409)
    expect(answer.headers['x-should-retry']).toBe('false')
    expect(world.agents.get(id)?.version).toBe(2)
  })
})

describe('a create request that repeats one', () => {
  test.each([
    { path: '/v1/agents', payload: { name: 'a', model: 'claude-opus-5-5' } },
    {
      path: '/v1/agents',
      payload: { name: 'a', model: 'm', multiagent: { type: 'coordinator', agents: [{ type: 'self' }] } },
    },
    { path: '/v1/environments', payload: { name: 'e' } },
  ])('to $path has the id of the first one', async ({ path, payload }) => {
    const { app } = createFakeApp()
    const headers = { ...AUTHORIZED, 'idempotency-key': 'k' }
    const [first, second] = [
      await app.inject({ method: 'POST', url: path, headers, payload }),
      await app.inject({ method: 'POST', url: path, headers, payload }),
    ]
    expect(second.json().id).toBe(first.json().id)
    expect(second.json().multiagent).toEqual(first.json().multiagent)
    const other = await app.inject({ method: 'POST', url: path, headers: AUTHORIZED, payload })
    expect(other.json().id).not.toBe(first.json().id)
  })
})

describe('models that cannot be listed', () => {
  test('are for a later try', async () => {
    const { app } = createFakeApp(() => ({ models: () => Promise.reject(new Error(SECRET)) }))
    const answer = await app.inject({ url: '/v1/models', headers: AUTHORIZED })
    expect(answer.statusCode).toBe(504)
    expect(answer.headers['x-should-retry']).toBe('true')
    expect(answer.body).not.toContain(SECRET)
  })
})
