import { describe, expect, test } from 'vitest'
import { loadRoster } from '../../src/api/roster.ts'
import { createFakeApp, storeAgent } from './fakes.ts'

describe('a roster', () => {
  test('finds the agents it names, at the versions it names, wherever they stand', async () => {
    const { context, world } = createFakeApp()
    storeAgent(world, { id: 'agent_a', version: 3 })
    world.agents.set('agent_b 2', { ...storeAgent(world, { id: 'agent_b', version: 5 }), version: 2 })
    const lookup = await loadRoster(context.agents, 'default', {
      type: 'coordinator',
      agents: ['agent_a', { type: 'agent', id: 'agent_b', version: 2 }, { type: 'self' }],
    })
    expect(lookup('agent_a', undefined)).toMatchObject({ id: 'agent_a', version: 3 })
    expect(lookup('agent_b', 2)).toMatchObject({ id: 'agent_b', version: 2 })
    expect(lookup('agent_b', undefined)).toBeUndefined()
    expect(lookup('agent_c', undefined)).toBeUndefined()
  })

  test('that is not there names nobody', async () => {
    const { context, world } = createFakeApp()
    storeAgent(world, { id: 'agent_a' })
    for (const roster of [null, undefined]) {
      expect((await loadRoster(context.agents, 'default', roster))('agent_a', undefined)).toBeUndefined()
    }
  })
})
