import { describe, expect, test } from 'vitest'
import { followSession } from '../../src/cli/follow.ts'
import { idle, message, running, says } from './events.ts'
import type { FakeScript } from './fake-server.ts'
import { SESSION, startFakeServer } from './fake-server.ts'

interface Followed {
  readonly ids: readonly string[]
  readonly cuts: number
  readonly requests: readonly string[]
}

/** Follows until the session is idle. */
async function follow(script: FakeScript): Promise<Followed> {
  const { client, requests } = await startFakeServer(script)
  const { signal } = new AbortController()
  const stream = await client.beta.sessions.events.stream(SESSION, {}, { signal })
  const ids: string[] = []
  let cuts = 0
  const onCut = (): void => void (cuts += 1)
  for await (const event of followSession({ client, session: SESSION, stream, signal, onCut })) {
    ids.push('id' in event ? event.id : event.type)
    if (event.type === 'session.status_idle') break
  }
  return { ids, cuts, requests }
}

const lost = says('lost', 'said while nobody listened')

describe('a followed session', () => {
  test.each(['end', 'cut'] as const)('is read on when its stream is %s, and no event comes twice', async (then) => {
    const { ids, cuts } = await follow({
      streams: [
        { events: [running, says('a', 'first')], then },
        { events: [lost, says('b', 'last'), idle()], then: 'stay' },
      ],
      listed: [running, says('a', 'first'), lost],
    })
    expect(ids).toEqual(['running', 'a', 'lost', 'b', 'idle-end_turn'])
    expect(cuts).toBe(1)
  })

  test('ends in what the list tells, when the session became idle meanwhile', async () => {
    const { ids } = await follow({
      streams: [
        { events: [running], then: 'cut' },
        { events: [], then: 'stay' },
      ],
      listed: [running, lost, idle()],
    })
    expect(ids).toEqual(['running', 'lost', 'idle-end_turn'])
  })

  test('tells a queued message twice: waiting, and taken up', async () => {
    const { ids } = await follow({
      streams: [
        { events: [message('m', 'hi', null), message('m', 'hi', null), message('m', 'hi'), idle()], then: 'stay' },
      ],
    })
    expect(ids).toEqual(['m', 'm', 'idle-end_turn'])
  })

  test('is read on after a server that is starting again', async () => {
    const { ids, requests } = await follow({
      streams: [
        { events: [running], then: 'cut' },
        { events: [], then: 'stay' },
        { events: [idle()], then: 'stay' },
      ],
      listed: [running],
      failures: { [`GET /v1/sessions/${SESSION}/events`]: [503] },
    })
    expect(ids).toEqual(['running', 'idle-end_turn'])
    expect(requests.filter((route) => route.endsWith('/stream'))).toHaveLength(3)
  })

  test('ends with the error of a session that is gone', async () => {
    const { client } = await startFakeServer({
      streams: [{ events: [running], then: 'cut' }],
      failures: { [`GET /v1/sessions/${SESSION}/events`]: [404] },
    })
    const { signal } = new AbortController()
    const stream = await client.beta.sessions.events.stream(SESSION, {}, { signal })
    const events = followSession({ client, session: SESSION, stream, signal, onCut: () => undefined })
    await events.next()
    await expect(events.next()).rejects.toMatchObject({ status: 404 })
  })
})
