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

  test('that is not there is fine where none is expected', async () => {
    const { app, world } = createFakeApp()
    const { id } = storeAgent(world)
    expect((await app.inject({ url: `/v1/agents/${id}`, headers: AUTHORIZED })).statusCode).toBe(200)
  })
})

describe('an agent that changed meanwhile', () => {
  test('is a conflict that is not to be sent again', async () => {
    const { app, world } = createFakeApp((held) => ({
      agents: {
        ...createFakeApp().context.agents,
        read: async () => [...held.agents.values()][0] ?? null,
        update: async () => false,
      },
    }))
    const { id } = storeAgent(world)
    const answer = await app.inject({
      method: 'POST',
      url: `/v1/agents/${id}`,
      headers: AUTHORIZED,
      payload: { name: 'new' },
    })
    expect(answer.statusCode).toBe(409)
    expect(answer.headers['x-should-retry']).toBe('false')
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
