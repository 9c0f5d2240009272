import { describe, expect, test } from 'vitest'
import type { HistoryItem } from '../../src/history/item.ts'
import { comparePositions } from '../../src/history/position.ts'
import { LogNotFound } from '../../src/history/session-log.ts'
import type { HistorySource } from '../../src/history/source.ts'
import type { LogItem } from '../../src/history/project.ts'
import { copyRun } from '../../src/history/copy.ts'
import type { FakeSource } from '../support/history-builders.ts'
import { NOON, SESSION, continued, createFakeSource, decided, ended, signaled } from '../support/history-builders.ts'
import type { MemoryArchive } from '../support/memory-archive.ts'
import { createMemoryArchive } from '../support/memory-archive.ts'
import { carriedOver, projectRun, resetRun, runId, runsOf } from '../support/run-builders.ts'
import { confirm, message } from '../support/session-builders.ts'
import { idsOf, openLog, record, settle } from '../support/session-log-builders.ts'
import { readAll } from '../support/three-runs.ts'

const say = (id: string) => decided({ type: 'session.status_running', id })
const LATER = NOON + 60_000

/** Three runs: `a1 a2 | b1 b2 | c1 c2`, each of one event; the last is ended by the reset. */
const RUNS = runsOf([
  [say('a1'), say('a2')],
  [say('b1'), say('b2')],
  [say('c1'), say('c2'), ended('reset', 'someone')],
])
const run = (number: number): readonly HistoryItem[] => RUNS[number - 1] ?? []

/** Back to the first entry of a run; what it gave up is said again by others. */
const back = (number: number, id: string, at = LATER): readonly HistoryItem[] =>
  resetRun(run(number), { upTo: 2, id, at, more: [signaled(confirm(`${id}-y`, 'call')), say(`${id}-1`)] })

type Histories = Readonly<Record<string, readonly HistoryItem[]>>

/** Every run by its id, the present one last. */
async function scene(histories: Histories, kept: readonly string[] = [], archive = createMemoryArchive()) {
  const source = createFakeSource()
  for (const [id, items] of Object.entries(histories)) source.put(id, items)
  await keep({ source, archive, ids: kept })
  const { log } = openLog({ source, archive })
  return { source, archive, log }
}

async function keep({ source, archive, ids }: { source: FakeSource; archive: MemoryArchive; ids: readonly string[] }) {
  for (const id of ids) {
    const { run: row, items } = await copyRun(source, SESSION, id)
    await archive.write(SESSION, row, items)
  }
}

const earlier = { 'run-1': run(1), 'run-2': run(2), 'run-3': run(3) }
/** The workflow does not know the number that its readers give the run that was reset. */
const unarchived = [
  { run: 1, id: 'run-1' },
  { run: 2, id: 'x' },
]
const followed = (id: string, number: number): Histories => ({
  [`${id}-next`]: runsOf([[say(`${id}-next-1`)]])
    .flat()
    .map((item) =>
      item.type === 'started'
        ? {
            ...item,
            runId: `${id}-next`,
            follows: id,
            input: { carried: carriedOver({ run: number, at: LATER, unarchived }) },
          }
        : { ...item, at: LATER + 9_000 },
    ),
})

describe('a log whose workflow was reset', () => {
  const cases: readonly [string, Histories, readonly string[]][] = [
    ['the present run', { ...earlier, x: back(3, 'x') }, ['a1', 'a2', 'b1', 'b2', 'c1', 'x-y', 'x-1']],
    ['an earlier run', { ...earlier, x: back(1, 'x') }, ['a1', 'x-y', 'x-1']],
    [
      'one run twice',
      { ...earlier, x: back(2, 'x'), y: back(2, 'y', LATER + 5_000) },
      ['a1', 'a2', 'b1', 'y-y', 'y-1'],
    ],
    [
      'what the reset before had made',
      {
        ...earlier,
        x: back(2, 'x'),
        y: resetRun(back(2, 'x'), { upTo: 4, id: 'y', at: LATER + 5_000, more: [say('y-1')] }),
      },
      ['a1', 'a2', 'b1', 'x-y', 'y-1'],
    ],
    [
      'a run that an earlier reset had given up',
      { ...earlier, x: back(1, 'x'), y: back(2, 'y', LATER + 5_000) },
      ['a1', 'a2', 'b1', 'y-y', 'y-1'],
    ],
    [
      'a run that has handed over since',
      {
        ...earlier,
        x: [...back(2, 'x'), { eventId: 6, at: LATER + 8_000, ...continued('x-next') }],
        ...followed('x', 99_999),
      },
      ['a1', 'a2', 'b1', 'x-y', 'x-1', 'x-next-1'],
    ],
  ]

  test.each(cases)('goes on from there, wherever its runs are kept: %s', async (_, histories, ids) => {
    const all = Object.keys(histories)
    const live = await livesOf(histories)
    for (const kept of [[], ['run-1'], ['run-1', 'run-2', 'run-3'], all.slice(0, -1), all, all.toReversed()]) {
      const { log, source } = await scene(histories, kept)
      // What is in the archive is looked for nowhere else.
      for (const id of kept) if (live.includes(id) && id !== all.at(-1)) source.remove(id)
      const view = await log.read(SESSION)
      const items = await readAll(log, view)
      expect([kept, idsOf(items)]).toEqual([kept, ids])
      const places = items.map(({ position }) => position)
      expect(places).toEqual(places.toSorted(comparePositions))
      const desc = await log.slice(view, { order: 'desc', limit: 99, audience: 'client' })
      expect([kept, idsOf(desc)]).toEqual([kept, ids.toReversed()])
      for (const [index, item] of items.entries()) {
        expect(await log.find(view, item.position)).toEqual(item)
        expect(await log.find(view, ids[index] ?? '')).toEqual(item)
        const rest = []
        for await (const page of log.behind(view, item.position)) rest.push(...page)
        expect([kept, idsOf(rest)]).toEqual([kept, ids.slice(index + 1)])
      }
      for (const { position, shown } of allOf(histories)) {
        const isThere = ids.includes(shown?.id ?? '')
        expect([kept, shown?.id, await log.wasGivenUp(view, position)]).toEqual([kept, shown?.id, !isThere])
        expect(await log.mayBeShown(view, position)).toBe(true)
        expect((await log.find(view, shown?.id ?? '')) !== null).toBe(isThere)
      }
    }
  })

  test.each(cases)('never has an entry where another one was: %s', (_, histories) => {
    const places = new Map<string, string>()
    for (const items of Object.values(histories)) {
      for (const { position, shown } of projectRun(items).items) {
        const place = JSON.stringify(position)
        expect(places.get(place) ?? shown?.id).toBe(shown?.id)
        places.set(place, shown?.id ?? '')
      }
    }
    // Three runs of two entries, and at least one of the reset's own.
    expect(places.size).toBeGreaterThan(6)
  })

  test('has what was given up in the archive, and no more of it than there was', async () => {
    const { archive, source, log } = await scene({ ...earlier, x: back(1, 'x') }, ['x'])
    const whole = await readAll(log, await log.read(SESSION))
    await keep({ source, archive, ids: ['run-3', 'run-2', 'run-1', 'x'] })
    expect(await readAll(log, await log.read(SESSION))).toEqual(whole)
    expect(
      idsOf(
        (await archive.page(SESSION, PAGE)).map(({ position, at, entry }) => ({ position, at, shown: entry }) as never),
      ),
    ).toEqual(['a1', 'a2', 'b1', 'b2', 'c1', 'c2', 'x-y', 'x-1'])
  })

  test('goes on behind what a reader had been shown of the other branch', async () => {
    const { log } = await scene({ ...earlier, x: back(1, 'x') })
    const view = await log.read(SESSION)
    for (const item of projectRun(run(3)).items) {
      const rest = []
      for await (const page of log.behind(view, item.position)) rest.push(...page)
      expect(idsOf(rest)).toEqual(['x-y', 'x-1'])
    }
  })
})

/** What any branch of the log has ever shown. */
function allOf(histories: Histories): readonly LogItem[] {
  return Object.values(histories).flatMap((items) => projectRun(items).items)
}

/** The runs of the log, whose histories the archive stands in for. */
async function livesOf(histories: Histories): Promise<readonly string[]> {
  const { log } = await scene(histories)
  const { runs } = await log.read(SESSION)
  return Object.keys(histories).filter((id) => runs.some((one) => one.run === projectRun(histories[id] ?? []).number))
}

function gate(): { readonly opened: Promise<void>; readonly open: () => void } {
  let open = (): void => undefined
  const opened = new Promise<void>((resolve) => (open = resolve))
  return { opened, open: () => open() }
}

const PAGE = { order: 'asc', limit: 99, runs: { first: 1, last: 99_999 }, audience: 'client' } as const

describe('a reader of a log that is reset under it', () => {
  const open = (run(3) as HistoryItem[]).slice(0, -1)
  const before = { ...earlier, 'run-3': open }

  async function readers() {
    const { source, log } = await scene(before)
    const recording = record()
    await log.subscribe(SESSION, recording)
    await source.whenWaiting()
    return { source, log, recording }
  }

  function resetNow(source: FakeSource, id: string): void {
    // In one moment, as the server does.
    source.put(id, back(3, id))
    source.put('run-3', run(3))
    source.put(id, back(3, id))
  }

  test('is told that its subscription ends, and nothing else', async () => {
    const { source, log, recording } = await readers()
    resetNow(source, 'x')
    await recording.until({ ends: 1 })
    expect(recording.ids).toEqual([])
    const again = record()
    const { view } = await log.subscribe(SESSION, again)
    expect(idsOf(await readAll(log, view))).toEqual(['a1', 'a2', 'b1', 'b2', 'c1', 'x-y', 'x-1'])
    await source.whenWaiting()
    source.grow({ eventId: 6, at: LATER + 9_000, ...signaled(message('m')) })
    await again.until({ ids: 1 })
    expect(again.ids).toEqual(['m'])
  })

  test('sees it at its next reading, without a subscription too', async () => {
    const { source, log } = await scene(before)
    expect(idsOf(await readAll(log, await log.read(SESSION))).at(-1)).toBe('c2')
    resetNow(source, 'x')
    expect(idsOf(await readAll(log, await log.read(SESSION))).at(-1)).toBe('x-1')
    resetNow(source, 'y')
    expect(idsOf(await readAll(log, await log.read(SESSION))).at(-1)).toBe('x-1')
    source.put('x', [...back(3, 'x'), { eventId: 6, at: LATER + 9_000, ...ended('reset') }])
    source.put('y', back(3, 'y', LATER + 10_000))
    expect(idsOf(await readAll(log, await log.read(SESSION))).at(-1)).toBe('y-1')
  })

  test('sees a session alive that had ended', async () => {
    const over = [...open, { eventId: 4, at: NOON + 50_000, ...ended('terminated', 'by hand') }]
    const { source, log } = await scene({ ...earlier, 'run-3': over })
    expect((await log.read(SESSION)).state.status).toBe('terminated')
    source.put('x', back(3, 'x'))
    const view = await log.read(SESSION)
    expect(view.state.status).toBe('running')
    expect(idsOf(await readAll(log, view)).slice(-3)).toEqual(['c1', 'x-y', 'x-1'])
  })

  test('sees it, though the session was ended before the reset and nobody had read of its end', async () => {
    const { source, log } = await scene(before)
    await log.read(SESSION)
    source.put('run-3', [...open, { eventId: 4, at: NOON + 50_000, ...ended('terminated', 'by hand') }])
    source.put('x', back(3, 'x'))
    const view = await log.read(SESSION)
    expect(view.state.status).toBe('running')
    expect(idsOf(await readAll(log, view)).slice(-3)).toEqual(['c1', 'x-y', 'x-1'])
  })

  test('reads nothing of what was given up, though its watcher was about to bring it', async () => {
    const { source } = await scene(before)
    const brought = gate()
    const late: HistorySource = {
      ...source,
      // As it is when the answer has come and its payloads are being decrypted.
      async poll(place, signal) {
        const polled = await source.poll(place, signal)
        await brought.opened
        return polled
      },
    }
    const { log } = openLog({ source: late })
    await log.subscribe(SESSION, record())
    resetNow(source, 'x')
    const letReads = source.hold()
    const reading = log.read(SESSION)
    letReads()
    const letNextRead = source.hold()
    await settle()
    brought.open()
    await settle()
    letNextRead()
    expect(idsOf(await readAll(log, await reading)).slice(-3)).toEqual(['c1', 'x-y', 'x-1'])
  })

  test('reads what has ended as it was, while the server is away or has let go of it', async () => {
    const over = [...open, { eventId: 4, at: NOON + 50_000, ...ended('terminated', 'by hand') }]
    const { source, log } = await scene({ ...earlier, 'run-3': over })
    const view = await log.read(SESSION)
    source.remove('run-3')
    expect(await log.read(SESSION)).toMatchObject({ run: view.run, length: view.length })
  })
})

describe('a log that is in the archive alone', () => {
  const over = [...back(1, 'x'), { eventId: 6, at: LATER + 9_000, ...ended('terminated', 'by hand') }]

  async function gone(ids: readonly string[]) {
    const { source, log } = await scene({ ...earlier, x: over }, ids)
    for (const id of ['run-1', 'run-2', 'run-3', 'x']) source.remove(id)
    return log
  }

  test('is whole without what was given up', async () => {
    for (const ids of [['x'], ['run-1', 'x'], ['x', 'run-3', 'run-2', 'run-1']]) {
      const log = await gone(ids)
      expect(idsOf(await readAll(log, await log.read(SESSION))).slice(0, 3)).toEqual(['a1', 'x-y', 'x-1'])
    }
  })

  test('is not what was given up alone', async () => {
    const log = await gone(['run-1', 'run-2', 'run-3'])
    await expect(log.read(SESSION)).rejects.toThrow(LogNotFound)
  })

  test(`is asked for the run before by its id, as ${runId(1)} stands before ${runId(2)}`, async () => {
    const { source, archive, log } = await scene(
      { ...earlier, x: [...back(2, 'x'), { eventId: 6, at: LATER + 9_000, ...ended('terminated') }] },
      ['run-2', 'x'],
    )
    for (const id of ['run-1', 'run-2', 'run-3', 'x']) source.remove(id)
    await expect(log.read(SESSION)).rejects.toThrow(/the run before run \d+ of/)
    source.put('run-1', run(1))
    await keep({ source, archive, ids: ['run-1'] })
    source.remove('run-1')
    expect(idsOf(await readAll(log, await log.read(SESSION))).slice(0, 5)).toEqual(['a1', 'a2', 'b1', 'x-y', 'x-1'])
  })
})
