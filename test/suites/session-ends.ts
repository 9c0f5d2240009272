import { describe, expect, test } from 'vitest'
import type { Stores } from '../../src/store/postgres/stores.ts'
import { after, createSession, noon } from '../store/builders.ts'

const past = after(-1_000)
const future = new Date(Date.now() + 24 * 3_600_000)

/** What a session store knows of ends: archives that no log tells of, and ends that nobody has looked at. */
export function sessionEndsSuite(open: () => Promise<Stores>): void {
  describe('archive of an ended session', () => {
    test('is in its row, and the first one stays, whatever reads beside it', async () => {
      const stores = await open()
      const row = await createSession(stores, 'default', { status: 'running' })
      await stores.sessions.archiveEnded(row.id)
      const archived = await stores.sessions.find(row.id)
      expect(archived).toMatchObject({ status: 'terminated', archivedAt: expect.any(Date) })
      await stores.sessions.repair(row.id, { ...row, status: 'terminated' })
      await stores.sessions.archiveEnded(row.id)
      expect((await stores.sessions.find(row.id))?.archivedAt).toEqual(archived?.archivedAt)
    })

    test('by many at once happens once', async () => {
      const processes = [await open(), await open()]
      const { id } = await createSession(processes[0]!, 'default', { status: 'terminated' })
      const times = await Promise.all(
        Array.from({ length: 6 }, async (_, i) => {
          await processes[i % 2]!.sessions.archiveEnded(id)
          return (await processes[i % 2]!.sessions.find(id))?.archivedAt?.getTime()
        }),
      )
      expect(new Set(times).size).toBe(1)
      expect(times[0]).toEqual(expect.any(Number))
    })

    test.each([
      ['is what the row alone knows while it has ended', 'terminated', null, 5],
      ['is what the log says before that', 'terminated', 9, 9],
      ['is none when a reset has made the session alive again', 'idle', null, null],
    ] as const)('repaired, %s', async (_, status, log, kept) => {
      const stores = await open()
      const row = await createSession(stores, 'default', { status: 'terminated', archivedAt: after(5) })
      const archivedAt = log === null ? null : after(log)
      await stores.sessions.repair(row.id, { ...row, status, archivedAt })
      expect((await stores.sessions.find(row.id))?.archivedAt).toEqual(kept === null ? null : after(kept))
    })
  })

  describe('a session whose end nobody has looked at', () => {
    const ended = { creating: past, running: past, ended: future }
    const ends = async (stores: Stores, id: string): Promise<boolean> =>
      (await stores.sessions.stale(ended)).some((row) => row.id === id)

    test('is looked at once, whatever its log says', async () => {
      const stores = await open()
      const row = await createSession(stores, 'default', { status: 'running' })
      expect(await ends(stores, row.id)).toBe(false)
      await stores.sessions.hint([{ id: row.id, run: 1, length: 5, status: 'terminated' }])
      expect(await ends(stores, row.id)).toBe(true)
      await stores.sessions.repair(row.id, { ...row, status: 'terminated' })
      expect(await ends(stores, row.id)).toBe(false)
    })

    test('is not one whose archive is known', async () => {
      const stores = await open()
      const { id } = await createSession(stores, 'default', { status: 'terminated', archivedAt: noon })
      await stores.sessions.hint([{ id, run: 1, length: 5, status: 'terminated' }])
      expect(await ends(stores, id)).toBe(false)
    })

    test('is not one that works again', async () => {
      const stores = await open()
      const { id } = await createSession(stores, 'default', { status: 'running' })
      await stores.sessions.hint([{ id, run: 1, length: 5, status: 'terminated' }])
      await stores.sessions.hint([{ id, run: 2, length: 1, status: 'idle' }])
      expect(await ends(stores, id)).toBe(false)
    })
  })
}
