import { describe, expect, test } from 'vitest'
import type { Stores } from '../../src/store/postgres/stores.ts'
import { newId, newWorkspace } from '../store/builders.ts'

/** What every key store does. */
export function keyStoreSuite(open: () => Promise<Stores>): void {
  describe('key store', () => {
    test('knows a key by its secret and tells its name and workspace', async () => {
      const stores = await open()
      const workspaceId = await newWorkspace(stores)
      const [key, secret] = [{ id: newId('key'), name: 'laptop', workspaceId }, newId('sk')]
      await stores.keys.ensure(key, secret)
      expect(await stores.keys.verify(secret)).toEqual(key)
    })

    test.each([
      ['another secret', (secret: string) => `${secret}x`],
      ['a prefix of it', (secret: string) => secret.slice(0, -1)],
      ['nothing', () => ''],
      ['another case', (secret: string) => secret.toUpperCase()],
    ])('knows nobody by %s', async (_, change) => {
      const stores = await open()
      const workspaceId = await newWorkspace(stores)
      const secret = newId('sk')
      await stores.keys.ensure({ id: newId('key'), name: 'laptop', workspaceId }, secret)
      expect(await stores.keys.verify(change(secret))).toBeNull()
    })

    test('registers the same key once, even when several processes do it at once', async () => {
      const processes = [await open(), await open()]
      const workspaceId = await newWorkspace(processes[0]!)
      const rounds = 30
      for (let round = 0; round < rounds; round++) {
        const secret = newId('sk')
        const keys = Array.from({ length: 6 }, () => ({ id: newId('key'), name: 'dev', workspaceId }))
        await Promise.all(keys.map((key, i) => processes[i % 2]!.keys.ensure(key, secret)))
        expect(keys).toContainEqual(await processes[0]!.keys.verify(secret))
      }
      console.log(`key store: n = ${rounds} races of 6 over 2 pools`)
    })

    test('refuses to let one secret open two workspaces', async () => {
      const stores = await open()
      const [first, second] = [await newWorkspace(stores), await newWorkspace(stores)]
      const secret = newId('sk')
      await stores.keys.ensure({ id: newId('key'), name: 'a', workspaceId: first }, secret)
      await expect(stores.keys.ensure({ id: newId('key'), name: 'b', workspaceId: second }, secret)).rejects.toThrow(
        `opens ${first} already`,
      )
      expect((await stores.keys.verify(secret))?.workspaceId).toBe(first)
    })

    test('refuses a key for a workspace that does not exist', async () => {
      const stores = await open()
      const key = { id: newId('key'), name: 'a', workspaceId: newId('wrkspc') }
      await expect(stores.keys.ensure(key, newId('sk'))).rejects.toThrow('workspace_id')
    })

    test('creates a workspace once; the one named default is there from the start', async () => {
      const stores = await open()
      const workspaceId = await newWorkspace(stores)
      await stores.keys.createWorkspace(workspaceId, 'again')
      const key = { id: newId('key'), name: 'dev', workspaceId: 'default' }
      const secret = newId('sk')
      await stores.keys.ensure(key, secret)
      expect(await stores.keys.verify(secret)).toEqual(key)
    })
  })
}
