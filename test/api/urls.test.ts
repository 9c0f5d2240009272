import { describe, expect, test } from 'vitest'
import { AUTHORIZED, createFakeApp, storeSession } from './fakes.ts'

const image = { type: 'image', source: { type: 'url', url: 'https://example.com/a.png' } }
const said = { type: 'user.message', content: [{ type: 'text', text: 'what is this?' }, image] }
const refused = (field: string) => ({
  type: 'error',
  error: {
    type: 'invalid_request_error',
    message: `${field}.0.content.1.source: the model's back end reads no URLs; send the bytes as base64`,
    details: { error_code: 'not_supported' },
  },
})

describe('an image at a URL', () => {
  test('is refused where the model’s back end reads none, and nothing is stored', async () => {
    const { app, world } = createFakeApp(() => ({ takesUrls: false }))
    storeSession(world, 'sesn_1')
    const sent = { method: 'POST', url: '/v1/sessions/sesn_1/events', headers: AUTHORIZED } as const
    const answer = await app.inject({ ...sent, payload: { events: [said] } })
    expect([answer.statusCode, answer.json()]).toMatchObject([400, refused('events')])
    expect([world.signals, world.ingress.size]).toEqual([[], 0])
    const created = await app.inject({
      ...sent,
      url: '/v1/sessions',
      payload: { agent: 'agent_1', environment_id: 'env_1', initial_events: [said] },
    })
    expect([created.statusCode, created.json()]).toMatchObject([400, refused('initial_events')])
    expect(world.ingress.size).toBe(0)
  })

  test('is taken where it reads some', async () => {
    const { app, world } = createFakeApp()
    storeSession(world, 'sesn_1')
    const sent = { method: 'POST', url: '/v1/sessions/sesn_1/events', headers: AUTHORIZED } as const
    expect((await app.inject({ ...sent, payload: { events: [said] } })).statusCode).toBe(200)
  })
})
