import { describe, expect, test } from 'vitest'
import { ApiError } from '../../src/wire/errors.ts'
import { AUTHORIZED, createFakeApp, storeSession } from './fakes.ts'

const url = '/v1/sessions/sesn_1/events'
const hello = { events: [{ type: 'user.message', content: [{ type: 'text', text: 'hello' }] }] }

type Kind = ConstructorParameters<typeof ApiError>[0]

/** An application that refuses what the test says, before or after the request has its ids. */
function createFlaky() {
  const refuse: { early: Kind | null; late: Kind | null } = { early: null, late: null }
  const fail = (kind: Kind | null): void => {
    if (kind) throw new ApiError(kind, 'not now')
  }
  const fake = createFakeApp((world) => ({
    quota: { request: () => fail(refuse.early), running: async () => null },
    workflows: {
      ...createFakeApp().context.workflows,
      signal: async (session, signal, requestId) => {
        fail(refuse.late)
        world.signals.push({ session, signal, requestId })
      },
    },
  }))
  storeSession(fake.world, 'sesn_1')

  async function send(retry: number, refusal: Partial<typeof refuse> = {}): Promise<number> {
    Object.assign(refuse, { early: null, late: null }, refusal)
    const headers = { ...AUTHORIZED, 'x-stainless-retry-count': String(retry) }
    return (await fake.app.inject({ method: 'POST', url, headers, payload: hello })).statusCode
  }
  /** Ids of the events that were sent on, one for each event of a log. */
  const events = (): number => new Set(fake.world.signals.map(({ requestId }) => requestId)).size
  return { send, events }
}

describe('a retry', () => {
  test('of what was refused is new, beside another client’s request with the same body', async () => {
    const { send, events } = createFlaky()
    expect(await send(0)).toBe(200)
    expect(await send(0, { early: 'rate_limit' })).toBe(429)
    expect(await send(1, { early: 'rate_limit' })).toBe(429)
    expect(await send(2)).toBe(200)
    expect(events()).toBe(2)
  })

  test('of what may have been taken is the same, however often it is refused in between', async () => {
    const { send, events } = createFlaky()
    expect(await send(0)).toBe(200)
    expect(await send(1, { early: 'overloaded' })).toBe(529)
    expect(await send(2)).toBe(200)
    expect(events()).toBe(1)
  })

  test('of what failed with its ids is the same', async () => {
    const { send, events } = createFlaky()
    expect(await send(0, { late: 'unavailable' })).toBe(504)
    expect(await send(1, { late: 'unavailable' })).toBe(504)
    expect(await send(2)).toBe(200)
    expect(await send(3)).toBe(200)
    expect(events()).toBe(1)
  })

  test('of what no retry can mend is not counted', async () => {
    const { send, events } = createFlaky()
    expect(await send(0)).toBe(200)
    expect(await send(0, { early: 'invalid_request' })).toBe(400)
    expect(await send(1)).toBe(200)
    expect(events()).toBe(1)
  })
})

describe('a body nested deeper than the stack', () => {
  test.each([0, 1])('is refused like any other wrong one, as try %i', async (retry) => {
    const { app } = createFakeApp()
    const depth = 100_000
    const answer = await app.inject({
      method: 'POST',
      url: '/v1/environments',
      headers: { ...AUTHORIZED, 'content-type': 'application/json', 'x-stainless-retry-count': String(retry) },
      payload: `{"name":${'['.repeat(depth)}${']'.repeat(depth)}}`,
    })
    expect(answer.statusCode).toBe(400)
  })
})
