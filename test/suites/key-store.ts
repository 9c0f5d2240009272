import { describe, expect, test } from 'vitest'
import type { ApiKey } from '../../src/store/keys.ts'
import type { Stores } from '../../src/store/postgres/stores.ts'
import { after, newId, newWorkspace, noon } from '../store/builders.ts'

/** What every key store does; each call of `open` is another process on the same database. */
export function keyStoreSuite(open: () => Promise<Stores>): void {
  describe('key store', () => {
    test.each(['create', 'ensure'] as const)('knows a key of %s by its secret', async (way) => {
      const stores = await open()
      const [key, secret] = [await newKey(stores), newId('sk')]
      expect(await stores.keys[way](key, secret)).toBeTruthy()
      expect(await stores.keys.verify(secret)).toEqual(key)
    })

    test.each([
      ['another secret', (secret: string) => `${secret}x`],
      ['a prefix of it', (secret: string) => secret.slice(0, -1)],
      ['nothing', () => ''],
      ['another case', (secret: string) => secret.toUpperCase()],
    ])('knows nobody by %s', async (_, change) => {
      const stores = await open()
      const secret = newId('sk')
      await stores.keys.ensure(await newKey(stores), secret)
      expect(await stores.keys.verify(change(secret))).toBeNull()
    })

    test('keeps of a secret its hash and its end, and no end of a short one', async () => {
      const stores = await open()
      const { workspaceId } = await newKey(stores)
      const [long, short] = ['long', 'short'].map((name) => ({ id: newId('key'), name, workspaceId }))
      await stores.keys.create(long!, 'lh_0123456789012345')
      await stores.keys.create(short!, `${newId('sk').slice(0, 15)}wxyz`)
      await stores.keys.revoke(long!.id, noon)
      await stores.keys.ensure({ ...long!, id: newId('key') }, `${newId('sk')}wxyz`)
      const mine = (await stores.keys.list()).filter((key) => key.workspaceId === workspaceId)
      expect(mine.map(({ name, ending }) => [name, ending])).toEqual([
        ['long', ''],
        ['short', ''],
        ['long', 'wxyz'],
      ])
    })

    test('refuses a second key of a name in a workspace, and in no other', async () => {
      const stores = await open()
      const key = await newKey(stores)
      const [first, second] = [newId('sk'), newId('sk')]
      await stores.keys.create(key, first)
      expect(await stores.keys.create({ ...key, id: newId('key') }, second)).toBeNull()
      expect(await stores.keys.verify(second)).toBeNull()
      expect(await stores.keys.verify(first)).toEqual(key)
      const elsewhere = { ...(await newKey(stores)), name: key.name }
      expect(await stores.keys.create(elsewhere, second)).toMatchObject({ ...elsewhere, revokedAt: null })
    })

    test('lets exactly one of several concurrent creations of a name win', async () => {
      const processes = [await open(), await open()]
      const rounds = 30
      for (let round = 0; round < rounds; round++) {
        const { workspaceId } = await newKey(processes[0]!)
        const secrets = Array.from({ length: 6 }, () => newId('sk'))
        const won = await Promise.all(
          secrets.map((secret, i) =>
            processes[i % 2]!.keys.create({ id: newId('key'), name: 'ci', workspaceId }, secret),
          ),
        )
        expect(won.filter(Boolean)).toHaveLength(1)
        const known = await Promise.all(secrets.map((secret) => processes[0]!.keys.verify(secret)))
        expect(known.map((key) => key !== null)).toEqual(won.map((key) => key !== null))
      }
      console.log(`key store: n = ${rounds} races of 6 creations over 2 pools`)
    })

    describe('revoke', () => {
      test('shuts the key out in every process at once, and keeps the first time', async () => {
        const [one, two] = [await open(), await open()]
        const [key, secret] = [await newKey(one), newId('sk')]
        await one.keys.create(key, secret)
        expect(await two.keys.verify(secret)).toEqual(key)
        const revoked = await one.keys.revoke(key.id, noon)
        expect(revoked).toMatchObject({ ...key, revokedAt: noon })
        expect(await two.keys.verify(secret)).toBeNull()
        expect(await two.keys.revoke(key.id, after(9))).toEqual(revoked)
        expect(await one.keys.list()).toContainEqual(revoked)
        expect(await one.keys.revoke('key_none', noon)).toBeNull()
      })

      test('gives the name free, and never the secret', async () => {
        const stores = await open()
        const [key, secret] = [await newKey(stores), newId('sk')]
        await stores.keys.create(key, secret)
        await stores.keys.revoke(key.id, noon)
        expect(await stores.keys.create({ ...key, id: newId('key') }, secret)).toBeNull()
        expect(await stores.keys.verify(secret)).toBeNull()
        expect(await stores.keys.create({ ...key, id: newId('key') }, newId('sk'))).not.toBeNull()
      })

      test('is never undone by ensuring the key again, whatever was ensured in between', async () => {
        const stores = await open()
        const [key, secret, other] = [await newKey(stores), newId('sk'), newId('sk')]
        expect(await stores.keys.ensure(key, secret)).toBe(true)
        await stores.keys.revoke(key.id, noon)
        expect(await stores.keys.ensure({ ...key, id: newId('key') }, secret)).toBe(false)
        expect(await stores.keys.ensure({ ...key, id: newId('key') }, other)).toBe(true)
        expect(await stores.keys.ensure({ ...key, id: newId('key') }, secret)).toBe(false)
        expect(await stores.keys.verify(secret)).toBeNull()
      })
    })

    describe('ensure', () => {
      test('registers the same key once, even when several processes do it at once', async () => {
        const processes = [await open(), await open()]
        const { workspaceId } = await newKey(processes[0]!)
        const rounds = 30
        for (let round = 0; round < rounds; round++) {
          const secret = newId('sk')
          const keys = Array.from({ length: 6 }, () => ({ id: newId('key'), name: 'dev', workspaceId }))
          await Promise.all(keys.map((key, i) => processes[i % 2]!.keys.ensure(key, secret)))
          expect(keys).toContainEqual(await processes[0]!.keys.verify(secret))
        }
        console.log(`key store: n = ${rounds} races of 6 over 2 pools`)
      })

      test('replaces the key that had the name, and takes it back when it is ensured again', async () => {
        const stores = await open()
        const key = await newKey(stores)
        const [first, second] = [newId('sk'), newId('sk')]
        const ensure = (secret: string) => stores.keys.ensure({ ...key, id: newId('key') }, secret)
        for (const [current, other] of [
          [first, second],
          [second, first],
          [first, second],
        ] as const) {
          expect(await ensure(current)).toBe(true)
          expect(await stores.keys.verify(current)).toMatchObject({ name: key.name })
          expect(await stores.keys.verify(other)).toBeNull()
        }
      })

      test('replaces no key of another name or another workspace', async () => {
        const stores = await open()
        const [key, foreign] = [await newKey(stores), await newKey(stores)]
        const others: [ApiKey, string][] = [
          [{ ...key, id: newId('key'), name: 'another' }, newId('sk')],
          [{ ...foreign, name: key.name }, newId('sk')],
        ]
        for (const [other, secret] of others) await stores.keys.create(other, secret)
        for (const secret of [newId('sk'), newId('sk')]) await stores.keys.ensure(key, secret)
        for (const [other, secret] of others) expect(await stores.keys.verify(secret)).toEqual(other)
      })

      test('leaves one key of a name when processes with different secrets start at once', async () => {
        const processes = [await open(), await open()]
        const rounds = 30
        for (let round = 0; round < rounds; round++) {
          const { workspaceId } = await newKey(processes[0]!)
          const secrets = [newId('sk'), newId('sk'), newId('sk'), newId('sk')]
          await Promise.all(
            secrets.map((secret, i) =>
              processes[i % 2]!.keys.ensure({ id: newId('key'), name: 'configured', workspaceId }, secret),
            ),
          )
          const known = await Promise.all(secrets.map((secret) => processes[0]!.keys.verify(secret)))
          expect(known.filter((key) => key !== null)).toHaveLength(1)
        }
        console.log(`key store: n = ${rounds} races of 4 rotations over 2 pools`)
      })

      test('keeps the name that a created key has', async () => {
        const stores = await open()
        const [key, secret] = [await newKey(stores), newId('sk')]
        await stores.keys.create(key, secret)
        expect(await stores.keys.ensure({ ...key, id: newId('key'), name: 'configured' }, secret)).toBe(true)
        expect(await stores.keys.verify(secret)).toEqual(key)
      })

      test('refuses to let one secret open two workspaces', async () => {
        const stores = await open()
        const [first, second] = [await newKey(stores), await newKey(stores)]
        const secret = newId('sk')
        await stores.keys.ensure(first, secret)
        await expect(stores.keys.ensure(second, secret)).rejects.toThrow(`opens ${first.workspaceId} already`)
        expect((await stores.keys.verify(secret))?.workspaceId).toBe(first.workspaceId)
      })
    })

    test.each(['create', 'ensure'] as const)('refuses to %s a key for a workspace that is not there', async (way) => {
      const stores = await open()
      const key = { id: newId('key'), name: 'a', workspaceId: newId('wrkspc') }
      await expect(stores.keys[way](key, newId('sk'))).rejects.toThrow(`no workspace ${key.workspaceId}`)
    })

    test('creates a workspace once; the one named default is there from the start', async () => {
      const stores = await open()
      const id = await newWorkspace(stores)
      expect(await stores.keys.createWorkspace(id, 'again')).toBeNull()
      const other = newId('wrkspc')
      expect(await stores.keys.createWorkspace(other, id.toUpperCase())).toBeNull()
      expect(await stores.keys.createWorkspace(other, 'DEFAULT')).toBeNull()
      const all = await stores.keys.workspaces()
      expect(all.map((workspace) => workspace.id)).not.toContain(other)
      expect(all[0]).toEqual({ id: 'default', name: 'Default', createdAt: expect.any(Date) })
      expect(all.at(-1)).toEqual({ id, name: id, createdAt: expect.any(Date) })
    })
  })
}

/** A key that is not stored yet, in a workspace of its own. */
async function newKey(stores: Stores): Promise<ApiKey> {
  return { id: newId('key'), name: 'laptop', workspaceId: await newWorkspace(stores) }
}
