import Anthropic from '@anthropic-ai/sdk'
import { describe, expect, test } from 'vitest'
import { createSession, listAll, message, only, refused } from './drive.ts'
import { flood } from './flood.ts'
import { useStack } from './use-stack.ts'

const RUNNING = 5

const use = useStack({ quotas: { running: RUNNING } })

describe('a session', () => {
  test('under a flood keeps what it acknowledged, refuses the rest, and goes on', async () => {
    const { posts, acknowledged, refused: count, faults, growth } = await flood(use(), { senders: 50, each: 4 })
    expect(faults).toEqual([])
    console.log(
      `flood: n = ${posts} posts, acknowledged = ${acknowledged}, refused = ${count}, lost or doubled = 0, heap + ${Math.round(growth / 1024)} KiB`,
    )
    expect(acknowledged + count).toBe(posts)
  })

  test('whose queue is full refuses a batch whole, read by nobody before, and drops none that it took', async () => {
    const { stack } = use()
    const session = await createSession(use(), [
      { type: 'user.message', content: [{ type: 'text', text: '#program\nSLEEP 600000' }] },
    ])
    const { events } = stack.sdk.beta.sessions
    const batch = Array.from({ length: 50 }, (_, index) => message(`of the batch ${index}`))
    const sent: string[] = []
    for (let n = 0; n < 5; n++)
      sent.push(...((await events.send(session, { events: batch })).data ?? []).map(({ id }) => id))
    expect(await refused(events.send(session, { events: batch }))).toMatchObject({ status: 429 })
    await events.send(session, { events: [{ type: 'user.interrupt' }] })
    const listed = await listAll(stack.sdk, session)
    expect(only(listed, 'session.error')).toEqual([])
    expect(
      only(listed, 'user.message')
        .slice(1)
        .map(({ id }) => id),
    ).toEqual(sent)
  })

  test('is let start only while its workspace has room for one more that runs', async () => {
    const { stack } = use()
    await stack.stores.keys.createWorkspace('small', 'small')
    await stack.stores.keys.ensure({ id: 'key_small', name: 'small', workspaceId: 'small' }, 'lh_small')
    const { beta } = new Anthropic({ baseURL: stack.urls[0] ?? '', apiKey: 'lh_small', maxRetries: 0 })
    const agent = (await beta.agents.create({ name: 'small', model: 'claude-opus-5-5' })).id
    const environment = (await beta.environments.create({ name: 'small' })).id
    const create = async (said: string[]): Promise<string> => {
      const content = said.map((text) => ({ type: 'text', text }) as const)
      const initial = content.length > 0 ? [{ type: 'user.message', content } as const] : []
      return (await beta.sessions.create({ agent, environment_id: environment, initial_events: initial })).id
    }
    const ids = await Promise.all(Array.from({ length: RUNNING }, () => create(['#program\nSLEEP 600000'])))
    const idle = await create([])
    const say = (): Promise<unknown> => beta.sessions.events.send(idle, { events: [message('one more')] })
    for (const over of [await refused(create(['one more'])), await refused(say())]) {
      expect(over).toMatchObject({
        status: 429,
        message: expect.stringMatching(/quota is 5 running sessions/),
        error: { error: { type: 'rate_limit_error' } },
      })
    }
    await beta.sessions.events.send(ids[0] ?? '', { events: [{ type: 'user.interrupt' }] })
    const isTaken = (): Promise<boolean> =>
      say().then(
        () => true,
        () => false,
      )
    await expect.poll(isTaken, { timeout: 20_000, interval: 200 }).toBe(true)
    expect(await createSession(use(), [])).toMatch(/^sesn_/)
  })
})
