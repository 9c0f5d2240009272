import { describe, expect, test } from 'vitest'
import { toSessionAgent } from '../../src/wire/agents.ts'
import { buildAgent } from '../store/builders.ts'
import { AUTHORIZED, createFakeApp, storeSession } from './fakes.ts'

const HOUR_MS = 3_600_000

function appWithSessions() {
  const asked: string[][] = []
  const fake = createFakeApp((world) => ({
    sessions: {
      ...createFakeApp().context.sessions,
      list: async () => [...world.sessions.values()],
      configurations: async (ids) => {
        asked.push([...ids])
        return new Map([...world.configurations].filter(([id]) => ids.includes(id)))
      },
    },
  }))
  return { ...fake, asked }
}

describe('the list of sessions', () => {
  test('asks once for the configurations of a page and leaves out what was deleted meanwhile', async () => {
    const { app, world, asked } = appWithSessions()
    for (const id of ['sesn_1', 'sesn_2', 'sesn_gone']) {
      const { configurationId } = storeSession(world, id)
      const agent = toSessionAgent(buildAgent({ name: `of ${id}` }))
      if (id !== 'sesn_gone') world.configurations.set(id, { id: configurationId, agent, harness: 'h' })
    }
    const { data } = (await app.inject({ url: '/v1/sessions', headers: AUTHORIZED })).json()
    expect(data).toMatchObject([
      { id: 'sesn_1', agent: { name: 'of sesn_1' } },
      { id: 'sesn_2', agent: { name: 'of sesn_2' } },
    ])
    expect(asked).toEqual([['sesn_1', 'sesn_2', 'sesn_gone']])
  })

  test('tells how old a session is, and not how old one became that has ended', async () => {
    const { app, world } = appWithSessions()
    const createdAt = new Date(Date.now() - HOUR_MS)
    storeSession(world, 'sesn_live', { createdAt })
    storeSession(world, 'sesn_archived', { createdAt: new Date(0), archivedAt: new Date(5000), status: 'terminated' })
    storeSession(world, 'sesn_failed', { createdAt, status: 'terminated' })
    const agent = toSessionAgent(buildAgent())
    for (const [id, { configurationId }] of world.sessions)
      world.configurations.set(id, { id: configurationId, agent, harness: 'h' })
    const { data } = (await app.inject({ url: '/v1/sessions', headers: AUTHORIZED })).json()
    const [live, archived, failed] = data.map(({ stats }: { stats: object }) => stats)
    expect(live.duration_seconds).toBeGreaterThanOrEqual(HOUR_MS / 1000)
    expect([archived, failed]).toEqual([{}, {}])
  })

  test.each(['deployment_id', 'memory_store_id'])('refuses %s by name: no session has one yet', async (name) => {
    const { app } = createFakeApp()
    const answer = await app.inject({ url: `/v1/sessions?${name}=x&page=altered`, headers: AUTHORIZED })
    expect(answer.statusCode).toBe(400)
    expect(answer.json().error).toEqual({
      type: 'invalid_request_error',
      message: `not supported yet: ${name}`,
      details: { error_code: 'not_supported' },
    })
  })
})
