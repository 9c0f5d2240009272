import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Stores } from '../../src/store/postgres/stores.ts'
import type { SessionListing, SessionRow } from '../../src/store/sessions.ts'
import { after, buildSession, createSession, newWorkspace, noon } from '../store/builders.ts'
import { byAge, limits, moments, walk } from '../store/walk.ts'

/** How every session store lists. */
export function sessionListStoreSuite(open: () => Promise<Stores>): void {
  describe('session list', () => {
    test('tells what was used, which stays until it is told anew', async () => {
      const stores = await open()
      const own = await newWorkspace(stores)
      const row = await createSession(stores, own)
      expect(row).not.toHaveProperty('usage')
      const hint = { id: row.id, run: 1, status: 'idle' } as const
      const told = async () => (await stores.sessions.list(own, { limit: 1, order: 'desc' }))[0]?.usage
      await stores.sessions.hint([{ ...hint, length: 5, usage: { input_tokens: 7, active_seconds: 0.5 } }])
      expect(await told()).toEqual({ input_tokens: 7, active_seconds: 0.5 })
      await stores.sessions.hint([
        { ...hint, length: 6 },
        { ...hint, length: 4, usage: { input_tokens: 1 } },
      ])
      await stores.sessions.repair(row.id, { ...row, status: 'idle' })
      expect(await told()).toEqual({ input_tokens: 7, active_seconds: 0.5 })
      await stores.sessions.repair(row.id, { ...row, status: 'idle', usage: { input_tokens: 9 } })
      const repaired = await stores.sessions.find(row.id)
      expect(repaired?.usage).toEqual({ input_tokens: 9 })
      await stores.sessions.repair(row.id, { ...row, status: 'idle', usage: { input_tokens: 9 } })
      expect(await stores.sessions.find(row.id)).toEqual(repaired)
    })

    test('shows the sessions of one workspace that are not being created', async () => {
      const stores = await open()
      const [own, foreign] = [await newWorkspace(stores), await newWorkspace(stores)]
      const row = await createSession(stores, own)
      await createSession(stores, own, { status: 'creating' })
      expect(await stores.sessions.list(own, { limit: 9, order: 'asc' })).toEqual([row])
      expect(await stores.sessions.list(foreign, { limit: 9, order: 'asc' })).toEqual([])
    })

    test('counts those of one workspace that run, up to a limit', async () => {
      const stores = await open()
      const [own, foreign] = [await newWorkspace(stores), await newWorkspace(stores)]
      for (const status of ['running', 'rescheduling', 'running', 'idle', 'creating'] as const)
        await createSession(stores, own, { status })
      await createSession(stores, foreign, { status: 'running' })
      expect(await stores.sessions.countRunning(own, 9)).toBe(3)
      expect(await stores.sessions.countRunning(own, 2)).toBe(2)
    })

    const filters: readonly [string, Partial<SessionListing>, readonly number[]][] = [
      ['nothing', {}, [0, 1, 2, 4]],
      ['archived ones included', { includeArchived: true }, [0, 1, 2, 3, 4]],
      ['an agent', { agentId: 'agent_a' }, [0, 1]],
      ['a version of an agent', { agentId: 'agent_a', agentVersion: 2 }, [1]],
      ['one status', { statuses: ['running'] }, [1]],
      ['no status', { statuses: [] }, []],
      ['several statuses', { statuses: ['running', 'idle'] }, [0, 1, 2]],
      ['after a moment', { createdAt: { gt: after(1) } }, [2, 4]],
      ['from a moment on', { createdAt: { gte: after(1) } }, [1, 2, 4]],
      ['before a moment', { createdAt: { lt: after(1) } }, [0]],
      ['up to a moment', { createdAt: { lte: after(1) } }, [0, 1]],
      ['between two moments', { createdAt: { gt: noon, lte: after(2) } }, [1, 2]],
    ]
    test.each(filters)('filters by %s', async (_, filter, expected) => {
      const stores = await open()
      const workspace = await newWorkspace(stores)
      const changes: Partial<SessionRow>[] = [
        { agentId: 'agent_a', agentVersion: 1 },
        { agentId: 'agent_a', agentVersion: 2, status: 'running' },
        {},
        { archivedAt: after(9) },
        { status: 'terminated' },
      ]
      for (const [second, change] of changes.entries())
        await createSession(stores, workspace, { createdAt: after(second), ...change })
      const listed = await stores.sessions.list(workspace, { limit: 9, order: 'asc', ...filter })
      expect(listed.map(({ createdAt }) => createdAt)).toEqual(expected.map(after))
    })

    test('answers the page before a row in the order of the list, nearest rows kept', async () => {
      const stores = await open()
      const workspace = await newWorkspace(stores)
      const rows: SessionRow[] = []
      for (const second of [0, 1, 2, 3, 4])
        rows.push(await createSession(stores, workspace, { createdAt: after(second) }))
      const ascending = await stores.sessions.list(workspace, {
        limit: 2,
        order: 'asc',
        from: rows[3]!,
        backward: true,
      })
      expect(ascending).toEqual([rows[1], rows[2]])
      const descending = await stores.sessions.list(workspace, {
        limit: 2,
        order: 'desc',
        from: rows[1]!,
        backward: true,
      })
      expect(descending).toEqual([rows[3], rows[2]])
    })

    test('yields each row once, walked forward and backward, in pages of any size', async () => {
      const stores = await open()
      const runs = 60
      await fc.assert(
        fc.asyncProperty(moments, limits, fc.constantFrom('asc', 'desc'), async (times, limit, order) => {
          const workspace = await newWorkspace(stores)
          const rows = times.map((createdAt) => buildSession(workspace, { createdAt }))
          for (const row of rows) await createSession(stores, workspace, row)
          const expected = rows.toSorted(byAge).map(({ id }) => id)
          if (order === 'desc') expected.reverse()

          const forward = await walk<SessionRow>((last) =>
            stores.sessions.list(workspace, { limit, order, ...(last && { from: last }) }),
          )
          expect(forward.map(({ id }) => id)).toEqual(expected)

          const start = forward.at(-1)
          if (start === undefined) return
          // Each page is in the list's order, so its first row leads further back.
          const backward = await walk<SessionRow>(async (last) =>
            (await stores.sessions.list(workspace, { limit, order, from: last ?? start, backward: true })).toReversed(),
          )
          expect([start, ...backward].map(({ id }) => id)).toEqual(expected.toReversed())
        }),
        { numRuns: runs },
      )
      console.log(`session list: n = ${runs} random walks forward and backward`)
    })

    test('answers the configurations of several sessions at once', async () => {
      const stores = await open()
      const workspace = await newWorkspace(stores)
      const rows = [await createSession(stores, workspace), await createSession(stores, workspace)]
      const found = await stores.sessions.configurations([...rows.map(({ id }) => id), 'sesn_none'])
      expect([...found.keys()].toSorted()).toEqual(rows.map(({ id }) => id).toSorted())
      for (const { id } of rows) expect(found.get(id)).toEqual(await stores.sessions.configuration(id))
      expect(await stores.sessions.configurations([])).toEqual(new Map())
    })

    test('keeps a walk whole while sessions are created', async () => {
      const stores = await open()
      const workspace = await newWorkspace(stores)
      const early = new Set<string>()
      for (let second = 0; second < 20; second++)
        early.add((await createSession(stores, workspace, { createdAt: after(second) })).id)
      const walked = await walk<SessionRow>(async (last) => {
        if (last !== undefined) await createSession(stores, workspace, { createdAt: after(100) })
        return stores.sessions.list(workspace, { limit: 3, order: 'desc', ...(last && { from: last }) })
      })
      expect(new Set(walked.map(({ id }) => id))).toEqual(early)
      expect(walked).toHaveLength(early.size)
    })
  })
}
