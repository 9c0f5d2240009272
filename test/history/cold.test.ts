import { describe, expect, test } from 'vitest'
import type { LogArchive } from '../../src/history/archive.ts'
import { LogNotFound } from '../../src/history/session-log.ts'
import type { LogItem } from '../../src/history/project.ts'
import { NOON, SESSION, ServerError, createFakeSource, decided, ended } from '../support/history-builders.ts'
import { createMemoryArchive } from '../support/memory-archive.ts'
import { archiveRuns, holdRuns, runsOf, toAtoms, wholeLog } from '../support/run-builders.ts'
import { itemsOf, openLog, record } from '../support/session-log-builders.ts'
import { CHAPTERS, FINISHED, RUNS, WHOLE, readAll } from '../support/three-runs.ts'

describe('a cold reader', () => {
  test.each<readonly number[][]>([[[]], [[1]], [[2]], [[1, 2]]])(
    'reads the whole log with %j in the archive alone',
    async (kept) => {
      const archive = createMemoryArchive()
      await archiveRuns(archive, RUNS, kept)
      for (const archived of [[], kept]) {
        const { source, log } = openLog({ archive })
        holdRuns(source, runsOf(CHAPTERS, { archived }), kept)
        const view = await log.read(SESSION)
        expect(view.runs.map(({ run }) => run)).toEqual([1, 2, 3].filter((run) => !kept.includes(run)))
        expect(await readAll(log, view)).toEqual(FINISHED)
        expect(view.startedAt).toBe(NOON)
      }
    },
  )

  test.each([
    ['nowhere', []],
    ['in the archive without its end', [(RUNS[0] ?? []).slice(0, 2)]],
  ])('never answers a shorter log: a run is %s', async (_, kept) => {
    const archive = createMemoryArchive()
    await archiveRuns(archive, kept, kept.length > 0 ? [1] : [])
    const { source, log } = openLog({ archive })
    holdRuns(source, RUNS, [1])
    await expect(log.read(SESSION)).rejects.toThrow(LogNotFound)
    await expect(log.read(SESSION)).rejects.toThrow(/run 1 of .* neither in history nor in the archive/)
    expect(log.known(SESSION)).toBeNull()
    await archiveRuns(archive, RUNS, [1])
    expect(await readAll(log, await log.read(SESSION))).toEqual(FINISHED)
  })

  test('finds a run that went into the archive while it was looking for it', async () => {
    const kept = createMemoryArchive()
    await archiveRuns(kept, RUNS, [1])
    let asked = 0
    const runs: LogArchive['runs'] = async (...of) => (asked++ === 0 ? [] : kept.runs(...of))
    const { source, log } = openLog({ archive: { ...kept, runs } })
    holdRuns(source, RUNS, [1])
    expect(await readAll(log, await log.read(SESSION))).toEqual(FINISHED)
  })

  test.each([0, 1, 2])('knows nothing when it fails on the way, after %i reads', async (good) => {
    const source = createFakeSource()
    holdRuns(source, RUNS)
    let count = 0
    const failing = { ...source, read: (...of: Parameters<typeof source.read>) => fail() ?? source.read(...of) }
    const fail = () => (count++ === good ? Promise.reject(new ServerError(14)) : undefined)
    const { log } = openLog({ source: failing })
    await expect(log.read(SESSION)).rejects.toMatchObject({ code: 14 })
    expect(log.known(SESSION)).toBeNull()
    expect(itemsOf(await log.read(SESSION))).toEqual(WHOLE)
  })

  describe('of a session that history has no more', () => {
    const chapters = [...CHAPTERS.slice(0, 2), [decided({ type: 'session.status_terminated', id: 'end' })]]

    async function gone(last: Parameters<typeof runsOf>[0][number], numbers: readonly number[]) {
      const runs = runsOf([...chapters.slice(0, 2), last])
      const archive = createMemoryArchive()
      await archiveRuns(archive, runs, numbers)
      return { ...openLog({ archive }), whole: wholeLog(runs).filter(({ finished }) => finished) }
    }

    test('reads it from the archive alone, and once', async () => {
      const { log, source, whole } = await gone([...(chapters[2] ?? []), ended('completed')], [1, 2, 3])
      const view = await log.read(SESSION)
      expect(view).toMatchObject({ run: 3, runs: [], startedAt: NOON, state: { status: 'terminated' } })
      expect(await readAll(log, view)).toEqual(whole)
      expect(await log.find(view, 'end')).toEqual(whole.at(-1))
      expect(await log.read(SESSION)).toEqual(view)
      expect(source.reads).toEqual([0])
      expect(log.known(SESSION)).toEqual(view)
    })

    test('reads one that had a single run', async () => {
      const runs = runsOf([[...toAtoms(['answer']), ended('terminated', 'by hand')]])
      const archive = createMemoryArchive()
      await archiveRuns(archive, runs, [1])
      const { log } = openLog({ archive })
      const view = await log.read(SESSION)
      expect([view.run, view.runs.length]).toEqual([1, 0])
      expect(await readAll(log, view)).toEqual(wholeLog(runs))
    })

    test('tells a subscriber that it is over', async () => {
      const { log, source } = await gone([...(chapters[2] ?? []), ended('completed')], [1, 2, 3])
      const recording = record()
      await log.subscribe(SESSION, recording)
      await recording.until({ ends: 1 })
      expect(source.polls).toEqual([])
    })

    test('takes it as it was copied before its run had ended', async () => {
      const { log, whole } = await gone(chapters[2] ?? [], [1, 2, 3])
      expect(await readAll(log, await log.read(SESSION))).toEqual(whole)
    })

    test.each([
      ['the newest run that is kept handed over to another one', [1, 2]],
      ['nothing is kept', []],
      ['a run before the last one is not kept', [1, 3]],
    ])('rejects when %s', async (_, numbers) => {
      const { log } = await gone(chapters[2] ?? [], numbers)
      await expect(log.read(SESSION)).rejects.toThrow(LogNotFound)
      expect(log.known(SESSION)).toBeNull()
    })
  })
})

describe('an archive that does not answer', () => {
  const away = (): Promise<never> => Promise.reject(new Error('no database'))
  const archive: LogArchive = { runs: away, newest: away, page: away, find: away, resets: away }

  test('fails no read that history alone can answer', async () => {
    const { source, log } = openLog({ archive })
    holdRuns(source, RUNS.slice(0, 2))
    await log.read(SESSION)
    source.grow(...(RUNS[2] ?? []))
    const view = await log.read(SESSION)
    expect(await readAll(log, view)).toEqual(FINISHED)
    expect(await log.find(view, 'sevt_none')).toBeNull()
    const behind: LogItem[] = []
    for await (const items of log.behind(view, { run: 1, event: 1, index: 0 })) behind.push(...items)
    expect(behind).toEqual(WHOLE)
  })

  test.each([[[1]], [[1, 2, 3]]])('fails a read that needs it for %j, as it failed', async (gone) => {
    const { source, log } = openLog({ archive })
    holdRuns(source, RUNS, gone)
    const reading = log.read(SESSION)
    await expect(reading).rejects.toThrow('no database')
    await expect(reading).rejects.not.toThrow(LogNotFound)
    expect(log.known(SESSION)).toBeNull()
  })
})
