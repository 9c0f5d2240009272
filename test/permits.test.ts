import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { RecipeFailed } from '../src/hands/recipe.ts'
import type { PermitSources } from '../src/permits.ts'
import { createPermitOf, permitToInstall } from '../src/permits.ts'
import type { ResourceEntry } from '../src/session/entry.ts'
import { placeOfSecret } from '../src/store/resource-secrets.ts'
import type { ResourceSecret } from '../src/store/resource-secrets.ts'
import { createSecretBox } from '../src/store/secrets.ts'
import type { Configuration, SessionRow } from '../src/store/sessions.ts'
import type { Environment, Networking } from '../src/wire/types.ts'
import { silentLog } from './support/silent-log.ts'

const limited: Networking = {
  type: 'limited',
  allowed_hosts: ['a.test'],
  allow_mcp_servers: true,
  allow_package_managers: false,
}
const row: Pick<SessionRow, 'workspaceId' | 'environmentId'> = { workspaceId: 'w', environmentId: 'env_1' }
const box = createSecretBox(randomBytes(32))
const created_at = '2026-01-01T00:00:00Z'

interface World {
  readonly networking?: Networking
  readonly recipe?: Configuration['recipe']
  readonly config?: object | null
  /** Tokens by URL; null for a repository without one. */
  readonly repositories?: Readonly<Record<string, string | null>>
}

/** Stores that hold one session, as far as its network goes. */
function build({ networking, recipe, config, repositories = {} }: World): PermitSources {
  const agent = { mcp_servers: [{ type: 'url', name: 'm', url: 'https://mcp.test/sse' }] }
  const has = (id: string) => id === 'sesn_1'
  const file = {
    id: 'sesrsc_f',
    type: 'file',
    file_id: 'file_1',
    mount_path: '/f',
    size: 1,
    sha256: '',
    created_at,
  } as const
  const resources: readonly ResourceEntry[] = [
    file,
    ...Object.keys(repositories).map((url, at) => ({
      id: `sesrsc_${at}`,
      type: 'github_repository' as const,
      url,
      mount_path: '/workspace/r',
      checkout: null,
      created_at,
    })),
  ]
  const secrets = Object.values(repositories).flatMap((token, at): ResourceSecret[] => {
    const secret = {
      workspaceId: 'w',
      sessionId: 'sesn_1',
      resourceId: `sesrsc_${at}`,
      version: 2,
      updatedAt: new Date(),
    }
    return token === null ? [] : [{ ...secret, sealed: box.seal(token, placeOfSecret(secret)) }]
  })
  return {
    sessions: {
      // Nothing else of any of these is asked for.
      find: async (id) => (has(id) ? (row as SessionRow) : null),
      configuration: async (id) =>
        has(id) ? ({ agent, ...(networking && { networking }), ...(recipe && { recipe }) } as Configuration) : null,
    },
    environments: { read: async () => (config ? ({ config } as Environment) : null) },
    resources: {
      repositories: async (sessionId) =>
        resources.map((resource) => ({ workspaceId: 'w', sessionId, resource, updatedAt: new Date() })),
    },
    resourceSecrets: { of: async () => secrets },
    box,
    github: 'https://github.com',
    log: silentLog,
  }
}

describe('what a session may reach', () => {
  test('is what it was created with, and the hosts of its MCP servers where they are let through', async () => {
    const permitOf = createPermitOf(
      build({ networking: limited, config: { type: 'cloud', networking: { type: 'unrestricted' } } }),
    )
    expect(await permitOf('sesn_1', 'main')).toEqual({
      policy: { type: 'limited', hosts: ['a.test', 'mcp.test'] },
      credentials: [],
    })
  })

  test('is, of another hand, what that one was given, and nothing of one that it does not have', async () => {
    const hands = { gpu: { environment: 'env_2', networking: { ...limited, allowed_hosts: ['b.test'] } } }
    const repositories = { 'https://github.com/o/r': 'secret' }
    const permitOf = createPermitOf(build({ networking: { type: 'unrestricted' }, recipe: { hands }, repositories }))
    expect(await permitOf('sesn_1', 'gpu')).toEqual({
      policy: { type: 'limited', hosts: ['b.test', 'mcp.test'] },
      credentials: [],
    })
    for (const name of ['web', 'constructor'])
      expect(await permitOf('sesn_1', name)).toEqual({ policy: { type: 'limited', hosts: [] }, credentials: [] })
    expect(await permitOf('sesn_1', 'main')).toMatchObject({ policy: { type: 'unrestricted' }, repositories: [{}] })
  })

  test('is what its environment says when it was created before that was kept', async () => {
    const permitOf = createPermitOf(build({ config: { type: 'cloud', networking: limited } }))
    expect((await permitOf('sesn_1', 'main')).policy).toMatchObject({ hosts: ['a.test', 'mcp.test'] })
    const open = createPermitOf(build({ config: { type: 'cloud', networking: { type: 'unrestricted' } } }))
    expect((await open('sesn_1', 'main')).policy).toEqual({ type: 'unrestricted' })
  })

  test('is not taken for nothing when what the session was created with is gone', async () => {
    const { sessions, ...others } = build({ networking: limited })
    const permitOf = createPermitOf({ ...others, sessions: { ...sessions, configuration: async () => null } })
    await expect(permitOf('sesn_1', 'main')).rejects.toThrow(RecipeFailed)
    await expect(permitOf('sesn_1', 'main')).rejects.toThrow('what its sandboxes may reach, is not in the database')
    expect((await permitOf('sesn_2', 'main')).policy).toEqual({ type: 'limited', hosts: [] })
  })

  test.each([
    ['there is no such session', 'sesn_2', { config: { type: 'cloud', networking: { type: 'unrestricted' } } }],
    ['its environment is gone', 'sesn_1', { config: null }],
    ['its sandboxes are not ours', 'sesn_1', { config: { type: 'self_hosted' } }],
  ])('is nothing when %s', async (_, session, world) => {
    expect(await createPermitOf(build(world))(session, 'main')).toEqual({
      policy: { type: 'limited', hosts: [] },
      credentials: [],
    })
  })
})

describe('what package managers may reach', () => {
  test('is their registries, and what else their network has open', () => {
    const { policy } = permitToInstall(limited)
    const hosts = policy.type === 'limited' ? policy.hosts : []
    expect(hosts).toEqual(expect.arrayContaining(['a.test', 'pypi.org', 'deb.debian.org']))
    expect(permitToInstall(undefined).policy).toEqual({
      type: 'limited',
      hosts: hosts.filter((host) => host !== 'a.test'),
    })
    expect(permitToInstall({ type: 'unrestricted' }).policy).toEqual({ type: 'unrestricted' })
  })
})

describe('the repositories of a session', () => {
  const repositories = { 'https://github.com/o/r': 'ghp_1', 'https://github.com/o/open': null }

  test('are reached in the name of their tokens', async () => {
    const permit = await createPermitOf(build({ networking: limited, repositories }))('sesn_1', 'main')
    const authorization = `Basic ${Buffer.from('x-access-token:ghp_1').toString('base64')}`
    expect(permit.repositories).toEqual([
      { url: 'https://github.com/o/r', upstream: 'https://github.com/o/r', isTrusted: false, authorization },
      {
        url: 'https://github.com/o/open',
        upstream: 'https://github.com/o/open',
        isTrusted: false,
        authorization: null,
      },
    ])
  })

  test('are the main hand’s alone', async () => {
    const permit = await createPermitOf(build({ networking: limited, repositories }))('sesn_1', 'other')
    expect(permit).not.toHaveProperty('repositories')
  })

  test('are where the operator has them', async () => {
    const github = 'http://git.internal:8080/base'
    const urls = { 'https://github.com/o/r': null, 'http://git.internal:8080/base/a/b': null }
    const permitOf = createPermitOf({ ...build({ networking: limited, repositories: urls }), github })
    expect((await permitOf('sesn_1', 'main')).repositories).toMatchObject([
      { url: 'https://github.com/o/r', upstream: `${github}/o/r`, isTrusted: true },
      { url: `${github}/a/b`, upstream: `${github}/a/b`, isTrusted: true },
    ])
  })

  test('are without a token that cannot be opened, which is not the same as none', async () => {
    const permitOf = createPermitOf({ ...build({ networking: limited, repositories }), box: null })
    const [closed, open] = (await permitOf('sesn_1', 'main')).repositories ?? []
    expect(closed).not.toHaveProperty('authorization')
    expect(open).toMatchObject({ authorization: null })
  })

  test('are not told of with a secret that belongs elsewhere', async () => {
    const sources = build({ networking: limited, repositories })
    const [secret] = await sources.resourceSecrets.of('sesn_1')
    if (secret === undefined) throw new Error('expected a secret')
    const permitOf = createPermitOf({ ...sources, resourceSecrets: { of: async () => [{ ...secret, version: 3 }] } })
    expect((await permitOf('sesn_1', 'main')).repositories?.[0]).not.toHaveProperty('authorization')
  })
})
