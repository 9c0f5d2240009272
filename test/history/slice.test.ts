import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Position } from '../../src/history/position.ts'
import { comparePositions } from '../../src/history/position.ts'
import type { LogItem } from '../../src/history/project.ts'
import { LogNotFound, createSessionLog } from '../../src/history/session-log.ts'
import type { Slice } from '../../src/history/slice.ts'
import { NOON, SESSION, createFakeSource } from '../support/history-builders.ts'
import { createMemoryArchive } from '../support/memory-archive.ts'
import type { Atom } from '../support/run-builders.ts'
import { archiveRuns, cutLogs, holdRuns, runsOf, toAtoms, wholeLog } from '../support/run-builders.ts'
import { openLog } from '../support/session-log-builders.ts'
import { silentLog } from '../support/silent-log.ts'

/** A session whose closed runs of these numbers are in the archive alone. */
async function scene(chapters: readonly (readonly Atom[])[], kept: readonly number[]) {
  const runs = runsOf(chapters)
  const archive = createMemoryArchive()
  const closed = kept.filter((run) => run < runs.length)
  await archiveRuns(archive, runs, closed)
  const { source, log } = openLog({ archive })
  holdRuns(source, runs, closed)
  return { log, source, archive, runs, all: wholeLog(runs), view: await log.read(SESSION) }
}

/** What a slice is of plain items. */
function cut(all: readonly LogItem[], { order, limit, behind, at, types, audience }: Slice): readonly LogItem[] {
  const chosen = all.filter((item) => {
    const entry = audience === 'client' ? item.shown : item.says
    const side = behind ? comparePositions(item.position, behind) : order === 'asc' ? 1 : -1
    return (
      item.finished &&
      entry !== null &&
      (order === 'asc' ? side > 0 : side < 0) &&
      (!types || types.includes(entry.type)) &&
      (at?.least === undefined || item.at >= at.least) &&
      (at?.most === undefined || item.at <= at.most)
    )
  })
  return (order === 'asc' ? chosen : chosen.toReversed()).slice(0, limit)
}

const slices = fc.record({
  order: fc.constantFrom('asc' as const, 'desc' as const),
  limit: fc.integer({ min: 1, max: 60 }),
  audience: fc.constantFrom('client' as const, 'model' as const),
  place: fc.option(fc.record({ nth: fc.nat(), off: fc.integer({ min: -1, max: 1 }) })),
  least: fc.option(fc.nat({ max: 50 })),
  most: fc.option(fc.nat({ max: 50 })),
  types: fc.option(fc.subarray(['agent.message', 'user.message', 'log.retry', 'log.summary'])),
})

describe('a slice', () => {
  test('of any log, however it is cut and wherever its runs are kept, is the same part of it', async () => {
    let archived = 0
    const property = fc.asyncProperty(
      cutLogs,
      fc.array(fc.integer({ min: 1, max: 7 })),
      fc.array(slices, { minLength: 1, maxLength: 5 }),
      async (chapters, kept, asked) => {
        const { log, view, all } = await scene(chapters, kept)
        archived += view.run - view.runs.length
        for (const { place, least, most, types, ...rest } of asked) {
          const at = {
            ...(least === null ? {} : { least: NOON + least * 1000 }),
            ...(most === null ? {} : { most: NOON + most * 1000 }),
          }
          const near = place && all[place.nth % Math.max(1, all.length)]?.position
          const slice: Slice = {
            ...rest,
            ...(near ? { behind: { ...near, index: near.index + place.off } } : {}),
            ...(types ? { types } : {}),
            at,
          }
          expect(await log.slice(view, slice)).toEqual(cut(all, slice))
        }
      },
    )
    await fc.assert(property, { numRuns: 250 })
    expect(archived).toBeGreaterThan(50)
    console.log(`slices: n = 250 logs, ${archived} runs read from the archive`)
  })

  test('is of one view: a page of an older one has nothing that came since', async () => {
    const atoms = toAtoms(['answer', 'answer', 'answer'])
    const { log, source, archive, view } = await scene([atoms.slice(0, 1), atoms.slice(1, 2)], [1])
    const grown = runsOf([atoms.slice(0, 1), atoms.slice(1, 2), atoms.slice(2)])
    source.grow(...(grown[1]?.slice(-1) ?? []), ...(grown[2] ?? []))
    await archiveRuns(archive, grown, [2])
    const all = { order: 'asc', limit: 99, audience: 'client' } as const
    const before = await log.slice(view, all)
    const later = await log.read(SESSION)
    expect(later.runs.map(({ run }) => run)).toEqual([3])
    expect(await log.slice(view, all)).toEqual(before)
    expect((await log.slice(later, all)).slice(0, before.length)).toEqual(before)
    expect((await log.slice(later, all)).length).toBeGreaterThan(before.length)
  })

  test('without an archive is refused where one would be needed, and only there', async () => {
    const { view } = await scene([toAtoms(['answer']), toAtoms(['retry', 'retry', 'answer'])], [1])
    const log = createSessionLog({ source: createFakeSource(), log: silentLog })
    const newest = { order: 'desc', limit: 1, audience: 'client' } as const
    expect(await log.slice(view, newest)).toHaveLength(1)
    await expect(log.slice(view, { ...newest, limit: 99 })).rejects.toThrow(LogNotFound)
    await expect(log.find(view, 'sevt_none')).rejects.toThrow(/in the archive/)
  })
})

describe('a find', () => {
  test('gives every finished event by its id and by its place, and nothing else', async () => {
    const property = fc.asyncProperty(cutLogs, fc.array(fc.integer({ min: 1, max: 7 })), async (chapters, kept) => {
      const { log, view, all } = await scene(chapters, kept)
      const finished = all.filter((item) => item.finished && item.shown)
      for (const item of finished) {
        expect(await log.find(view, item.shown?.id ?? '')).toEqual(item)
        expect(await log.find(view, item.position)).toEqual(item)
      }
      for (const { position } of all.filter((item) => !finished.includes(item))) {
        expect(await log.find(view, position)).toBeNull()
      }
      for (const { id } of view.state.queue) expect(await log.find(view, id)).toBeNull()
      expect(await log.find(view, 'sevt_none')).toBeNull()
    })
    await fc.assert(property, { numRuns: 100 })
    console.log('finds: n = 100 logs, every event of each')
  })

  test('asks no archive when all of the log is in memory', async () => {
    const away = { ...createMemoryArchive(), find: () => Promise.reject(new Error('no database')) }
    const { view } = await scene([toAtoms(['answer'])], [])
    const { log } = openLog({ archive: away })
    expect(await log.find(view, 'sevt_none')).toBeNull()
  })
})

describe('what stands behind a place', () => {
  async function behind(log: ReturnType<typeof openLog>['log'], of: Parameters<typeof log.behind>[0], place: Position) {
    const found: LogItem[] = []
    for await (const page of log.behind(of, place)) found.push(...page)
    return found.filter(({ shown }) => shown)
  }

  test('is all that clients are shown from there on; what waited has no echo in the archive', async () => {
    const property = fc.asyncProperty(cutLogs, fc.array(fc.integer({ min: 1, max: 7 })), async (chapters, kept) => {
      const { log, view, all } = await scene(chapters, kept)
      const inMemory = new Set(view.runs.map(({ run }) => run))
      const streamed = all.filter(({ shown, finished, position }) => shown && (finished || inMemory.has(position.run)))
      for (const { position } of all) {
        const rest = streamed.filter((item) => comparePositions(item.position, position) > 0)
        expect(await behind(log, view, position)).toEqual(rest)
      }
    })
    await fc.assert(property, { numRuns: 100 })
    console.log('resumes: n = 100 logs, from every place of each')
  })

  test('comes in pages from the archive, with nothing lost between them', async () => {
    const words = Array.from({ length: 1200 }, () => 'confirm' as const)
    const { log, view, all } = await scene([toAtoms(words), []], [1])
    expect(await behind(log, view, { run: 1, event: 1, index: 0 })).toEqual(all)
  })
})
