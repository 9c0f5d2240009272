import { describe, expect, test } from 'vitest'
import { createPolicyOf } from '../src/doors.ts'
import type { Configuration, SessionRow } from '../src/store/sessions.ts'
import type { Environment, Networking } from '../src/wire/types.ts'

type Stores = Parameters<typeof createPolicyOf>[0]

const limited: Networking = {
  type: 'limited',
  allowed_hosts: ['a.test'],
  allow_mcp_servers: true,
  allow_package_managers: false,
}
const row: Pick<SessionRow, 'workspaceId' | 'environmentId'> = { workspaceId: 'w', environmentId: 'env_1' }

/** Stores that hold one session, as far as its network goes. */
function build({ networking, config }: { readonly networking?: Networking; readonly config?: object | null }): Stores {
  const agent = { mcp_servers: [{ type: 'url', name: 'm', url: 'https://mcp.test/sse' }] }
  const has = (id: string) => id === 'sesn_1'
  return {
    sessions: {
      // Nothing else of any of these is asked for.
      find: async (id) => (has(id) ? (row as SessionRow) : null),
      configuration: async (id) => (has(id) ? ({ agent, ...(networking && { networking }) } as Configuration) : null),
    },
    environments: { read: async () => (config ? ({ config } as Environment) : null) },
  }
}

describe('what a session may reach', () => {
  test('is what it was created with, and the hosts of its MCP servers where they are let through', async () => {
    const policyOf = createPolicyOf(
      build({ networking: limited, config: { type: 'cloud', networking: { type: 'unrestricted' } } }),
    )
    expect(await policyOf('sesn_1')).toEqual({ type: 'limited', hosts: ['a.test', 'mcp.test'] })
  })

  test('is what its environment says when it was created before that was kept', async () => {
    expect(await createPolicyOf(build({ config: { type: 'cloud', networking: limited } }))('sesn_1')).toMatchObject({
      hosts: ['a.test', 'mcp.test'],
    })
    const open = createPolicyOf(build({ config: { type: 'cloud', networking: { type: 'unrestricted' } } }))
    expect(await open('sesn_1')).toEqual({ type: 'unrestricted' })
  })

  test.each([
    ['there is no such session', 'sesn_2', { config: { type: 'cloud', networking: { type: 'unrestricted' } } }],
    ['its environment is gone', 'sesn_1', { config: null }],
    ['its sandboxes are not ours', 'sesn_1', { config: { type: 'self_hosted' } }],
  ])('is nothing when %s', async (_, session, stores) => {
    expect(await createPolicyOf(build(stores))(session)).toEqual({ type: 'limited', hosts: [] })
  })
})
