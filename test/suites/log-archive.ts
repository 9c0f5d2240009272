import { describe, expect, test } from 'vitest'
import type { ArchivedItem, ArchiveWriter, LogArchive, Selection } from '../../src/history/archive.ts'
import { formatPosition } from '../../src/history/position.ts'
import { RunRefused, SessionBuried } from '../../src/store/buried.ts'
import { began, buildArchivedItem, buildArchivedRun, buildPrivateItem } from '../support/archive-builders.ts'
import { emptyState } from '../support/session-builders.ts'

export interface ArchiveScene {
  readonly archive: LogArchive & ArchiveWriter
  /** A session that may be archived: its id. */
  newSession(): Promise<string>
  bury(session: string): Promise<void>
}

const all: Selection = { order: 'asc', limit: 100, runs: { first: 1, last: 99 }, audience: 'client' }

/** What every archive does. */
export function logArchiveSuite(open: () => Promise<ArchiveScene>): void {
  describe('an archive', () => {
    test('knows nothing of a session that was never written', async () => {
      const { archive, newSession } = await open()
      const session = await newSession()
      expect(await archive.runs(session, 1)).toEqual([])
      expect(await archive.newest(session)).toBeNull()
      expect(await archive.page(session, all)).toEqual([])
      expect(await archive.find(session, 'sevt_1')).toEqual([])
    })

    test('keeps runs in order, and the state of the newest alone', async () => {
      const { archive, newSession } = await open()
      const session = await newSession()
      for (const run of [1, 3, 2]) await archive.write(session, buildArchivedRun({ run, archivedAt: run * 1_000 }), [])
      const kept = [1, 2, 3].map((run) => buildArchivedRun({ run, archivedAt: run * 1_000, state: null }))
      const newest = { ...kept[2], state: emptyState() }
      expect(await archive.runs(session, 1)).toEqual([kept[0], kept[1], newest])
      expect(await archive.runs(session, 2)).toEqual([kept[1], newest])
      expect(await archive.newest(session)).toEqual(newest)
    })

    test('lets a run grow and never shrink or open again', async () => {
      const { archive, newSession } = await open()
      const session = await newSession()
      const early = buildArchivedRun({ lastEvent: 4, closed: false, changedAt: began + 4 })
      const late = buildArchivedRun({ lastEvent: 8, closed: false, changedAt: began + 8, archivedAt: began + 9 })
      await archive.write(session, early, [])
      await archive.write(session, late, [])
      await archive.write(session, early, [])
      expect(await archive.newest(session)).toEqual(late)
      await archive.write(session, { ...late, closed: true }, [])
      await archive.write(session, late, [])
      expect(await archive.newest(session)).toEqual({ ...late, closed: true })
    })

    test('leaves an item as it is that is written again, and adds the others', async () => {
      const { archive, newSession } = await open()
      const session = await newSession()
      const first = buildArchivedItem({ run: 1, event: 5, index: 0 })
      const second = buildArchivedItem({ run: 1, event: 5, index: 1 })
      await archive.write(session, buildArchivedRun(), [first])
      const changed = { ...first, entry: { type: 'log.retry', after_ms: 1 } as const }
      await archive.write(session, buildArchivedRun(), [changed, second])
      expect(await archive.page(session, all)).toEqual([first, second])
    })

    test('refuses another run under a number that is taken', async () => {
      const { archive, newSession } = await open()
      const session = await newSession()
      const item = buildArchivedItem({ run: 1, event: 5, index: 0 })
      await archive.write(session, buildArchivedRun({ id: 'one' }), [])
      await expect(archive.write(session, buildArchivedRun({ id: 'two', lastEvent: 90 }), [item])).rejects.toThrow(
        new RunRefused(`run 1 of ${session} is kept as one, not as two`),
      )
      expect(await archive.runs(session, 1)).toEqual([buildArchivedRun({ id: 'one' })])
      expect(await archive.page(session, all)).toEqual([])
    })

    test('keeps sessions apart', async () => {
      const { archive, newSession } = await open()
      const [one, two] = [await newSession(), await newSession()]
      const item = buildArchivedItem({ run: 1, event: 5, index: 0 })
      await archive.write(one, buildArchivedRun(), [item])
      expect(await archive.page(two, all)).toEqual([])
      expect(await archive.find(two, 'sevt_1_5_0')).toEqual([])
      expect(await archive.runs(two, 1)).toEqual([])
      await archive.write(two, buildArchivedRun(), [item])
      expect(await archive.page(two, all)).toEqual([item])
    })

    test.each<[string, unknown]>([
      ['umlauts, emoji and a lone surrogate', 'äöü 🙂 𝒳 \ud800 \u2028'],
      ['NUL', 'before\u0000after \\u0000'],
      ['names that objects inherit', JSON.parse('{"__proto__": {"a": 1}, "constructor": null, "10": 1, "9": 2}')],
      ['keys in the order in which they came', { b: 1, a: { d: [1.5, 1e21, -0.001], c: '' } }],
      ['what looks like a list of the database', '{"a","b"},NULL \\ \' "'],
      ['64 KiB in one string', 'x\\"é'.repeat(16 * 1024)],
    ])('gives an entry back byte for byte: %s', async (_, value) => {
      const { archive, newSession } = await open()
      const session = await newSession()
      const position = { run: 1, event: 5, index: 0 }
      const call = { type: 'agent.tool_use', id: 'sevt_1', name: 'bash', input: { value } } as const
      const entry = { ...call, evaluated_permission: 'allow' } as const
      const item: ArchivedItem = { position, at: began, entry, audience: 'all' }
      const state = { ...emptyState(), title: JSON.stringify(value) }
      await archive.write(session, buildArchivedRun({ state }), [item])
      const [kept] = await archive.page(session, all)
      expect(kept).toEqual(item)
      expect(JSON.stringify(kept?.entry) === JSON.stringify(entry)).toBe(true)
      expect((await archive.newest(session))?.state?.title).toBe(JSON.stringify(value))
    })

    test('keeps where parts of an entry stand', async () => {
      const { archive, newSession } = await open()
      const session = await newSession()
      const blobs = [{ path: ['content', 0, 'text'], sha256: 'ab'.repeat(32), length: 70_000 }]
      const items = [
        buildArchivedItem({ run: 1, event: 5, index: 0 }, { blobs }),
        buildArchivedItem({ run: 1, event: 5, index: 1 }),
      ]
      await archive.write(session, buildArchivedRun(), items)
      const kept = await archive.page(session, all)
      expect(kept).toEqual(items)
      expect(kept.map((item) => 'blobs' in item)).toEqual([true, false])
    })

    test('takes a run of thousands of items', async () => {
      const { archive, newSession } = await open()
      const session = await newSession()
      const items = Array.from({ length: 4_500 }, (_, index) => buildArchivedItem({ run: 1, event: 3, index }))
      await archive.write(session, buildArchivedRun(), items)
      const kept = await archive.page(session, { ...all, limit: 9_999 })
      expect(kept.length).toBe(items.length)
      expect(kept).toEqual(items)
    })
  })

  describe('an event in the archive', () => {
    const position = { run: 1, event: 5, index: 0 }

    test('is found by its id', async () => {
      const { archive, newSession } = await open()
      const session = await newSession()
      const items = [0, 1, 2].map((index) => buildArchivedItem({ ...position, index }))
      await archive.write(session, buildArchivedRun(), items)
      expect(await archive.find(session, 'sevt_1_5_1')).toEqual([items[1]])
      expect(await archive.find(session, 'sevt_1_5_9')).toEqual([])
    })

    test('is not found when it is a private record', async () => {
      const { archive, newSession } = await open()
      const session = await newSession()
      const item = buildArchivedItem(position, { audience: 'model', entry: { type: 'log.abandoned', id: 'sevt_call' } })
      await archive.write(session, buildArchivedRun(), [item])
      expect(await archive.find(session, 'sevt_call')).toEqual([])
    })

    test.each([
      ['is long', 'i'.repeat(200_000)],
      ['holds NUL', 'a\u0000b'],
    ])('is found by an id of a plain client that %s', async (_, id) => {
      const { archive, newSession } = await open()
      const session = await newSession()
      const item = buildArchivedItem(position, { entry: { type: 'user.interrupt', id } })
      await archive.write(session, buildArchivedRun(), [item])
      expect(await archive.find(session, id)).toEqual([item])
    })

    test('may have the id of an earlier one: both are kept and found, in order', async () => {
      const { archive, newSession } = await open()
      const session = await newSession()
      const twice = [5, 6].map((event) =>
        buildArchivedItem({ ...position, event }, { entry: { type: 'user.interrupt', id: 'mine' } }),
      )
      await archive.write(session, buildArchivedRun(), twice)
      expect(await archive.page(session, all)).toEqual(twice)
      expect(await archive.find(session, 'mine')).toEqual(twice)
    })
  })

  describe('a page of the archive', () => {
    /** Three runs of three events of two items; the first item of each run is private, the last one for clients. */
    async function filled(): Promise<{ page(change: Partial<Selection>): Promise<readonly string[]> }> {
      const { archive, newSession } = await open()
      const session = await newSession()
      for (const run of [2, 1, 3]) {
        const places = [2, 5, 9].flatMap((event) => [0, 1].map((index) => ({ run, event, index })))
        const items = places.map((place, i) => {
          if (i === 0) return buildPrivateItem(place)
          if (i === 1) return buildArchivedItem(place, { entry: { type: 'user.interrupt', id: `sevt_${run}` } })
          return buildArchivedItem(place, i === 5 ? { audience: 'client' } : {})
        })
        await archive.write(session, buildArchivedRun({ run }), items)
      }
      return {
        page: async (change) =>
          (await archive.page(session, { ...all, ...change })).map(({ position }) => formatPosition(position)),
      }
    }
    const runOf = (run: number): string[] => ['2.1', '5.0', '5.1', '9.0', '9.1'].map((place) => `${run}.${place}`)
    const whole = [1, 2, 3].flatMap(runOf)
    const timeOf = (run: number, event: number): number => began + run * 100_000 + event * 10

    test('has the items of clients in order', async () => {
      const { page } = await filled()
      expect(await page({})).toEqual(whole)
      expect(await page({ order: 'desc' })).toEqual(whole.toReversed())
    })

    test('has private records for the model, and not what only clients see', async () => {
      const { page } = await filled()
      expect(await page({ audience: 'model', runs: { first: 2, last: 2 } })).toEqual([
        '2.2.0',
        '2.2.1',
        '2.5.0',
        '2.5.1',
        '2.9.0',
      ])
    })

    test.each(['asc', 'desc'] as const)('begins behind the one before it: %s', async (order) => {
      const { page } = await filled()
      const expected = order === 'asc' ? whole : whole.toReversed()
      for (const limit of [1, 2, 4]) {
        const walked: string[] = []
        for (let rest = expected.length; rest > 0; rest -= limit) {
          const [run, event, index] = (walked.at(-1) ?? '').split('.').map(Number)
          const behind = index === undefined ? {} : { behind: { run: run!, event: event!, index } }
          walked.push(...(await page({ order, limit, ...behind })))
        }
        expect(walked).toEqual(expected)
      }
    })

    test('begins behind a place at which nothing stands', async () => {
      const { page } = await filled()
      const behind = { run: 1, event: 6, index: 7 }
      expect(await page({ behind, limit: 2 })).toEqual(['1.9.0', '1.9.1'])
      expect(await page({ behind, limit: 2, order: 'desc' })).toEqual(['1.5.1', '1.5.0'])
    })

    test('stays within its runs, also when it begins behind an item outside them', async () => {
      const { page } = await filled()
      const runs = { first: 2, last: 2 }
      for (const order of ['asc', 'desc'] as const) {
        const expected = order === 'asc' ? runOf(2) : runOf(2).toReversed()
        expect(await page({ runs, order })).toEqual(expected)
        const [before, beyond] = [1, 3].map((run) => ({ run, event: 5, index: 0 }))
        expect(await page({ runs, order, behind: (order === 'asc' ? before : beyond)! })).toEqual(expected)
        expect(await page({ runs, order, behind: (order === 'asc' ? beyond : before)! })).toEqual([])
      }
    })

    test.each<[string, Selection['at'], readonly string[]]>([
      ['from a moment on', { least: timeOf(3, 5) }, runOf(3).slice(1)],
      ['up to a moment', { most: timeOf(1, 5) }, runOf(1).slice(0, 3)],
      ['from a moment between items on', { least: timeOf(3, 9) - 1 }, runOf(3).slice(3)],
      ['up to a moment between items', { most: timeOf(1, 5) + 1 }, runOf(1).slice(0, 3)],
      ['between two moments', { least: timeOf(1, 9), most: timeOf(2, 2) }, ['1.9.0', '1.9.1', '2.2.1']],
      ['at one moment', { least: timeOf(2, 5), most: timeOf(2, 5) }, ['2.5.0', '2.5.1']],
      ['after the last one', { least: timeOf(3, 9) + 1 }, []],
      ['before the first one', { most: began }, []],
      ['at no moment', { least: timeOf(2, 5), most: timeOf(2, 5) - 1 }, []],
    ])('has the items %s', async (_, at, expected) => {
      const { page } = await filled()
      const selection = at ? { at } : {}
      expect(await page(selection)).toEqual(expected)
      expect(await page({ ...selection, order: 'desc' })).toEqual(expected.toReversed())
      expect(await page({ ...selection, limit: 1 })).toEqual(expected.slice(0, 1))
    })

    test('combines a moment with a place to begin behind', async () => {
      const { page } = await filled()
      const at = { least: timeOf(2, 5), most: timeOf(3, 2) }
      expect(await page({ at, behind: { run: 2, event: 9, index: 0 } })).toEqual(['2.9.1', '3.2.1'])
      expect(await page({ at, behind: { run: 1, event: 2, index: 0 } })).toEqual([...runOf(2).slice(1), '3.2.1'])
      expect(await page({ at, order: 'desc', behind: { run: 2, event: 9, index: 0 } })).toEqual(['2.5.1', '2.5.0'])
    })

    test('has the items of some types in order', async () => {
      const { page } = await filled()
      const interrupts = ['1.2.1', '2.2.1', '3.2.1']
      expect(await page({ types: ['user.interrupt'] })).toEqual(interrupts)
      expect(await page({ types: ['user.interrupt', 'user.interrupt'] })).toEqual(interrupts)
      expect(await page({ types: ['user.interrupt', 'agent.message', 'session.error'] })).toEqual(whole)
      expect(await page({ types: ['agent.message', 'user.interrupt'], order: 'desc', limit: 7 })).toEqual(
        whole.toReversed().slice(0, 7),
      )
      expect(await page({ types: ['user.interrupt'], behind: { run: 1, event: 2, index: 1 } })).toEqual([
        '2.2.1',
        '3.2.1',
      ])
      expect(await page({ types: ['session.error'] })).toEqual([])
      expect(await page({ types: [] })).toEqual([])
      expect(await page({ types: ['log.retry'] })).toEqual([])
      expect(await page({ types: ['log.retry'], audience: 'model' })).toEqual(['1.2.0', '2.2.0', '3.2.0'])
    })
  })

  describe('the archive of a deleted session', () => {
    test('takes nothing more', async () => {
      const { archive, newSession, bury } = await open()
      const session = await newSession()
      await bury(session)
      await expect(archive.write(session, buildArchivedRun(), [])).rejects.toThrow(SessionBuried)
      expect(await archive.runs(session, 1)).toEqual([])
    })

    test('takes nothing more of a run that it has, while that is still being removed', async () => {
      const { archive, newSession, bury } = await open()
      const session = await newSession()
      await archive.write(session, buildArchivedRun({ closed: false, lastEvent: 2 }), [])
      await bury(session)
      const items = [buildArchivedItem({ run: 1, event: 5, index: 0 })]
      await expect(archive.write(session, buildArchivedRun({ lastEvent: 6 }), items)).rejects.toThrow(SessionBuried)
      expect(
        await archive.page(session, { order: 'asc', limit: 1, runs: { first: 1, last: 1 }, audience: 'client' }),
      ).toEqual([])
    })
  })
}
