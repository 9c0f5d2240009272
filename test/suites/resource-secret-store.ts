import { describe, expect, test } from 'vitest'
import { SessionBuried } from '../../src/store/buried.ts'
import type { Stores } from '../../src/store/postgres/stores.ts'
import type { SecretOwner } from '../../src/store/resource-secrets.ts'
import { createSession, newId, newWorkspace } from '../store/builders.ts'

const sealed = (version: number): Buffer => Buffer.from(`sealed ${version}`)

/** What every store of resources' secrets does; each call of `open` is another process on the same database. */
export function resourceSecretStoreSuite(open: () => Promise<Stores>): void {
  async function createOwner(stores: Stores, sessionId?: string): Promise<SecretOwner> {
    const id = sessionId ?? (await createSession(stores, 'default')).id
    return { workspaceId: 'default', sessionId: id, resourceId: newId('sesrsc') }
  }

  describe('secrets of resources', () => {
    test('are numbered from 1, and the newest is the one there is', async () => {
      const { resourceSecrets, ...stores } = await open()
      const owner = await createOwner({ ...stores, resourceSecrets })
      expect(await resourceSecrets.put(owner, sealed)).toBe(1)
      expect(await resourceSecrets.put(owner, sealed)).toBe(2)
      expect(await resourceSecrets.of(owner.sessionId)).toEqual([{ ...owner, version: 2, sealed: sealed(2) }])
    })

    test('are those of one session, in order', async () => {
      const stores = await open()
      const first = await createOwner(stores)
      const second = await createOwner(stores, first.sessionId)
      const foreign = await createOwner(stores)
      for (const owner of [second, first, foreign]) await stores.resourceSecrets.put(owner, sealed)
      const ids = (await stores.resourceSecrets.of(first.sessionId)).map(({ resourceId }) => resourceId)
      expect(ids).toEqual([first.resourceId, second.resourceId].toSorted())
      expect(await stores.resourceSecrets.of(newId('sesn'))).toEqual([])
    })

    test('get a version each when they are put at once', async () => {
      const processes = [await open(), await open()]
      const owner = await createOwner(processes[0]!)
      const puts = Array.from({ length: 20 }, (_, index) => processes[index % 2]!.resourceSecrets.put(owner, sealed))
      const versions = await Promise.all(puts)
      expect(versions.toSorted((one, other) => one - other)).toEqual(
        Array.from({ length: 20 }, (_, index) => index + 1),
      )
      expect(await processes[0]!.resourceSecrets.of(owner.sessionId)).toMatchObject([
        { version: 20, sealed: sealed(20) },
      ])
    })

    test('stay as they were when sealing fails', async () => {
      const stores = await open()
      const owner = await createOwner(stores)
      await stores.resourceSecrets.put(owner, sealed)
      const fail = (): Buffer => {
        throw new Error('no key')
      }
      await expect(stores.resourceSecrets.put(owner, fail)).rejects.toThrow('no key')
      expect(await stores.resourceSecrets.of(owner.sessionId)).toMatchObject([{ version: 1, sealed: sealed(1) }])
    })

    test('are never put for a resource of another session or workspace', async () => {
      const stores = await open()
      const owner = await createOwner(stores)
      await stores.resourceSecrets.put(owner, sealed)
      const { sessionId } = await createOwner(stores)
      const workspaceId = await newWorkspace(stores)
      for (const foreign of [{ sessionId }, { workspaceId }])
        await expect(stores.resourceSecrets.put({ ...owner, ...foreign }, sealed)).rejects.toThrow('of another session')
      expect(await stores.resourceSecrets.of(owner.sessionId)).toMatchObject([{ version: 1 }])
    })

    test('tell of each session that has some, by a number that grows when one is put', async () => {
      const stores = await open()
      const [one, two, unasked] = [await createOwner(stores), await createOwner(stores), await createOwner(stores)]
      const second = await createOwner(stores, one.sessionId)
      for (const owner of [one, second, two, unasked]) await stores.resourceSecrets.put(owner, sealed)
      const asked = [one.sessionId, two.sessionId, newId('sesn')]
      const told = async (): Promise<object> => Object.fromEntries(await stores.resourceSecrets.versions(asked))
      expect(await told()).toEqual({ [one.sessionId]: 2, [two.sessionId]: 1 })
      await stores.resourceSecrets.put(second, sealed)
      expect(await told()).toEqual({ [one.sessionId]: 3, [two.sessionId]: 1 })
      expect(await stores.resourceSecrets.versions([])).toEqual(new Map())
    })

    test('go with their session, and none is put for a deleted one', async () => {
      const stores = await open()
      const owner = await createOwner(stores)
      await stores.resourceSecrets.put(owner, sealed)
      await stores.sessions.bury('default', owner.sessionId)
      await expect(stores.resourceSecrets.put({ ...owner, resourceId: newId('sesrsc') }, sealed)).rejects.toThrow(
        SessionBuried,
      )
      await stores.sessions.clear(owner.sessionId)
      expect(await stores.resourceSecrets.of(owner.sessionId)).toEqual([])
    })
  })
}
