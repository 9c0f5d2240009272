import { describe, expect, test } from 'vitest'
import { toSessionAgent } from '../../src/wire/agents.ts'
import { buildAgent } from '../store/builders.ts'
import { AUTHORIZED, createFakeApp, storeSession } from './fakes.ts'
import { buildView } from './view-builder.ts'

/** An application whose lists are all one longer than this, and say so whatever they are asked for. */
function createFull(length: number) {
  const agents = Array.from({ length: length + 1 }, (_, index) => buildAgent({ id: `agent_${index}` }))
  const { app, world } = createFakeApp(({ sessions, configurations }) => {
    const { context } = createFakeApp()
    return {
      agents: {
        ...context.agents,
        read: async () => agents[0] ?? null,
        list: async () => agents,
        versions: async () => agents,
      },
      environments: {
        ...context.environments,
        list: async (...asked) => {
          const [environment] = await context.environments.list(...asked)
          return environment ? agents.map(({ id }) => ({ ...environment, id })) : []
        },
      },
      sessions: {
        ...context.sessions,
        list: async () => [...sessions.values()],
        configurations: async () => configurations,
      },
    }
  })
  for (const [index, agent] of agents.entries()) {
    const { id } = storeSession(world, `sesn_${index}`)
    world.configurations.set(id, { id: `cfg_${index}`, agent: toSessionAgent(agent), harness: 'h' })
  }
  return { app, world }
}

describe('a list without a limit', () => {
  test.each(['/v1/agents', '/v1/agents/agent_1/versions', '/v1/environments', '/v1/sessions'])(
    'has twenty on a page of %s',
    async (url) => {
      const { app } = createFull(20)
      const page = (await app.inject({ url, headers: AUTHORIZED })).json()
      expect([page.data.length, page.next_page]).toEqual([20, expect.any(String)])
    },
  )

  test.each(['/v1/sessions/sesn_1/events', '/v1/sessions/sesn_1/threads/sthr_1/events'])(
    'has a thousand on a page of %s',
    async (url) => {
      const { app, world } = createFakeApp()
      storeSession(world, 'sesn_1')
      world.view = buildView(
        Array.from({ length: 1001 }, (_, index) => ({ do: 'say', id: `e${index}`, at: index + 1 })),
      )
      const page = (await app.inject({ url, headers: AUTHORIZED })).json()
      expect([page.data.length, page.next_page]).toEqual([1000, expect.any(String)])
    },
  )
})
