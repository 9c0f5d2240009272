import { describe, expect, test } from 'vitest'
import { buildArchivedItem, buildArchivedRun } from '../support/archive-builders.ts'
import type { ArchiveScene } from './log-archive.ts'

/** What every archive does with runs that resets made. */
export function archiveResetsSuite(open: () => Promise<ArchiveScene>): void {
  describe('an archive of a session that was reset', () => {
    const cuts = [{ run: 2, event: 17, next: 40 }]
    const items = [2, 40].map((run) => buildArchivedItem({ run, event: 3, index: 0 }))
    const all = { order: 'asc', limit: 100, runs: { first: 1, last: 99 }, audience: 'client' } as const

    test('knows which runs resets made, what they gave up, and what was copied', async () => {
      const { archive, newSession } = await open()
      const session = await newSession()
      await archive.write(session, buildArchivedRun({ run: 1 }), [])
      await archive.write(session, buildArchivedRun({ run: 40, follows: 'run-1', cuts }), items)
      expect(await archive.page(session, all)).toEqual(items)
      expect(await archive.resets(session)).toMatchObject([{ run: 40, cuts }])
      expect(await archive.newest(session)).toMatchObject({ run: 40, follows: 'run-1', cuts })
      expect(await archive.resets(await newSession())).toEqual([])
    })

    test('keeps what was given up beside it, whichever comes first', async () => {
      const { archive, newSession } = await open()
      const session = await newSession()
      const given = [items[0], { run: 2, event: 18, index: 0 }].flatMap((one) =>
        one === undefined ? [] : 'run' in one ? [buildArchivedItem(one)] : [one],
      )
      await archive.write(session, buildArchivedRun({ run: 40, follows: 'run-1', cuts }), items)
      await archive.write(session, buildArchivedRun({ run: 2 }), given)
      expect(await archive.page(session, all)).toEqual([...given, items[1]])
    })

    test.each(['asc', 'desc'] as const)('has pages that end at an event of their last run, %s', async (order) => {
      const { archive, newSession } = await open()
      const session = await newSession()
      const some = [1, 2, 3].flatMap((run) => [4, 5, 6].map((event) => buildArchivedItem({ run, event, index: 1 })))
      await archive.write(session, buildArchivedRun(), some)
      const found = await archive.page(session, { ...all, order, runs: { first: 1, last: 2, lastEvent: 5 } })
      expect(found).toEqual(order === 'asc' ? some.slice(0, 5) : some.slice(0, 5).toReversed())
    })
  })
}
