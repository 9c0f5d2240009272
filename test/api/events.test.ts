import { describe, expect, test } from 'vitest'
import { ApiError } from '../../src/wire/errors.ts'
import { emptyState, startedWith } from '../support/session-builders.ts'
import { AUTHORIZED, createFakeApp, storeSession } from './fakes.ts'
import { workScene } from './work-scene.ts'

describe('a session that is flooded', { timeout: 60_000 }, () => {
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

describe('the result of a worker', () => {
  const EVENTS = '/v1/sessions/sesn_1/events'
  const { state } = startedWith([['call', 'allow']], {}, emptyState({ selfHosted: true }))
  const result = (text: string) => ({
    type: 'user.tool_result',
    tool_use_id: 'call',
    content: [{ type: 'text', text }],
  })

  /** A session that waits for a call to be run on the user's machine. */
  function waiting() {
    const scene = workScene([])
    storeSession(scene.world, 'sesn_1', { environmentId: 'env_own', status: 'idle' })
    scene.world.view = { ...scene.world.view, state }
    return scene
  }

  test.each(['work', 'environment', 'key'])('holds whatever a command printed: %s', async (as) => {
    const { send, world } = waiting()
    const { status, body } = await send(as, `POST ${EVENTS}`, { events: [result('a\0b \ud83d')] })
    const kept = [{ type: 'text', text: 'a\u{FFFD}b \u{FFFD}' }]
    expect([status, body.data]).toEqual([200, [expect.objectContaining({ content: kept })]])
    expect(world.signals.at(-1)).toMatchObject({ signal: { events: [{ content: kept }] } })
  })

  test('in a message is refused as ever', async () => {
    const { send } = waiting()
    const message = { type: 'user.message', content: [{ type: 'text', text: 'a\0b' }] }
    const { status, body } = await send('key', `POST ${EVENTS}`, { events: [message] })
    expect([status, body.error.message]).toEqual([400, 'body: holds U+0000 or half a surrogate pair'])
  })

  test.each([
    ['work', 200],
    ['environment', 200],
    ['key', 429],
  ])('ends the wait of its session however many others run: by %s %i', async (as, expected) => {
    const { send, world, context } = waiting()
    context.quota.running = async () => new ApiError('rate_limit', 'full')
    expect((await send(as, `POST ${EVENTS}`, { events: [result('done')] })).status).toBe(expected)
    expect(world.signals).toHaveLength(expected === 200 ? 1 : 0)
  })
})
