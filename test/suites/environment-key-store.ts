import { describe, expect, test } from 'vitest'
import type { EnvironmentKey } from '../../src/store/environment-keys.ts'
import type { Stores } from '../../src/store/postgres/stores.ts'
import { createEnvironment } from '../../src/wire/environments.ts'
import { after, buildEnvironment, newId, newWorkspace, noon } from '../store/builders.ts'

/** What every store of environment keys does; each call of `open` is another process on the same database. */
export function environmentKeyStoreSuite(open: () => Promise<Stores>): void {
  describe('environment key store', () => {
    test('knows a key by its secret, and nobody by another', async () => {
      const stores = await open()
      const [key, secret] = [await newKey(stores), newId('lh_env')]
      const created = await stores.environmentKeys.create(key, secret)
      expect(created).toEqual({ ...key, ending: secret.slice(-4), createdAt: expect.any(Date), revokedAt: null })
      expect(await stores.environmentKeys.verify(secret)).toEqual(created)
      for (const other of ['', `${secret}x`, secret.slice(0, -1), secret.toUpperCase()])
        expect(await stores.environmentKeys.verify(other)).toBeNull()
      expect(await stores.keys.verify(secret)).toBeNull()
    })

    test('refuses a second key of a name in an environment, and in no other', async () => {
      const stores = await open()
      const [key, elsewhere] = [await newKey(stores), await newKey(stores)]
      await stores.environmentKeys.create(key, newId('lh_env'))
      const second = newId('lh_env')
      expect(await stores.environmentKeys.create({ ...key, id: newId('key') }, second)).toBe('taken')
      expect(await stores.environmentKeys.verify(second)).toBeNull()
      expect(await stores.environmentKeys.create(elsewhere, second)).toMatchObject(elsewhere)
      expect(await stores.environmentKeys.create({ ...key, id: newId('key'), name: 'other' }, second)).toBe('taken')
    })

    test('makes none for an environment that is not there, or that is the server’s own', async () => {
      const stores = await open()
      const workspaceId = await newWorkspace(stores)
      const cloud = createEnvironment({ name: 'cloud' }, { id: newId('env'), now: noon.toISOString() })
      await stores.environments.create(workspaceId, cloud)
      const key = { id: newId('key'), name: 'ci' }
      const create = (environmentId: string) =>
        stores.environmentKeys.create({ ...key, environmentId }, newId('lh_env'))
      expect(await create('env_none')).toBe('missing')
      expect(await create(cloud.id)).toBe('cloud')
    })

    test('shuts a revoked key out in every process at once, and gives its name free', async () => {
      const [one, two] = [await open(), await open()]
      const [key, secret] = [await newKey(one), newId('lh_env')]
      await one.environmentKeys.create(key, secret)
      const revoked = await one.environmentKeys.revoke(key.id, noon)
      expect(revoked).toMatchObject({ ...key, revokedAt: noon })
      expect(await two.environmentKeys.verify(secret)).toBeNull()
      expect(await two.environmentKeys.revoke(key.id, after(9))).toEqual(revoked)
      expect(await one.environmentKeys.list()).toContainEqual(revoked)
      expect(await one.environmentKeys.revoke('key_none', noon)).toBeNull()
      const next = { ...key, id: newId('key') }
      expect(await one.environmentKeys.create(next, secret)).toBe('taken')
      expect(await one.environmentKeys.create(next, newId('lh_env'))).toMatchObject(next)
    })

    test('forgets the keys of a deleted environment, and keeps those of an archived one', async () => {
      const stores = await open()
      const [gone, kept] = [await newKey(stores), await newKey(stores)]
      const [first, second] = [newId('lh_env'), newId('lh_env')]
      await stores.environmentKeys.create(gone, first)
      await stores.environmentKeys.create(kept, second)
      await stores.environments.delete(gone.workspaceId, gone.environmentId)
      await stores.environments.archive(kept.workspaceId, kept.environmentId, noon)
      expect(await stores.environmentKeys.verify(first)).toBeNull()
      expect(await stores.environmentKeys.verify(second)).toMatchObject(kept)
    })
  })
}

/** A key that is not stored yet, for an environment of its own. */
async function newKey(stores: Stores): Promise<Pick<EnvironmentKey, 'id' | 'environmentId' | 'workspaceId' | 'name'>> {
  const workspaceId = await newWorkspace(stores)
  const { id: environmentId } = await stores.environments.create(workspaceId, buildEnvironment())
  return { id: newId('key'), name: 'worker', workspaceId, environmentId }
}
