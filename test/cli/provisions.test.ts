import { describe, expect, test } from 'vitest'
import { ensureAgent, ensureEnvironment } from '../../src/cli/provisions.ts'
import { startFakeServer } from './fake-server.ts'

function agent(id: string, name: string, model: string): object {
  return { id, name, model: { id: model } }
}

describe('the agent that run keeps', () => {
  test('is found by its name and model', async () => {
    const { client, requests } = await startFakeServer({
      agents: [
        agent('agent_1', 'somebody else’s', 'claude-opus-5-5'),
        agent('agent_2', 'longhand run', 'claude-other'),
        agent('agent_3', 'longhand run', 'claude-opus-5-5'),
      ],
    })
    expect(await ensureAgent(client)).toBe('agent_3')
    expect(await ensureAgent(client, { model: 'claude-other' })).toBe('agent_2')
    expect(requests).not.toContain('POST /v1/agents')
  })

  test('is made with the built-in tools when there is none', async () => {
    const { client, bodies } = await startFakeServer()
    expect(await ensureAgent(client)).toBe('agent_made')
    expect(bodies.get('POST /v1/agents')).toEqual({
      name: 'longhand run',
      model: 'claude-opus-5-5',
      tools: [{ type: 'agent_toolset_20260401' }],
    })
  })
})

describe('the agent that run keeps for asking', () => {
  const name = 'longhand run, asks before bash'
  function toolset(policy: string, configs: readonly object[] = []): object {
    return { type: 'agent_toolset_20260401', configs, default_config: { permission_policy: { type: policy } } }
  }
  const bash = { name: 'bash', permission_policy: { type: 'always_ask' } }

  test.each([
    ['asks by its own setting', [toolset('always_allow', [bash])], 'agent_1'],
    ['asks by its default', [toolset('always_ask')], 'agent_1'],
    ['was changed and asks no more', [toolset('always_allow')], 'agent_made'],
    ['was changed and has no tools', [], 'agent_made'],
  ])('is one that %s, or else a new one', async (_what, tools, expected) => {
    const { client } = await startFakeServer({ agents: [{ ...agent('agent_1', name, 'claude-opus-5-5'), tools }] })
    expect(await ensureAgent(client, { asks: ['bash'] })).toBe(expected)
  })

  test('is another than that which asks nothing', async () => {
    const { client } = await startFakeServer({ agents: [agent('agent_1', 'longhand run', 'claude-opus-5-5')] })
    expect(await ensureAgent(client, { asks: ['bash', 'write'] })).toBe('agent_made')
    const asking = { ...agent('agent_2', name, 'claude-opus-5-5'), tools: [toolset('always_ask')] }
    const other = await startFakeServer({ agents: [asking] })
    expect(await ensureAgent(other.client)).toBe('agent_made')
  })
})

describe('the environment that run uses', () => {
  const named = [
    { id: 'env_1', name: 'other' },
    { id: 'env_2', name: 'default' },
  ]

  test('is the one named default', async () => {
    const { client, requests } = await startFakeServer({ environments: named })
    expect(await ensureEnvironment(client)).toBe('env_2')
    expect(requests).toEqual(['GET /v1/environments'])
  })

  test('is made when there is none', async () => {
    const { client, bodies } = await startFakeServer()
    expect(await ensureEnvironment(client)).toBe('env_made')
    expect(bodies.get('POST /v1/environments')).toEqual({ name: 'default' })
  })

  test('is the one that somebody else made meanwhile', async () => {
    const environments: object[] = []
    const { client } = await startFakeServer({ environments, failures: { 'POST /v1/environments': [409] } })
    const found = ensureEnvironment({
      beta: {
        environments: {
          list: (...args: Parameters<typeof client.beta.environments.list>) => client.beta.environments.list(...args),
          create: async (...args: Parameters<typeof client.beta.environments.create>) => {
            environments.push(...named)
            return client.beta.environments.create(...args)
          },
        },
      },
    } as typeof client)
    expect(await found).toBe('env_2')
  })

  test('is nobody’s when making it fails', async () => {
    const { client } = await startFakeServer({ failures: { 'POST /v1/environments': [409] } })
    await expect(ensureEnvironment(client)).rejects.toMatchObject({ status: 409 })
  })
})
