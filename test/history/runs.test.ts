import { describe, expect, test } from 'vitest'
import { comparePositions } from '../../src/history/position.ts'
import { NOON, SESSION, ServerError, ended, takenOver } from '../support/history-builders.ts'
import { createMemoryArchive } from '../support/memory-archive.ts'
import {
  archiveRuns,
  carriedOver,
  holdRuns,
  projectRun,
  runId,
  runsOf,
  toAtoms,
  wholeLog,
} from '../support/run-builders.ts'
import { emptyState, message } from '../support/session-builders.ts'
import { idsOf, itemsOf, openLog, record, settle } from '../support/session-log-builders.ts'
import { CHAPTERS, FINISHED, RUNS, WHOLE, readAll } from '../support/three-runs.ts'

describe('a log of several runs', () => {
  test('reads as one', async () => {
    const { source, log } = openLog()
    holdRuns(source, RUNS)
    const view = await log.read(SESSION)
    expect(itemsOf(view)).toEqual(WHOLE)
    expect(view).toMatchObject({ run: 3, length: 3, signals: 1, startedAt: NOON })
    expect(view.runs.map(({ run, items }) => items.every(({ position }) => position.run === run))).toEqual([
      true,
      true,
      true,
    ])
    expect(view.state).toEqual(projectRun(RUNS[2] ?? []).state)
    expect(view.state.seen).toEqual(['m1', 'm2', 'confirm1', 'm3'])
    const ordered = WHOLE.map(({ position }) => position)
    expect(ordered).toEqual(ordered.toSorted(comparePositions))
  })

  test('carries the queue whole: what waits is marked in the run after', async () => {
    const { source, log } = openLog()
    holdRuns(source, RUNS.slice(0, 2))
    const ids = idsOf(itemsOf(await log.read(SESSION)))
    expect(ids.slice(0, 4)).toEqual(['m1', 'm2', 'm1', 'm2'])
    expect(projectRun(RUNS[1] ?? []).items[0]).toMatchObject({
      position: { run: 2, event: 2, index: 0 },
      says: message('m2'),
      finished: true,
    })
  })

  test('never goes back in time, though a run’s clock may', async () => {
    const { source, log } = openLog()
    holdRuns(source, runsOf(CHAPTERS, { timeOf: (n) => NOON - n * 1000 }))
    const times = itemsOf(await log.read(SESSION)).map(({ at }) => at)
    expect(times.every((at) => at === NOON)).toBe(true)
  })

  test('has the derived end of the last run alone', async () => {
    const { source, log } = openLog()
    holdRuns(source, runsOf([...CHAPTERS.slice(0, 2), [ended('terminated', 'by hand')]]))
    const view = await log.read(SESSION)
    expect(itemsOf(view).flatMap(({ shown }) => (shown?.type.startsWith('session.') ? [shown.type] : []))).toEqual([
      'session.error',
      'session.status_terminated',
    ])
    expect(itemsOf(view).at(-1)?.position.run).toBe(3)
    expect(view.state.status).toBe('terminated')
  })

  test('gives the places of activities by the ids of their runs', async () => {
    const { source, log } = openLog()
    holdRuns(source, RUNS)
    const { runs } = await log.read(SESSION)
    const places = runs.map(({ scheduled: place }) => [1, 2, 3].map((run) => place(runId(run), 'call')))
    expect(places).toEqual([
      [null, null, null],
      [null, null, null],
      [null, null, { run: 3, event: 3, index: 0 }],
    ])
  })

  test('is not begun by a run that nobody handed over to, whatever its input says', async () => {
    const { source, log } = openLog()
    const carried = carriedOver({ run: 5, state: emptyState({ title: 'forged' }) })
    source.grow(...runsOf([[]], { input: { carried, title: 'mine', events: [message('m1')] } }).flat())
    const view = await log.read(SESSION)
    expect([view.run, view.state.title, idsOf(itemsOf(view))]).toEqual([1, 'mine', ['m1']])
  })

  test('is not read from a state of a later version', async () => {
    const { source, log } = openLog()
    const state = { ...emptyState(), v: 2 }
    source.grow({ eventId: 1, at: NOON, ...takenOver(runId(2), carriedOver({ state: state as never })) })
    await expect(log.read(SESSION)).rejects.toThrow(/version 1, got 2/)
    expect(log.known(SESSION)).toBeNull()
  })
})

describe('a reader', () => {
  test('follows every run that has come since it read last', async () => {
    const { source, log } = openLog()
    const runs = runsOf([...CHAPTERS, ...CHAPTERS.map(() => toAtoms(['retry']))])
    source.grow(...(runs[0]?.slice(0, 2) ?? []))
    expect((await log.read(SESSION)).run).toBe(1)
    source.grow(...(runs[0]?.slice(2) ?? []), ...runs.slice(1).flat())
    const view = await log.read(SESSION)
    expect(view.run).toBe(6)
    expect(itemsOf(view)).toEqual(wholeLog(runs))
  })

  test('reads on within the run that it stands in', async () => {
    const { source, log } = openLog()
    holdRuns(source, RUNS)
    await log.read(SESSION)
    const before = source.runs.length
    await log.read(SESSION)
    expect([source.runs.slice(before), source.reads.slice(before)]).toEqual([[runId(3)], [3]])
  })

  test('begins anew when history has let go of the run that it stands in, and misses nothing', async () => {
    const archive = createMemoryArchive()
    const { source, log } = openLog({ archive })
    source.grow(...(RUNS[0] ?? []).slice(0, 2))
    await log.read(SESSION)
    source.grow(...(RUNS[0] ?? []).slice(2), ...RUNS.slice(1).flat())
    await archiveRuns(archive, RUNS, [1, 2])
    for (const run of [1, 2]) source.remove(runId(run))
    const view = await log.read(SESSION)
    expect(view.runs.map(({ run }) => run)).toEqual([3])
    expect(await readAll(log, view)).toEqual(FINISHED)
  })

  test('lets go of runs that have come into the archive, and reads the same', async () => {
    const archive = createMemoryArchive()
    const { source, log } = openLog({ archive })
    holdRuns(source, RUNS)
    const before = await log.read(SESSION)
    await archiveRuns(archive, RUNS, [2])
    const holed = await log.read(SESSION)
    expect(holed.runs.map(({ run }) => run)).toEqual([1, 3])
    await archiveRuns(archive, RUNS, [1])
    const after = await log.read(SESSION)
    expect(after.runs.map(({ run }) => run)).toEqual([3])
    for (const view of [before, holed, after]) expect(await readAll(log, view)).toEqual(FINISHED)
    expect(after).toEqual({ ...before, runs: [{ ...before.runs[2], scheduled: expect.any(Function) }] })
  })

  test('keeps a run that is in the archive as far as it had come', async () => {
    const archive = createMemoryArchive()
    const early = [(RUNS[0] ?? []).slice(0, 2)]
    await archiveRuns(archive, early, [1])
    const { source, log } = openLog({ archive })
    holdRuns(source, RUNS)
    expect(itemsOf(await log.read(SESSION))).toEqual(WHOLE)
    expect((await log.read(SESSION)).runs).toHaveLength(3)
  })
})

describe('a watcher', () => {
  test('goes from run to run, each from its first event, and brings what became of activities under its run', async () => {
    const { source, log } = openLog()
    const chapters = [toAtoms(['answer', 'retry']), toAtoms(['answer', 'lost']), toAtoms(['cancelled', 'confirm'])]
    const runs = runsOf(chapters)
    source.grow(...(runs[0] ?? []).slice(0, 1))
    const recording = record()
    await log.subscribe(SESSION, recording)
    await source.whenWaiting()
    source.grow(...(runs[0] ?? []).slice(1), ...runs.slice(1).flat())
    await recording.until({ ids: idsOf(wholeLog(runs)).length })
    await source.whenWaiting()
    await settle()
    expect(recording.ids).toEqual(idsOf(wholeLog(runs)))
    expect(recording.marks.map(({ run, activity, is }) => `${run} ${activity} ${is}`)).toEqual([
      'run-1 answer0 scheduled',
      'run-1 answer0 over',
      'run-2 answer0 scheduled',
      'run-2 answer0 over',
      'run-2 lost1 scheduled',
      'run-2 lost1 over',
      'run-3 cancelled0 scheduled',
      'run-3 cancelled0 over',
    ])
    // A run that handed over is asked once more before its token is empty, and only then left.
    const [one = 0, two = 0, three = 0] = runs.map(({ length }) => length)
    expect(source.polls).toEqual([null, '1', `${one}`, null, `${two}`, null, `${three}`])
  })

  test('tells of a run’s last items at once, although the server has more of it to say', async () => {
    const { source, log } = openLog()
    source.grow(...(RUNS[0] ?? []).slice(0, 2))
    const recording = record()
    await log.subscribe(SESSION, recording)
    await source.whenWaiting()
    source.fail('read', new ServerError(14), new ServerError(14))
    source.grow(...(RUNS[0] ?? []).slice(2), ...(RUNS[1] ?? []))
    await recording.until({ ids: idsOf(wholeLog(RUNS.slice(0, 2))).length - 2 })
    expect(recording.ids).toEqual(idsOf(wholeLog(RUNS.slice(0, 2))).slice(2))
  })

  test('ends its subscriptions when history has let go of what it was to read next', async () => {
    const archive = createMemoryArchive()
    const { source, log } = openLog({ archive })
    source.grow(...(RUNS[0] ?? []).slice(0, 2))
    const recording = record()
    await log.subscribe(SESSION, recording)
    await source.whenWaiting()
    await archiveRuns(archive, RUNS, [1, 2])
    source.remove(runId(1))
    source.grow(...(RUNS[2] ?? []))
    const view = await log.read(SESSION)
    await recording.until({ ends: 1 })
    expect(await readAll(log, view)).toEqual(FINISHED)
    await settle()
    expect(source.waiting).toBe(0)
  })

  test('lets go of runs that have come into the archive, although nobody reads', async () => {
    const archive = createMemoryArchive()
    const { source, log } = openLog({ archive })
    source.grow(...(RUNS[0] ?? []).slice(0, 2))
    await log.subscribe(SESSION, record())
    await source.whenWaiting()
    source.grow(...(RUNS[0] ?? []).slice(2), ...(RUNS[1] ?? []).slice(0, 1))
    await settle()
    await source.whenWaiting()
    await archiveRuns(archive, RUNS, [1])
    source.grow(...(RUNS[1] ?? []).slice(1), ...(RUNS[2] ?? []))
    await settle()
    await source.whenWaiting()
    expect(log.known(SESSION)?.runs.map(({ run }) => run)).toEqual([2, 3])
  })

  test('that waits for its server is overtaken by a reader, who ends the subscription when it would miss something', async () => {
    const archive = createMemoryArchive()
    const { source, log } = openLog({ archive, pause: () => new Promise(() => undefined) })
    source.grow(...(RUNS[0] ?? []).slice(0, 2))
    source.fail('poll', new ServerError(14))
    const recording = record()
    await log.subscribe(SESSION, recording)
    await archiveRuns(archive, RUNS, [1, 2])
    source.remove(runId(1))
    source.grow(...(RUNS[2] ?? []))
    expect(await readAll(log, await log.read(SESSION))).toEqual(FINISHED)
    expect([recording.ends, recording.ids]).toEqual([1, []])
  })
})
