import { describe, expect, test } from 'vitest'
import { createEnvironment } from '../../src/wire/environments.ts'
import type { Offer } from '../../src/wire/offers.ts'
import { AUTHORIZED, createFakeApp, storeAgent } from './fakes.ts'

const model = { id: 'claude-opus-5-5', speed: 'standard' as const }
const plain = { packages: false, runtimes: ['runc'] }

/** Creates a session with a hand in an environment that has a runtime of its own. */
async function create(offers: readonly Offer[]) {
  const { app, world } = createFakeApp((before) => {
    const { environments } = createFakeApp().context
    const gpu = createEnvironment(
      { name: 'gpu', metadata: { 'longhand.runtime': 'runsc' } },
      { id: 'env_gpu', now: '2026-03-01T12:00:00.000Z' },
    )
    storeAgent(before, { id: 'agent_1', model })
    return {
      hosts: { offers: async () => offers },
      environments: {
        ...environments,
        read: async (workspace, id) => (id === gpu.id ? gpu : environments.read(workspace, id)),
      },
    }
  })
  const payload = { agent: 'agent_1', environment_id: 'env_1', metadata: { 'longhand.hand.gpu': 'env_gpu' } }
  const answer = await app.inject({ method: 'POST', url: '/v1/sessions', headers: AUTHORIZED, payload })
  return { status: answer.statusCode, body: answer.json(), stored: [...world.configurations.values()] }
}

describe('a session with a further hand', () => {
  test('keeps what the environment of that has', async () => {
    const { status, stored } = await create([plain, { packages: false, runtimes: ['runsc'] }])
    expect(status).toBe(200)
    const gpu = { environment: 'env_gpu', networking: { type: 'unrestricted' }, runtime: 'runsc' }
    expect(stored).toMatchObject([{ recipe: { hands: { gpu } } }])
  })

  test('is refused where no host can make its sandbox, and nothing is stored', async () => {
    const { status, body, stored } = await create([plain])
    expect([status, stored]).toEqual([400, []])
    expect(body.error).toMatchObject({
      message: 'metadata: longhand.hand.gpu: no host here has the runtime runsc; there are: runc',
      details: { error_code: 'not_supported' },
    })
  })
})
