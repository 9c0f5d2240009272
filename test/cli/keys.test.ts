import { describe, expect, test } from 'vitest'
import { createKey, listKeys, revokeKey } from '../../src/cli/keys.ts'
import { createWorkspace } from '../../src/cli/workspaces.ts'
import { fakeRegister, noon } from './key-register.ts'

describe('keys create', () => {
  test('prints the secret alone on stdout, and what it opens beside it', async () => {
    const { register, keys, out, err } = fakeRegister()
    expect(await createKey(register, 'ci', 'Default')).toBe(0)
    expect(keys).toMatchObject([{ id: 'key_1', name: 'ci', workspaceId: 'default' }])
    expect(out).toEqual([keys[0]?.secret])
    expect(out[0]).toMatch(/^lh_[\w-]{32}$/)
    expect(err).toEqual(['key_1 (ci) opens workspace default; its secret is shown this once'])
  })

  test('prints one line of JSON and nothing else when asked to', async () => {
    const { register, keys, out, err } = fakeRegister({ json: true })
    expect(await createKey(register, 'ci', 'default')).toBe(0)
    expect(out.map((line): unknown => JSON.parse(line))).toEqual([
      {
        id: 'key_1',
        name: 'ci',
        workspace_id: 'default',
        ending: keys[0]?.ending,
        created_at: noon.toISOString(),
        revoked_at: null,
        secret: keys[0]?.secret,
      },
    ])
    expect(err).toEqual([])
  })

  test('makes another secret each time', async () => {
    const { register, out } = fakeRegister()
    for (const name of ['a', 'b', 'c']) await createKey(register, name, 'default')
    expect(new Set(out).size).toBe(3)
  })

  test.each([
    ['an unknown workspace', 'ci', 'nowhere', 4, /^no workspace "nowhere"/],
    ['a name that is taken', 'taken', 'default', 1, /^workspace default has a key named "taken"/],
    ['the name of the configured key', 'configured', 'default', 2, /^the name configured is that of LONGHAND_API_KEY/],
    ['an empty name', '', 'default', 2, /^a name is/],
    ['spaces around', ' ci', 'default', 2, /^a name is/],
    ['a line break', 'c\ni', 'default', 2, /^a name is/],
    ['101 characters', 'x'.repeat(101), 'default', 2, /^a name is/],
    ['an id for a name', 'key_1', 'default', 2, /^a name cannot begin/],
  ])('makes none for %s', async (_, name, workspace, code, said) => {
    const { register, keys, out, err } = fakeRegister()
    await createKey(register, 'taken', 'default')
    out.length = 0
    err.length = 0
    expect(await createKey(register, name, workspace)).toBe(code)
    expect([keys.length, out.length]).toEqual([1, 0])
    expect(err).toEqual([expect.stringMatching(said)])
  })
})

describe('keys list', () => {
  test('shows every key with the end of its secret and its state, and no secret', async () => {
    const { register, keys, out } = fakeRegister()
    await createWorkspace(register, 'team')
    await createKey(register, 'ci', 'team')
    await createKey(register, 'laptop', 'default')
    await register.store.revoke('key_2', noon)
    out.length = 0
    expect(await listKeys(register, undefined)).toBe(0)
    const [first, second] = keys
    expect(out).toEqual([
      'ID     NAME    WORKSPACE  CREATED                   SECRET  STATE',
      `key_1  ci      wrkspc_1   2026-03-01T12:00:00.000Z  …${first?.ending}   valid`,
      `key_2  laptop  default    2026-03-01T12:00:00.000Z  …${second?.ending}   revoked 2026-03-01T12:00:00.000Z`,
    ])
    for (const { secret } of keys) expect(out.join('\n')).not.toContain(secret)
  })

  test('shows the keys of one workspace', async () => {
    const { register, out } = fakeRegister({ json: true })
    await createWorkspace(register, 'team')
    await createKey(register, 'ci', 'team')
    await createKey(register, 'laptop', 'default')
    out.length = 0
    expect(await listKeys(register, 'team')).toBe(0)
    expect(out.map((line): unknown => JSON.parse(line))).toMatchObject([[{ id: 'key_1', workspace_id: 'wrkspc_1' }]])
    expect(out.join()).not.toContain('lh_')
    expect(await listKeys(register, 'nowhere')).toBe(4)
  })

  test('leaves out the end of a secret that is not kept', async () => {
    const { register, keys, out } = fakeRegister()
    await createKey(register, 'old', 'default')
    Object.assign(keys[0] ?? {}, { ending: '' })
    await listKeys(register, undefined)
    expect(out.at(-1)).toContain('  -       valid')
  })
})

describe('keys revoke', () => {
  test.each([
    ['its id, whatever the workspace', 'key_1', 'default'],
    ['its name in its workspace', 'ci', 'team'],
  ])('finds the key by %s, once', async (_, reference, workspace) => {
    const { register, keys, out, err } = fakeRegister()
    await createWorkspace(register, 'team')
    await createKey(register, 'ci', 'team')
    await createKey(register, 'ci', 'default')
    out.length = 0
    err.length = 0
    expect(await revokeKey(register, reference, workspace)).toBe(0)
    const at = keys[0]?.revokedAt
    expect([at, keys[1]?.revokedAt]).toEqual([expect.any(Date), null])
    expect(await revokeKey(register, reference, workspace)).toBe(0)
    expect(keys[0]?.revokedAt).toEqual(at)
    expect(out).toEqual([
      'key_1 (ci, workspace wrkspc_1) is revoked',
      `key_1 (ci, workspace wrkspc_1) is revoked since ${at?.toISOString()}`,
    ])
    expect(err).toEqual([])
  })

  test('means the valid one of several that had the name', async () => {
    const { register, keys } = fakeRegister()
    await createKey(register, 'ci', 'default')
    await revokeKey(register, 'ci', 'default')
    await createKey(register, 'ci', 'default')
    const first = keys[0]
    await revokeKey(register, 'ci', 'default')
    expect(keys).toEqual([first, expect.objectContaining({ id: 'key_2', revokedAt: expect.any(Date) })])
  })

  test('warns of what the key of the configuration means', async () => {
    const { register, err } = fakeRegister()
    await register.store.create({ id: 'key_1', name: 'configured', workspaceId: 'default' }, 'secret')
    expect(await revokeKey(register, 'configured', 'default')).toBe(0)
    expect(err.join(' ')).toMatch(/LONGHAND_API_KEY.*opens nothing any more/)
  })

  test.each([
    ['key', 'nothing', 'default', /^no key "nothing" in workspace default/],
    ['workspace', 'ci', 'nowhere', /^no workspace "nowhere"/],
  ])('ends with 4 for an unknown %s', async (_, reference, workspace, said) => {
    const { register, out, err } = fakeRegister()
    expect(await revokeKey(register, reference, workspace)).toBe(4)
    expect([out, err]).toEqual([[], [expect.stringMatching(said)]])
  })

  test('prints the key as one line of JSON when asked to', async () => {
    const { register, out } = fakeRegister({ json: true })
    await createKey(register, 'ci', 'default')
    out.length = 0
    await revokeKey(register, 'ci', 'default')
    expect(out.map((line): unknown => JSON.parse(line))).toMatchObject([
      { id: 'key_1', revoked_at: expect.any(String) },
    ])
    expect(out.join()).not.toContain('lh_')
  })
})
