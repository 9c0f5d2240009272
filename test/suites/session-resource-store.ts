import { describe, expect, test } from 'vitest'
import { SessionBuried } from '../../src/store/buried.ts'
import type { Stores } from '../../src/store/postgres/stores.ts'
import type { ResourceRow } from '../../src/store/session-resources.ts'
import { after, createSession, newId, noon } from '../store/builders.ts'

function buildRow(sessionId: string, change: { readonly path?: string; readonly at?: Date } = {}): ResourceRow {
  const { path = `/mnt/session/uploads/${newId('path')}`, at = noon } = change
  const about = { id: newId('sesrsc'), file_id: newId('file'), mount_path: path, created_at: at.toISOString() }
  const resource = { ...about, type: 'file', size: 3, sha256: 'ab'.repeat(32) } as const
  return { workspaceId: 'default', sessionId, resource, updatedAt: at }
}

const none = (): void => undefined

/** What every index of resources does; each call of `open` is another process on the same database. */
export function sessionResourceStoreSuite(open: () => Promise<Stores>): void {
  describe('the index of resources', () => {
    test('has what a session was created with, in the order of their age, once', async () => {
      const stores = await open()
      const { id } = await createSession(stores, 'default')
      const rows = [1, 0, 2].map((seconds) => buildRow(id, { at: after(seconds) }))
      await stores.resources.create(rows)
      const changed = rows.map((row) => ({ ...row, resource: { ...row.resource, mount_path: '/x' } }))
      await stores.resources.create(changed)
      const inOrder = [rows[1], rows[0], rows[2]]
      const ids = rows.map(({ resource }) => resource.id)
      expect(await stores.resources.of(id, ids)).toEqual(inOrder)
      expect(await stores.resources.of(id, [...ids.slice(2), 'sesrsc_none'])).toEqual([rows[2]])
      expect(await stores.resources.listed([id, newId('sesn')])).toEqual(new Map([[id, inOrder]]))
      await stores.resources.create([])
      expect(await stores.resources.of(newId('sesn'), ids)).toEqual([])
    })

    test('frees the path of what was removed, and knows it still', async () => {
      const stores = await open()
      const { id } = await createSession(stores, 'default')
      const first = buildRow(id, { path: '/a' })
      const second = buildRow(id, { path: '/a', at: after(1) })
      await stores.resources.create([first])
      await stores.resources.remove(id, first.resource.id)
      await stores.resources.remove(id, first.resource.id)
      await stores.resources.remove(id, 'sesrsc_none')
      expect(await stores.resources.listed([id])).toEqual(new Map())
      const added = await stores.resources.add(second, none)
      expect(added).toEqual({ ...second, updatedAt: expect.any(Date) })
      expect(await stores.resources.of(id, [added.resource.id, first.resource.id])).toEqual([first, added])
      await stores.resources.settle(id, added.resource.id)
      expect(await stores.resources.listed([id])).toEqual(new Map([[id, [added]]]))
    })

    test('has no two at one path, whoever adds them', async () => {
      const stores = await open()
      const { id } = await createSession(stores, 'default')
      await stores.resources.create([buildRow(id, { path: '/a' })])
      await expect(stores.resources.add(buildRow(id, { path: '/a' }), none)).rejects.toThrow(/live_path/)
      await expect(stores.resources.create([buildRow(id, { path: '/a' })])).rejects.toThrow(/live_path/)
    })

    test('asks about each addition with the others there are, one after the other', async () => {
      const processes = [await open(), await open()]
      const { id } = await createSession(processes[0]!, 'default')
      const most = 5
      const judge = (others: readonly ResourceRow[]): void => {
        if (others.length >= most) throw new Error('full')
      }
      const tries = Array.from({ length: 12 }, (_, index) => processes[index % 2]!.resources.add(buildRow(id), judge))
      const settled = await Promise.allSettled(tries)
      expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(most)
      const ids = settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value.resource.id] : []))
      expect(await processes[0]!.resources.of(id, ids)).toHaveLength(most)
    })

    test('adds again what was removed, as it was, at the time of the store', async () => {
      const stores = await open()
      const { id } = await createSession(stores, 'default')
      const row = buildRow(id)
      await stores.resources.create([row])
      await stores.resources.remove(id, row.resource.id)
      const asked: (readonly ResourceRow[])[] = []
      const changed = { ...row, resource: { ...row.resource, size: 9 } }
      const again = await stores.resources.add(changed, (others) => void asked.push(others))
      expect(again).toEqual({ ...row, updatedAt: expect.any(Date) })
      expect(again.updatedAt.getTime()).toBeGreaterThan(row.updatedAt.getTime())
      expect(asked).toEqual([[]])
      await stores.resources.settle(id, row.resource.id)
      expect(await stores.resources.listed([id])).toEqual(new Map([[id, [again]]]))
    })

    test('removes what was meant to be added long ago and is not known, whatever time its process believes in', async () => {
      const stores = await open()
      const { id } = await createSession(stores, 'default')
      const hour = 3_600_000
      const [known, dead] = [buildRow(id), buildRow(id)]
      await stores.resources.create([known, dead])
      const late = new Date(Date.now() - hour)
      const fresh = await stores.resources.add(buildRow(id, { at: late }), none)
      const revived = buildRow(id, { at: late })
      await stores.resources.create([revived])
      const other = await createSession(stores, 'default')
      await stores.resources.create([buildRow(other.id)])
      const again = await stores.resources.add(revived, none)
      for (const { resource } of [fresh, again]) await stores.resources.settle(id, resource.id)
      await stores.resources.removeDead(id, { known: [known.resource.id], ms: 60_000 })
      const left = (await stores.resources.listed([id])).get(id) ?? []
      const ids = (rows: readonly ResourceRow[]) => rows.map(({ resource }) => resource.id).toSorted()
      expect(ids(left)).toEqual(ids([known, fresh, again]))
      expect((await stores.resources.listed([other.id])).size).toBe(1)
      await stores.resources.removeDead(id, { known: [], ms: -1_000 })
      expect(await stores.resources.listed([id])).toEqual(new Map())
    })

    test('gives up what is unsettled for so long, and nothing else', async () => {
      const stores = await open()
      const { id } = await createSession(stores, 'default')
      const row = buildRow(id)
      const giveUp = (ms: number) => stores.resources.giveUp(id, row.resource.id, ms)
      const isListed = async () => (await stores.resources.listed([id])).size === 1
      expect(await giveUp(-1_000)).toBe(false)
      await stores.resources.add(row, none)
      expect(await giveUp(60_000)).toBe(false)
      expect(await giveUp(-1_000)).toBe(true)
      await stores.resources.add(row, none)
      await stores.resources.settle(id, row.resource.id)
      expect([await giveUp(-1_000), await isListed()]).toEqual([false, true])
      await stores.resources.removing(id, row.resource.id)
      expect(await giveUp(-1_000)).toBe(false)
    })

    test('lists what is settled alone, and tells what is not', async () => {
      const stores = await open()
      const { id } = await createSession(stores, 'default')
      const row = buildRow(id)
      const [one, key] = [{ ...row, updatedAt: expect.any(Date) }, row.resource.id]
      const listed = async () => (await stores.resources.listed([id])).get(id) ?? []
      const unsettled = async (ms = -1_000) =>
        (await stores.resources.unsettled(ms, 1_000)).filter(({ sessionId }) => sessionId === id)
      await stores.resources.add(row, none)
      expect([await listed(), await unsettled()]).toEqual([[], [{ ...one, pending: 'added', age: expect.any(Number) }]])
      expect(await unsettled(60_000)).toEqual([])
      expect(await stores.resources.unsettled(-1_000, 0)).toEqual([])
      await stores.resources.settle(id, key)
      expect([await listed(), await unsettled()]).toEqual([[one], []])
      await stores.resources.removing(id, key)
      expect([await listed(), await unsettled()]).toEqual([
        [],
        [{ ...one, pending: 'removed', age: expect.any(Number) }],
      ])
      await stores.resources.settle(id, key)
      expect(await listed()).toEqual([one])
      await stores.resources.removing(id, key)
      await stores.resources.remove(id, key)
      expect([await listed(), await unsettled()]).toEqual([[], []])
      await stores.resources.settle(id, key)
      expect(await listed()).toEqual([])
      await stores.resources.settle(id, 'sesrsc_none')
      await stores.resources.removing(id, 'sesrsc_none')
    })

    test('takes back what counted as dead and is in the log after all, unless its path is taken', async () => {
      const stores = await open()
      for (const isTaken of [false, true]) {
        const { id } = await createSession(stores, 'default')
        const [dead, other] = [buildRow(id, { path: '/a' }), buildRow(id, { path: '/a' })]
        await stores.resources.add(dead, none)
        await stores.resources.removeDead(id, { known: [], ms: -1_000 })
        if (isTaken) await stores.resources.create([other])
        await stores.resources.settle(id, dead.resource.id)
        const listed = (await stores.resources.listed([id])).get(id) ?? []
        expect(listed.map(({ resource }) => resource.id)).toEqual([(isTaken ? other : dead).resource.id])
      }
    })

    test('tells repositories apart', async () => {
      const stores = await open()
      const { id } = await createSession(stores, 'default')
      const file = buildRow(id)
      const about = { id: newId('sesrsc'), mount_path: '/workspace/r', created_at: file.resource.created_at }
      const resource = { ...about, type: 'github_repository', url: 'https://github.com/o/r', checkout: null } as const
      await stores.resources.create([file, { ...file, resource }])
      expect(await stores.resources.repositories(id)).toEqual([{ ...file, resource }])
    })

    test('says when a token was changed', async () => {
      const stores = await open()
      const { id } = await createSession(stores, 'default')
      const row = buildRow(id)
      await stores.resources.create([row])
      const at = await stores.resources.touch(id, row.resource.id)
      expect(at?.getTime()).toBeGreaterThan(noon.getTime())
      expect(await stores.resources.of(id, [row.resource.id])).toEqual([{ ...row, updatedAt: at }])
      const { id: other } = await createSession(stores, 'default')
      expect(await stores.resources.touch(other, row.resource.id)).toBeNull()
      await stores.resources.remove(other, row.resource.id)
      expect((await stores.resources.listed([id])).size).toBe(1)
    })

    test('goes with its session, and takes nothing for a deleted one', async () => {
      const stores = await open()
      const { id } = await createSession(stores, 'default')
      const row = buildRow(id)
      await stores.resources.create([row])
      await stores.sessions.bury('default', id)
      await expect(stores.resources.create([buildRow(id)])).rejects.toThrow(SessionBuried)
      await expect(stores.resources.add(buildRow(id), none)).rejects.toThrow(SessionBuried)
      await stores.sessions.clear(id)
      expect(await stores.resources.of(id, [row.resource.id])).toEqual([])
    })
  })
}
