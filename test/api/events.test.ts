import { describe, expect, test } from 'vitest'
import { AUTHORIZED, createFakeApp, storeSession } from './fakes.ts'

describe('a session that is flooded', () => {
  test('takes an interrupt when it takes nothing else', async () => {
    const { app, world } = createFakeApp()
    storeSession(world, 'sesn_1')
    const send = async (event: object): Promise<number> => {
      const request = { method: 'POST', url: '/v1/sessions/sesn_1/events', headers: AUTHORIZED } as const
      return (await app.inject({ ...request, payload: { events: [event] } })).statusCode
    }
    const message = { type: 'user.message', content: [{ type: 'text', text: 'hello' }] }
    const answers = await Promise.all(Array.from({ length: 200 }, () => send(message)))
    expect(new Set(answers)).toEqual(new Set([200, 429]))
    expect(await send({ type: 'user.interrupt' })).toBe(200)
    expect(world.signals.at(-1)).toMatchObject({ signal: { events: [{ type: 'user.interrupt' }] } })
    const mixed = { events: [{ type: 'user.interrupt' }, message] }
    const all = Array.from({ length: 200 }, () =>
      app.inject({ method: 'POST', url: '/v1/sessions/sesn_1/events', headers: AUTHORIZED, payload: mixed }),
    )
    expect((await Promise.all(all)).map(({ statusCode }) => statusCode)).toContain(429)
  })
})
