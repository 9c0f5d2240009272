import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { SessionBuried } from '../../src/store/buried.ts'
import type { IngressRequest } from '../../src/store/ingress.ts'
import type { Stores } from '../../src/store/postgres/stores.ts'
import type { FoldedRow, SessionRow } from '../../src/store/sessions.ts'
import {
  after,
  buildConfiguration,
  buildRequest,
  buildSandbox,
  buildSession,
  createSession,
  mint,
  newWorkspace,
  noon,
  to,
} from '../store/builders.ts'

const budget = { type: 'limit', max_list_cost: { amount: '250', currency: 'USD' } } as const
const past = after(-1_000)
const future = new Date(Date.now() + 24 * 3_600_000)

/** What every session store does; each call of `open` is another process on the same database. Lists have their own suite. */
export function sessionStoreSuite(open: () => Promise<Stores>): void {
  describe('session store', () => {
    test('reads what was created, with its configuration', async () => {
      const stores = await open()
      const workspace = await newWorkspace(stores)
      const row = buildSession(workspace, {
        title: 'Ship it',
        metadata: { team: 'a', nul: '\u0000' },
        budget,
        archivedAt: after(3),
      })
      const configuration = buildConfiguration(row)
      await stores.sessions.create(row, configuration)
      expect(await stores.sessions.read(workspace, row.id)).toEqual(row)
      expect(await stores.sessions.find(row.id)).toEqual(row)
      expect(await stores.sessions.configuration(row.id)).toEqual(configuration)
    })

    test('answers null for a missing id and for another workspace alike', async () => {
      const stores = await open()
      const [own, foreign] = [await newWorkspace(stores), await newWorkspace(stores)]
      const { id } = await createSession(stores, own)
      expect(await stores.sessions.read(foreign, id)).toBeNull()
      expect(await stores.sessions.read(own, 'sesn_none')).toBeNull()
      expect(await stores.sessions.find('sesn_none')).toBeNull()
      expect(await stores.sessions.configuration('sesn_none')).toBeNull()
    })

    test('changes nothing when a creation is repeated', async () => {
      const stores = await open()
      const workspace = await newWorkspace(stores)
      const row = await createSession(stores, workspace, { title: 'first' })
      const again = buildSession(workspace, { id: row.id, title: 'second' })
      await stores.sessions.create(again, buildConfiguration(again))
      expect(await stores.sessions.read(workspace, row.id)).toEqual(row)
      expect((await stores.sessions.configuration(row.id))?.id).toBe(row.configurationId)
    })

    test('stores all or nothing when a creation fails', async () => {
      const stores = await open()
      const row = await createSession(stores, 'default')
      const clash = buildSession('default', { configurationId: row.configurationId })
      await expect(stores.sessions.create(clash, buildConfiguration(clash))).rejects.toThrow('configurations_pkey')
      expect(await stores.sessions.find(clash.id)).toBeNull()
    })

    test('shows a row that is being created to workers only', async () => {
      const stores = await open()
      const row = await createSession(stores, 'default', { status: 'creating' })
      expect(await stores.sessions.read('default', row.id)).toBeNull()
      expect((await stores.sessions.find(row.id))?.status).toBe('creating')
    })

    describe('repair', () => {
      const changed = { status: 'running', title: 'new', metadata: { a: '1' }, budget, archivedAt: after(9) } as const
      const foldOf = (row: SessionRow): FoldedRow => ({ ...changed, configurationId: row.configurationId })

      test('makes the row what its log says', async () => {
        const stores = await open()
        const row = await createSession(stores, 'default', { status: 'creating' })
        await stores.sessions.repair(row.id, foldOf(row))
        const repaired = await stores.sessions.read('default', row.id)
        expect(repaired).toEqual({ ...row, ...changed, updatedAt: repaired?.updatedAt })
        expect(repaired?.updatedAt.getTime()).toBeGreaterThan(row.updatedAt.getTime())
      })

      test('leaves a row alone that is so already', async () => {
        const stores = await open()
        const row = await createSession(stores, 'default', changed)
        await stores.sessions.repair(row.id, foldOf(row))
        expect(await stores.sessions.find(row.id)).toEqual(row)
      })

      test.each([
        ['status', { status: 'idle' }],
        ['title', { title: null }],
        ['metadata', { metadata: {} }],
        ['budget', { budget: null }],
        ['archivedAt', { archivedAt: null }],
      ] as const)('notices a difference in %s alone', async (_, difference) => {
        const stores = await open()
        const row = await createSession(stores, 'default', changed)
        await stores.sessions.repair(row.id, { ...foldOf(row), ...difference })
        expect(await stores.sessions.find(row.id)).toMatchObject({ ...changed, ...difference })
      })
    })

    describe('hint', () => {
      test.each([
        ['a later run', { run: 3, length: 1 }, 'running'],
        ['the same run, longer', { run: 2, length: 11 }, 'running'],
        ['the same place', { run: 2, length: 10 }, 'idle'],
        ['the same run, shorter', { run: 2, length: 9 }, 'idle'],
        ['an earlier run, longer', { run: 1, length: 99 }, 'idle'],
      ] as const)('from %s than the last one', async (_, place, status) => {
        const stores = await open()
        const { id } = await createSession(stores, 'default')
        await stores.sessions.hint([{ id, run: 2, length: 10, status: 'idle' }])
        await stores.sessions.hint([{ id, ...place, status: 'running' }])
        expect((await stores.sessions.find(id))?.status).toBe(status)
      })

      test('takes many rows at once and the newest hint of each', async () => {
        const stores = await open()
        const [one, two] = [await createSession(stores, 'default'), await createSession(stores, 'default')]
        await stores.sessions.hint([
          { id: one.id, run: 1, length: 20, status: 'rescheduling' },
          { id: two.id, run: 1, length: 5, status: 'running' },
          { id: one.id, run: 1, length: 10, status: 'idle' },
          { id: 'sesn_none', run: 1, length: 1, status: 'idle' },
        ])
        expect((await stores.sessions.find(one.id))?.status).toBe('rescheduling')
        expect((await stores.sessions.find(two.id))?.status).toBe('running')
      })

      test('of nothing does nothing', async () => {
        const stores = await open()
        await expect(stores.sessions.hint([])).resolves.toBeUndefined()
      })

      test('leaves the newest when batches overlap, without a deadlock', async () => {
        const processes = [await open(), await open()]
        const ids: string[] = []
        for (let i = 0; i < 12; i++) ids.push((await createSession(processes[0]!, 'default')).id)
        const batches = 120
        const shuffled = fc.sample(fc.shuffledSubarray(ids, { minLength: 6 }), batches)
        await Promise.all(
          shuffled.map((batch, n) => {
            const status = n === batches - 1 ? 'terminated' : 'running'
            const hints = (n === batches - 1 ? ids : batch).map(
              (id) => ({ id, run: 1, length: n + 1, status }) as const,
            )
            return processes[n % 2]!.sessions.hint(hints)
          }),
        )
        const rows = await Promise.all(ids.map((id) => processes[0]!.sessions.find(id)))
        expect(rows.map((row) => row?.status)).toEqual(ids.map(() => 'terminated'))
        console.log(`session store: n = ${batches} overlapping batches of hints over 2 pools`)
      })
    })

    describe('stale', () => {
      test.each(['creating', 'running', 'rescheduling'] as const)('tells rows that stayed %s', async (status) => {
        const stores = await open()
        const row = await createSession(stores, 'default', { status, updatedAt: noon })
        const never = { creating: past, running: past, ended: past }
        const before = (moment: Date) => ({ ...never, [status === 'creating' ? status : 'running']: moment })
        expect(await stores.sessions.stale(before(after(1)))).toContainEqual(row)
        expect(await stores.sessions.stale(before(noon))).not.toContainEqual(row)
      })

      test.each(['idle', 'terminated'] as const)('tells no rows that are %s', async (status) => {
        const stores = await open()
        const row = await createSession(stores, 'default', { status })
        expect(await stores.sessions.stale({ creating: future, running: future, ended: future })).not.toContainEqual(
          row,
        )
      })

      test('counts a hint as a write, also of the same status', async () => {
        const stores = await open()
        const { id } = await createSession(stores, 'default', { status: 'running' })
        await stores.sessions.hint([{ id, run: 1, length: 5, status: 'running' }])
        const stale = await stores.sessions.stale({ creating: past, running: after(1), ended: past })
        expect(stale.map((row) => row.id)).not.toContain(id)
      })
    })

    describe('bury', () => {
      test('makes the row null everywhere, once', async () => {
        const stores = await open()
        const workspace = await newWorkspace(stores)
        const { id } = await createSession(stores, workspace)
        expect(await stores.sessions.bury(workspace, id)).toBe(true)
        expect(await stores.sessions.bury(workspace, id)).toBe(false)
        expect(await stores.sessions.read(workspace, id)).toBeNull()
        expect(await stores.sessions.find(id)).toBeNull()
        expect(await stores.sessions.configuration(id)).toBeNull()
        expect(await stores.sessions.list(workspace, { limit: 9, order: 'asc' })).toEqual([])
      })

      test('answers false for a foreign and for an unknown id, and deletes nothing', async () => {
        const stores = await open()
        const [own, foreign] = [await newWorkspace(stores), await newWorkspace(stores)]
        const { id } = await createSession(stores, own)
        expect(await stores.sessions.bury(foreign, id)).toBe(false)
        expect(await stores.sessions.bury(own, 'sesn_none')).toBe(false)
        expect(await stores.sessions.read(own, id)).not.toBeNull()
      })

      test('stands against a creation, a hint and a repair that come late', async () => {
        const stores = await open()
        const row = await createSession(stores, 'default')
        await stores.sessions.bury('default', row.id)
        await expect(stores.sessions.create(row, buildConfiguration(row))).rejects.toThrow(SessionBuried)
        await stores.sessions.hint([{ id: row.id, run: 9, length: 9, status: 'running' }])
        await stores.sessions.repair(row.id, { ...row, status: 'running' })
        expect(await stores.sessions.find(row.id)).toBeNull()
      })

      test('of one session by many is done by one', async () => {
        const processes = [await open(), await open()]
        const rounds = 40
        for (let round = 0; round < rounds; round++) {
          const { id } = await createSession(processes[0]!, 'default')
          const done = await Promise.all(
            Array.from({ length: 6 }, (_, i) => processes[i % 2]!.sessions.bury('default', id)),
          )
          expect(done.filter(Boolean)).toHaveLength(1)
        }
        console.log(`session store: n = ${rounds} races of 6 deletions over 2 pools`)
      })

      test('leaves no row behind when it races with writes', async () => {
        const [one, two] = [await open(), await open()]
        const rounds = 80
        let refused = 0
        for (let round = 0; round < rounds; round++) {
          const row = await createSession(one, 'default')
          await one.bindings.replace(0, buildSandbox(row.id, 1))
          const buried = new Promise<void>((resolve) => setImmediate(resolve))
            .then(() => two.sessions.bury('default', row.id))
            .then(() => two.sessions.clear(row.id))
          const request = buildRequest('default', { target: row.id })
          const outcomes = await Promise.allSettled([
            one.bindings.bind(row.id, 'sevt_1', to(1)),
            two.bindings.replace(0, { ...buildSandbox(row.id, 1), hand: 'web' }),
            acceptOne(one, request),
            one.sessions.create(row, buildConfiguration(row)),
            acceptOne(two, { ...request, key: 'k' }),
          ])
          await buried
          const refusals = outcomes.filter(({ status }) => status === 'rejected')
          expect(
            refusals.filter((refusal) => !('reason' in refusal && refusal.reason instanceof SessionBuried)),
          ).toEqual([])
          refused += refusals.length
          expect(await one.sessions.find(row.id)).toBeNull()
          for (const hand of ['main', 'web']) expect(await one.bindings.current(row.id, hand)).toBeNull()
          expect(await one.bindings.bound(row.id, 'sevt_1')).toBeNull()
          expect(await one.ingress.acceptedIds(row.id, 60_000)).toEqual([])
        }
        console.log(
          `session store: n = ${rounds} races of a deletion with 5 writes over 2 pools, ${refused} writes refused`,
        )
      })
    })

    describe('clear', () => {
      test('removes what belongs to a deleted session, and tells the sweeper what is left to do', async () => {
        const stores = await open()
        const row = await createSession(stores, 'default')
        const request = buildRequest('default', { target: row.id, key: 'k' })
        await acceptOne(stores, request)
        await stores.bindings.replace(0, buildSandbox(row.id, 1))
        await stores.sessions.bury('default', row.id)
        expect(await stores.sessions.uncleared()).toContain(row.id)
        await stores.sessions.clear(row.id)
        await stores.sessions.clear(row.id)
        expect(await stores.sessions.uncleared()).not.toContain(row.id)
        await expect(stores.sessions.create(row, buildConfiguration(row))).rejects.toThrow(SessionBuried)
        expect(await stores.ingress.acceptedIds(row.id, 60_000)).toEqual([])
        expect(await stores.bindings.current(row.id)).toBeNull()
      })

      test('leaves it known that the session was deleted', async () => {
        const stores = await open()
        const [row, other] = [await createSession(stores, 'default'), await createSession(stores, 'default')]
        const ids = [other.id, row.id, 'sesn_unknown']
        expect(await stores.sessions.buried(ids)).toEqual([])
        await stores.sessions.bury('default', row.id)
        expect(await stores.sessions.buried(ids)).toEqual([row.id])
        await stores.sessions.clear(row.id)
        expect(await stores.sessions.buried(ids)).toEqual([row.id])
        expect(await stores.sessions.buried([])).toEqual([])
      })

      test('frees the configuration', async () => {
        const stores = await open()
        const row = await createSession(stores, 'default')
        await stores.sessions.bury('default', row.id)
        await stores.sessions.clear(row.id)
        const heir: SessionRow = { ...buildSession('default'), configurationId: row.configurationId }
        await expect(stores.sessions.create(heir, buildConfiguration(heir))).resolves.toBeUndefined()
      })

      test('does not touch a session that was not deleted', async () => {
        const stores = await open()
        const row = await createSession(stores, 'default')
        await stores.bindings.replace(0, buildSandbox(row.id, 1))
        await stores.bindings.bind(row.id, 'sevt_1', to(1))
        await stores.sessions.clear(row.id)
        expect(await stores.sessions.read('default', row.id)).toEqual(row)
        expect(await stores.sessions.configuration(row.id)).not.toBeNull()
        expect(await stores.bindings.bound(row.id, 'sevt_1')).toEqual(to(1))
      })
    })
  })
}

async function acceptOne({ ingress }: Stores, request: IngressRequest): Promise<void> {
  const begun = await ingress.begin(request, mint)
  if ('id' in begun) await ingress.accepted(begun.id)
}
