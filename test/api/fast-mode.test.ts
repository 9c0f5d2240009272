import { describe, expect, test } from 'vitest'
import { AUTHORIZED, createFakeApp, storeAgent } from './fakes.ts'

const model = { id: 'claude-opus-5-5', effort: { type: 'medium' as const }, speed: 'fast' as const }
const create = { method: 'POST', url: '/v1/sessions', headers: AUTHORIZED } as const
const payload = { agent: 'agent_1', environment_id: 'env_1' }

describe('an agent in fast mode', () => {
  test('has no session where the model’s back end has none, and nothing is stored', async () => {
    const { app, world } = createFakeApp(() => ({ takesFast: false }))
    storeAgent(world, { id: 'agent_1', model })
    const answer = await app.inject({ ...create, payload })
    expect([answer.statusCode, answer.json()]).toMatchObject([
      400,
      {
        error: {
          type: 'invalid_request_error',
          message: expect.stringMatching(/^agent\.model\.speed: expected standard/),
          details: { error_code: 'not_supported' },
        },
      },
    ])
    expect([world.ingress.size, world.sessions.size]).toEqual([0, 0])
    storeAgent(world, { id: 'agent_1', model: { ...model, speed: 'standard' } })
    expect((await app.inject({ ...create, payload })).statusCode).toBe(200)
  })

  test('has one where the back end has fast mode', async () => {
    const { app, world } = createFakeApp()
    storeAgent(world, { id: 'agent_1', model })
    const answer = await app.inject({ ...create, payload })
    expect([answer.statusCode, answer.json()]).toMatchObject([200, { agent: { model } }])
  })
})
