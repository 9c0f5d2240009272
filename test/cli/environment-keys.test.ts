import { describe, expect, test } from 'vitest'
import type { EnvironmentKeyRegister } from '../../src/cli/environment-keys.ts'
import { createEnvironmentKey, listEnvironmentKeys, revokeEnvironmentKey } from '../../src/cli/environment-keys.ts'
import { keepKeys, noon } from './key-register.ts'

type Key = Awaited<ReturnType<EnvironmentKeyRegister['store']['list']>>[number]

/** A register over a store in memory that knows one environment of each kind, and what was printed and warned of. */
function scene({ json = false }: { readonly json?: boolean } = {}) {
  const { keys, isTaken, list, revoke } = keepKeys<Key>()
  const secrets: string[] = []
  const out: string[] = []
  const err: string[] = []
  const register: EnvironmentKeyRegister = {
    json,
    print: (line) => out.push(line),
    warn: (line) => err.push(line),
    mintId: (prefix) => `${prefix}_${keys.length + 1}`,
    store: {
      async create(given, secret) {
        if (given.environmentId === 'env_cloud') return 'cloud'
        if (!/^env_[12]$/.test(given.environmentId)) return 'missing'
        if (isTaken(given.name, (key) => key.environmentId === given.environmentId)) return 'taken'
        secrets.push(secret)
        const key = { ...given, ending: secret.slice(-4), createdAt: noon, revokedAt: null }
        keys.push(key)
        return key
      },
      list,
      revoke,
    },
  }
  return { register, keys, secrets, out, err }
}

describe('environments keys create', () => {
  test('prints the secret alone on stdout, and what it is for beside it', async () => {
    const { register, secrets, out, err } = scene()
    expect(await createEnvironmentKey(register, 'env_1', 'ci')).toBe(0)
    expect(out).toEqual(secrets)
    expect(out[0]).toMatch(/^lh_env_[\w-]{32}$/)
    expect(err).toEqual(['key_1 (ci) is for workers of env_1; its secret is shown this once'])
  })

  test('prints one line of JSON and nothing else when asked to', async () => {
    const { register, secrets, out, err } = scene({ json: true })
    expect(await createEnvironmentKey(register, 'env_1', 'ci')).toBe(0)
    expect(out.map((line): unknown => JSON.parse(line))).toEqual([
      {
        id: 'key_1',
        name: 'ci',
        environment_id: 'env_1',
        ending: secrets[0]?.slice(-4),
        created_at: noon.toISOString(),
        revoked_at: null,
        secret: secrets[0],
      },
    ])
    expect(err).toEqual([])
  })

  test.each([
    ['an unknown environment', 'env_9', 'ci', 4, /^no environment "env_9"/],
    ['a cloud environment', 'env_cloud', 'ci', 2, /^env_cloud is a cloud environment: its sandboxes are the server's/],
    ['a name that is taken', 'env_1', 'taken', 1, /^env_1 has a key named "taken"/],
    ['a bad name', 'env_1', ' ci', 2, /^a name is/],
  ])('makes none for %s', async (_, environment, name, code, said) => {
    const { register, keys, out, err } = scene()
    await createEnvironmentKey(register, 'env_1', 'taken')
    out.length = 0
    err.length = 0
    expect(await createEnvironmentKey(register, environment, name)).toBe(code)
    expect([keys.length, out.length, err]).toEqual([1, 0, [expect.stringMatching(said)]])
  })
})

describe('environments keys list', () => {
  test('shows every key with the end of its secret and its state, and no secret', async () => {
    const { register, keys, secrets, out } = scene()
    for (const environment of ['env_1', 'env_2']) await createEnvironmentKey(register, environment, 'ci')
    await register.store.revoke('key_2', noon)
    Object.assign(keys[0] ?? {}, { ending: '' })
    out.length = 0
    expect(await listEnvironmentKeys(register, undefined)).toBe(0)
    expect(out).toEqual([
      'ID     NAME  ENVIRONMENT  CREATED                   SECRET  STATE',
      'key_1  ci    env_1        2026-03-01T12:00:00.000Z  -       valid',
      `key_2  ci    env_2        2026-03-01T12:00:00.000Z  …${secrets[1]?.slice(-4)}   revoked 2026-03-01T12:00:00.000Z`,
    ])
    for (const secret of secrets) expect(out.join('\n')).not.toContain(secret)
  })

  test('shows the keys of one environment', async () => {
    const { register, out } = scene({ json: true })
    for (const environment of ['env_1', 'env_2']) await createEnvironmentKey(register, environment, 'ci')
    out.length = 0
    await listEnvironmentKeys(register, 'env_2')
    expect(out.map((line): unknown => JSON.parse(line))).toMatchObject([[{ id: 'key_2', environment_id: 'env_2' }]])
    expect(out.join()).not.toContain('lh_env_')
  })
})

describe('environments keys revoke', () => {
  test.each([
    ['its id', 'key_2', undefined],
    ['its name in its environment', 'ci', 'env_2'],
  ])('shuts a key out by %s', async (_, reference, environment) => {
    const { register, keys, out } = scene()
    for (const id of ['env_1', 'env_2']) await createEnvironmentKey(register, id, 'ci')
    out.length = 0
    expect(await revokeEnvironmentKey(register, reference, environment)).toBe(0)
    expect(keys.map(({ revokedAt }) => revokedAt)).toEqual([null, expect.any(Date)])
    expect(out).toEqual(['key_2 (ci, env_2) is revoked'])
  })

  test('is fine again, and means the one of several that is valid', async () => {
    const { register, keys, out } = scene()
    await createEnvironmentKey(register, 'env_1', 'ci')
    await register.store.revoke('key_1', noon)
    await createEnvironmentKey(register, 'env_1', 'ci')
    out.length = 0
    for (let time = 0; time < 2; time++) expect(await revokeEnvironmentKey(register, 'ci', 'env_1')).toBe(0)
    const since = keys[1]?.revokedAt?.toISOString()
    expect(out).toEqual(['key_2 (ci, env_1) is revoked', `key_2 (ci, env_1) is revoked since ${since}`])
  })

  test.each([
    ['ci', undefined, 'no environment key "ci"; a name needs --environment: see longhand environments keys list'],
    ['ci', 'env_2', 'no environment key "ci" in env_2: see longhand environments keys list'],
    ['key_9', undefined, 'no environment key "key_9"; a name needs --environment: see longhand environments keys list'],
  ])('knows no %s in %s', async (reference, environment, said) => {
    const { register, err } = scene()
    await createEnvironmentKey(register, 'env_1', 'ci')
    err.length = 0
    expect(await revokeEnvironmentKey(register, reference, environment)).toBe(4)
    expect(err).toEqual([said])
  })
})
