import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { SessionBuried } from '../../src/store/buried.ts'
import type { FileRow } from '../../src/store/files.ts'
import type { Stores } from '../../src/store/postgres/stores.ts'
import { createSession } from '../store/builders.ts'
import { buildFile } from './file-store.ts'

const A = '/mnt/session/outputs/a.txt'

/** What every index of outputs does; each call of `open` is another process on the same database. */
export function sessionOutputStoreSuite(open: () => Promise<Stores>): void {
  async function begin(stores: Stores, sessionId: string, change: Partial<FileRow> = {}): Promise<FileRow> {
    const file = buildFile('default', { scopeId: sessionId, downloadable: true, content: randomUUID(), ...change })
    await stores.files.begin('default', file.content ?? '')
    return file
  }

  async function openSession() {
    const stores = await open()
    const { id: sessionId } = await createSession(stores, 'default')
    return { stores, place: { sessionId, hand: 'main' } }
  }

  describe('the index of outputs', () => {
    test('has one file of each path, the newest', async () => {
      const { stores, place } = await openSession()
      const { outputs, files } = stores
      const [first, second] = [
        await begin(stores, place.sessionId, { sha256: 'aa' }),
        await begin(stores, place.sessionId, { sha256: 'bb', size: 5 }),
      ]
      expect(await outputs.replace(place, { path: A, changed: '1' }, first)).toBe(true)
      expect(await files.read('default', first.id)).toEqual(first)
      expect(await outputs.replace(place, { path: A, changed: '2' }, second)).toBe(true)
      expect(await outputs.known(place)).toEqual([{ path: A, changed: '2' }])
      expect(await outputs.kept(place)).toEqual([{ path: A, file: second.id, size: 5, sha256: 'bb' }])
      expect(await files.read('default', first.id)).toBeNull()
      const spare = await files.spare({ now: new Date(), begunBefore: new Date(0) })
      expect([spare.includes(first.content ?? ''), spare.includes(second.content ?? '')]).toEqual([true, false])
    })

    test('makes nothing of the same bytes', async () => {
      const { stores, place } = await openSession()
      const { outputs, files } = stores
      const [first, same] = [await begin(stores, place.sessionId), await begin(stores, place.sessionId)]
      await outputs.replace(place, { path: A, changed: '1' }, first)
      expect(await outputs.replace(place, { path: A, changed: '2' }, same)).toBe(false)
      expect(await outputs.known(place)).toEqual([{ path: A, changed: '2' }])
      expect([await files.read('default', first.id), await files.read('default', same.id)]).toEqual([first, null])
    })

    test('brings nothing back that its reader has deleted, until it changes', async () => {
      const { stores, place } = await openSession()
      const { outputs, files } = stores
      const [first, same, other] = [
        await begin(stores, place.sessionId),
        await begin(stores, place.sessionId),
        await begin(stores, place.sessionId, { sha256: 'cc' }),
      ]
      await outputs.replace(place, { path: A, changed: '1' }, first)
      await files.delete('default', first.id)
      expect(await outputs.replace(place, { path: A, changed: '2' }, same)).toBe(false)
      expect(await outputs.known(place)).toEqual([{ path: A, changed: '2' }])
      expect(await outputs.kept(place)).toEqual([])
      expect(await outputs.replace(place, { path: A, changed: '3' }, other)).toBe(true)
      expect(await outputs.kept(place)).toMatchObject([{ file: other.id }])
    })

    test('keeps the file of what is gone from the sandbox, and gives it to no other', async () => {
      const { stores, place } = await openSession()
      const { outputs, files } = stores
      const [first, again] = [
        await begin(stores, place.sessionId),
        await begin(stores, place.sessionId, { sha256: 'dd' }),
      ]
      await outputs.replace(place, { path: A, changed: '1' }, first)
      await outputs.forget(place, [A, '/mnt/session/outputs/none'])
      expect([await outputs.known(place), await outputs.kept(place)]).toEqual([[], []])
      expect(await files.read('default', first.id)).toEqual(first)
      await outputs.replace(place, { path: A, changed: '2' }, again)
      expect(await outputs.kept(place)).toMatchObject([{ file: again.id }])
      expect(await files.read('default', first.id)).toBeNull()
    })

    test('tells hands and sessions apart', async () => {
      const { stores, place } = await openSession()
      const other = { ...place, hand: 'gpu' }
      await stores.outputs.replace(place, { path: A, changed: '1' }, await begin(stores, place.sessionId))
      await stores.outputs.replace(other, { path: A, changed: '2' }, await begin(stores, place.sessionId))
      await stores.outputs.forget(other, [A])
      expect(await stores.outputs.known(place)).toEqual([{ path: A, changed: '1' }])
      expect(await stores.outputs.known({ ...place, sessionId: 'sesn_none' })).toEqual([])
    })

    test('has one file of a path that several find at once', async () => {
      const { stores, place } = await openSession()
      const other = await open()
      const files = await Promise.all(
        Array.from({ length: 12 }, (_, at) => begin(stores, place.sessionId, { sha256: `${at % 3}`.repeat(64) })),
      )
      const made = files.map((file, at) =>
        (at % 2 === 0 ? stores : other).outputs.replace(place, { path: A, changed: `${at}` }, file),
      )
      await Promise.all(made)
      const listed = await stores.files.list('default', { limit: 99, scopeId: place.sessionId })
      expect(listed).toHaveLength(1)
      expect(await stores.outputs.kept(place)).toMatchObject([{ file: listed[0]?.id }])
    })

    test('goes with its session, and takes nothing for a deleted one', async () => {
      const { stores, place } = await openSession()
      const file = await begin(stores, place.sessionId)
      await stores.outputs.replace(place, { path: A, changed: '1' }, file)
      await stores.sessions.bury('default', place.sessionId)
      const late = await begin(stores, place.sessionId, { sha256: 'ee' })
      const path = '/mnt/session/outputs/late'
      await expect(stores.outputs.replace(place, { path, changed: '1' }, late)).rejects.toThrow(SessionBuried)
      await stores.sessions.clear(place.sessionId)
      expect(await stores.outputs.known(place)).toEqual([])
      const later = new Date(Date.now() + 60_000)
      expect(await stores.files.spare({ now: later, begunBefore: later })).toContain(file.content)
    })
  })
}
