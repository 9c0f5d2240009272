import { describe, expect, test } from 'vitest'
import type { SandboxRow } from '../../src/hands/bindings.ts'
import type { KeptSandbox, WorkspaceExport } from '../../src/hands/ledger.ts'
import { SessionBuried } from '../../src/store/buried.ts'
import type { Stores } from '../../src/store/postgres/stores.ts'
import type { SessionRow } from '../../src/store/sessions.ts'
import { buildSandbox, createSession, newId, noon, to } from '../store/builders.ts'

type Copy = Omit<WorkspaceExport, 'at'>

/** What every ledger of sandboxes does; each call of `open` is another process on the same database. */
export function sandboxLedgerSuite(open: () => Promise<Stores>): void {
  /** A session with a sandbox of its main hand, on a host of its own. */
  async function createWithSandbox(stores: Stores, change: Partial<SessionRow> = {}, hand?: string) {
    const { id } = await createSession(stores, 'default', change)
    const host = newId('host')
    const row = { ...buildSandbox(id, 1), ...(hand === undefined ? {} : { hand }), host }
    return { id, host, row: await stores.bindings.replace(0, row) }
  }

  async function find(stores: Stores, { host }: SandboxRow): Promise<KeptSandbox> {
    const [kept] = await stores.ledger.of([host ?? ''])
    if (kept === undefined) throw new Error('expected the sandbox to be kept')
    return kept
  }

  /** Until a use from now on is later than the one at `moment`: times are kept by the millisecond. */
  async function outlive(moment: Date): Promise<void> {
    await expect.poll(() => Date.now(), { interval: 1 }).toBeGreaterThan(moment.getTime() + 2)
  }

  function buildCopy(row: SandboxRow, change: Partial<Copy> = {}): Copy {
    const { sessionId, generation } = row
    const what = { bytes: 10, entries: 2, leftOut: 0, isWhole: true, sha256: 'a'.repeat(64), probe: 'p1' }
    return { sessionId, hand: 'main', generation, content: null, ...what, ...change }
  }

  async function store(stores: Stores): Promise<string> {
    const content = newId('content')
    await stores.files.begin('default', content)
    return content
  }

  describe('the ledger of sandboxes', () => {
    test('tells of those on the hosts that are asked for, and on none that has a name', async () => {
      const stores = await open()
      const [one, two, other] = await Promise.all([1, 2, 3].map(() => createWithSandbox(stores)))
      const unnamed = buildSandbox((await createSession(stores, 'default')).id, 1)
      await stores.bindings.replace(0, unnamed)
      const kept = await stores.ledger.of([one?.host ?? '', two?.host ?? ''])
      const references = kept.map(({ row }) => row.reference)
      expect(references).toEqual(expect.arrayContaining([one?.row.reference, two?.row.reference, unnamed.reference]))
      expect(references).not.toContain(other?.row.reference)
      expect((await stores.ledger.all()).map(({ row }) => row.reference)).toContain(other?.row.reference)
    })

    test('tells what a sandbox is, and how long nobody has used it', async () => {
      const stores = await open()
      const { row } = await createWithSandbox(stores, { status: 'running' }, 'second')
      const before = await find(stores, row)
      expect(before).toMatchObject({
        row,
        workspaceId: 'default',
        status: 'running',
        isGone: false,
        exportedAt: null,
        collectedAt: null,
        evictAt: null,
      })
      expect(before.unusedMs).toBeGreaterThanOrEqual(0)
      expect(before.unusedMs).toBeLessThan(60_000)
      await outlive(before.usedAt)
      await stores.bindings.bind(row.sessionId, 'sevt_1', { hand: 'second', generation: 1 })
      expect((await find(stores, row)).usedAt.getTime()).toBeGreaterThan(before.usedAt.getTime())
    })

    test.each<[string, Partial<SessionRow>, boolean]>([
      ['archived', { status: 'terminated', archivedAt: noon }, true],
      ['archived and alive again', { status: 'running', archivedAt: noon }, false],
      ['ended by itself', { status: 'terminated' }, false],
    ])('says whether the session is over that was %s', async (_, change, isGone) => {
      const stores = await open()
      const { row } = await createWithSandbox(stores, change)
      expect((await find(stores, row)).isGone).toBe(isGone)
    })

    test('says so of a deleted session, until that is cleared', async () => {
      const stores = await open()
      const { id, row, host } = await createWithSandbox(stores)
      const other = await createWithSandbox(stores)
      await stores.sessions.bury('default', id)
      expect(await find(stores, row)).toMatchObject({ isGone: true, status: null })
      expect(await stores.ledger.deleted([id, other.id, 'sesn_never'])).toEqual([id])
      await stores.sessions.clear(id)
      expect((await stores.ledger.of([host])).map((kept) => kept.row.sessionId)).not.toContain(id)
      expect(await stores.ledger.deleted([id])).toEqual([id])
    })

    test('retires a sandbox once, and no call is bound to it any more', async () => {
      const stores = await open()
      const { id, row, host } = await createWithSandbox(stores)
      await stores.bindings.bind(id, 'sevt_1', to(1))
      const { usedAt } = await find(stores, row)
      expect(await stores.ledger.retire(row, usedAt)).toBe(true)
      expect(await stores.ledger.retire(row, usedAt)).toBe(false)
      expect(await stores.bindings.bind(id, 'sevt_2', to(1))).toBeNull()
      expect(await stores.bindings.bind(id, 'sevt_1', to(1))).toEqual(to(1))
      expect((await stores.ledger.of([host])).map((kept) => kept.row.reference)).not.toContain(row.reference)
      expect(await stores.ledger.rowsOf([id])).toMatchObject([{ reference: row.reference, retired: true }])
    })

    test('says of one that was lost before it was retired that it was, until another takes its place', async () => {
      const stores = await open()
      const { id, row } = await createWithSandbox(stores)
      await stores.ledger.retire(row, (await find(stores, row)).usedAt, { isLost: true })
      expect(await stores.bindings.current(id)).toMatchObject({ retired: true, isLost: true })
      const next = await stores.bindings.replace(1, { ...buildSandbox(id, 2), host: row.host ?? null })
      await stores.ledger.retire(next, (await find(stores, next)).usedAt)
      expect(await stores.bindings.current(id)).toEqual({ ...next, retired: true })
    })

    test('counts from the first time that a copy was refused, until another sandbox takes the place', async () => {
      const stores = await open()
      const { id, row } = await createWithSandbox(stores)
      const place = { sessionId: id, hand: 'main', generation: 1 }
      expect(await stores.ledger.refused(place)).toBe(0)
      await expect.poll(() => stores.ledger.refused(place)).toBeGreaterThan(0)
      expect(await stores.ledger.refused({ ...place, hand: 'second' })).toBe(0)
      expect(await stores.ledger.refused({ ...place, generation: 2 })).toBe(0)
      await stores.bindings.replace(1, { ...buildSandbox(id, 2), host: row.host ?? null })
      expect(await stores.ledger.refused({ ...place, generation: 2 })).toBe(0)
    })

    test('retires none that was used since, or is another by now', async () => {
      const stores = await open()
      const { id, row } = await createWithSandbox(stores)
      const before = await find(stores, row)
      await outlive(before.usedAt)
      await stores.bindings.bind(id, 'sevt_1', to(1))
      expect(await stores.ledger.retire(row, before.usedAt)).toBe(false)
      const { usedAt } = await find(stores, row)
      expect(await stores.ledger.retire({ ...row, reference: 'another' }, usedAt)).toBe(false)
      const next = await stores.bindings.replace(1, { ...buildSandbox(id, 2), host: row.host ?? null })
      expect(await stores.ledger.retire(row, (await find(stores, next)).usedAt)).toBe(false)
    })

    test('lets either a call be bound or the sandbox be retired, of two at once', async () => {
      const processes = [await open(), await open()] as const
      const rounds = 40
      let retirements = 0
      for (let round = 0; round < rounds; round++) {
        const { id, row } = await createWithSandbox(processes[0])
        const { usedAt } = await find(processes[0], row)
        await outlive(usedAt)
        const [isRetired, bound] = await Promise.all([
          processes[round % 2]!.ledger.retire(row, usedAt),
          processes[(round + 1) % 2]!.bindings.bind(id, 'sevt_1', to(1)),
        ])
        expect([isRetired, bound]).toEqual(isRetired ? [true, null] : [false, to(1)])
        const after = await processes[0].bindings.bind(id, 'sevt_2', to(1))
        expect([isRetired, after]).toEqual(isRetired ? [true, null] : [false, to(1)])
        if (isRetired) retirements++
      }
      console.log(`sandbox ledger: n = ${rounds} races of a call and a retirement, ${retirements} retired`)
    })

    test('takes a retirement back, unless another took its place', async () => {
      const stores = await open()
      const { id, row } = await createWithSandbox(stores)
      await stores.ledger.retire(row, (await find(stores, row)).usedAt)
      await stores.ledger.revive(row)
      expect(await stores.bindings.bind(id, 'sevt_1', to(1))).toEqual(to(1))
      await stores.ledger.retire(row, (await find(stores, row)).usedAt)
      await stores.bindings.replace(1, { ...buildSandbox(id, 2), host: row.host ?? null })
      await stores.ledger.revive(row)
      expect(await stores.bindings.current(id)).toMatchObject({ generation: 2 })
    })

    test('keeps the newest copy of each hand', async () => {
      const stores = await open()
      const { id, row } = await createWithSandbox(stores)
      expect(await stores.ledger.latestExport(id, 'main')).toBeNull()
      const { usedAt } = await find(stores, row)
      const first = buildCopy(row, { content: await store(stores), bytes: 5_000_000_000, leftOut: 2, isWhole: false })
      expect(await stores.ledger.exported(first, usedAt)).toBe(true)
      const kept = await stores.ledger.latestExport(id, 'main')
      expect(kept).toEqual({ ...first, at: expect.any(Date) })
      expect((await find(stores, row)).exportedAt?.getTime()).toBeGreaterThanOrEqual(usedAt.getTime())
      const second = buildCopy(row, { content: await store(stores), probe: 'p2' })
      expect(await stores.ledger.exported(second, usedAt)).toBe(true)
      expect(await stores.ledger.latestExport(id, 'main')).toMatchObject({
        content: second.content,
        probe: 'p2',
        leftOut: 0,
        isWhole: true,
      })
      expect(await stores.ledger.latestExport(id, 'second')).toBeNull()
    })

    test('keeps no copy of one that was used since, was retired, or is another by now', async () => {
      const stores = await open()
      const { id, row } = await createWithSandbox(stores)
      const before = await find(stores, row)
      await outlive(before.usedAt)
      await stores.bindings.bind(id, 'sevt_1', to(1))
      const copy = buildCopy(row)
      expect(await stores.ledger.exported(copy, before.usedAt)).toBe(false)
      const { usedAt } = await find(stores, row)
      expect(await stores.ledger.exported({ ...copy, generation: 2 }, usedAt)).toBe(false)
      await stores.ledger.retire(row, usedAt)
      expect(await stores.ledger.exported(copy, usedAt)).toBe(false)
      expect(await stores.ledger.latestExport(id, 'main')).toBeNull()
    })

    test('gives up the bytes of a copy that another took the place of, and no others', async () => {
      const stores = await open()
      const { row } = await createWithSandbox(stores)
      const { usedAt } = await find(stores, row)
      const [old, present] = [await store(stores), await store(stores)]
      for (const content of [old, present]) await stores.ledger.exported(buildCopy(row, { content }), usedAt)
      const spare = await stores.files.spare({ now: new Date(), begunBefore: noon })
      expect(spare).toContain(old)
      expect(spare).not.toContain(present)
    })

    test('keeps no copy of a session that was deleted', async () => {
      const stores = await open()
      const { id, row } = await createWithSandbox(stores)
      const { usedAt } = await find(stores, row)
      await stores.sessions.bury('default', id)
      await expect(stores.ledger.exported(buildCopy(row), usedAt)).rejects.toThrow(SessionBuried)
    })

    test('notes what was passed over, looked through and wanted away', async () => {
      const stores = await open()
      const { id, row } = await createWithSandbox(stores)
      const { usedAt } = await find(stores, row)
      await stores.ledger.passedOver(row, noon)
      expect((await find(stores, row)).exportedAt).toBeNull()
      await stores.ledger.passedOver(row, usedAt)
      await stores.ledger.collected(row)
      expect(await stores.ledger.evict(id)).toBe(true)
      expect(await find(stores, row)).toMatchObject({
        exportedAt: expect.any(Date),
        collectedAt: expect.any(Date),
        evictAt: expect.any(Date),
      })
      await stores.ledger.retire(row, usedAt)
      expect(await stores.ledger.evict(id)).toBe(false)
      expect(await stores.ledger.evict('sesn_never')).toBe(false)
    })

    test('forgets what was noted of a sandbox when the next takes its place', async () => {
      const stores = await open()
      const { id, row } = await createWithSandbox(stores)
      await stores.ledger.evict(id)
      await stores.ledger.collected(row)
      await stores.ledger.retire(row, (await find(stores, row)).usedAt)
      const next = await stores.bindings.replace(1, { ...buildSandbox(id, 2), host: row.host ?? null })
      expect(await find(stores, next)).toMatchObject({ row: next, exportedAt: null, collectedAt: null, evictAt: null })
    })

    test('gives a host’s name to a sandbox that has none, once', async () => {
      const stores = await open()
      const unnamed = buildSandbox((await createSession(stores, 'default')).id, 1)
      await stores.bindings.replace(0, unnamed)
      const [mine, others] = [newId('host'), newId('host')]
      await stores.ledger.adopt(unnamed, mine)
      await stores.ledger.adopt(unnamed, others)
      expect((await find(stores, { ...unnamed, host: mine })).row).toEqual({ ...unnamed, host: mine })
    })

    test('counts no call that was given up before it began, neither as a use nor among the calls', async () => {
      const stores = await open()
      const { id, row } = await createWithSandbox(stores)
      await stores.bindings.bind(id, 'sevt_ran', to(1))
      const { usedAt } = await find(stores, row)
      await outlive(usedAt)
      for (const call of ['sevt_ran', 'sevt_never'])
        expect(await stores.bindings.bind(id, call, { ...to(1), isGivenUp: true })).toEqual(to(1))
      expect((await find(stores, row)).usedAt).toEqual(usedAt)
      const place = { sessionId: id, hand: 'main', generation: 1, at: null }
      expect(await stores.ledger.callsSince(place)).toEqual(['sevt_ran'])
      expect(await stores.ledger.retire(row, usedAt)).toBe(true)
      expect(await stores.bindings.bind(id, 'sevt_late', { ...to(1), isGivenUp: true })).toBeNull()
    })

    test('tells of the calls of a generation, in their order, and of those after a moment', async () => {
      const stores = await open()
      const { id, row } = await createWithSandbox(stores)
      for (const call of ['sevt_b', 'sevt_a']) await stores.bindings.bind(id, call, to(1))
      await stores.ledger.exported(buildCopy(row), (await find(stores, row)).usedAt)
      const { at } = (await stores.ledger.latestExport(id, 'main')) ?? { at: noon }
      await outlive(at)
      await stores.bindings.bind(id, 'sevt_c', to(1))
      const place = { sessionId: id, hand: 'main', generation: 1 }
      expect(new Set(await stores.ledger.callsSince({ ...place, at: null }))).toEqual(
        new Set(['sevt_a', 'sevt_b', 'sevt_c']),
      )
      expect(await stores.ledger.callsSince({ ...place, at })).toEqual(['sevt_c'])
      expect(await stores.ledger.callsSince({ ...place, generation: 2, at: null })).toEqual([])
      expect(await stores.ledger.callsSince({ ...place, hand: 'second', at: null })).toEqual([])
    })
  })
}
