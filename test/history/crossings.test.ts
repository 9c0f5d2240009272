import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { HistoryItem } from '../../src/history/item.ts'
import type { LogItem } from '../../src/history/project.ts'
import type { ActivityMark } from '../../src/history/run-log.ts'
import { RunLog } from '../../src/history/run-log.ts'
import type { LogView } from '../../src/history/tracked.ts'
import { SESSION, ended } from '../support/history-builders.ts'
import { createMemoryArchive } from '../support/memory-archive.ts'
import { archiveRuns, cutLogs, runId, runsOf, wholeLog } from '../support/run-builders.ts'
import { openLog, record, settle } from '../support/session-log-builders.ts'

const ops = fc.array(
  fc.oneof(
    fc.record({ do: fc.constant('grow' as const), by: fc.integer({ min: 1, max: 9 }) }),
    fc.record({ do: fc.constantFrom('read', 'subscribe', 'hold', 'release', 'archive', 'settle', 'refuse') }),
  ),
  { maxLength: 40 },
)

/** What a subscriber is to be told who begins behind this view. */
function toBeTold(runs: readonly (readonly HistoryItem[])[], { run: from, length }: LogView) {
  const items: LogItem[] = []
  const marks: ActivityMark[] = []
  for (const [index, history] of runs.entries()) {
    const run = new RunLog(SESSION, runId(index + 1))
    for (const item of history) {
      const added = run.take(item)
      if (index + 1 < from || (index + 1 === from && item.eventId <= length)) continue
      items.push(...(added?.items ?? []))
      if (added?.mark) marks.push(added.mark)
    }
  }
  return { items, marks }
}

test('whoever crosses from run to run first, nothing is missed and nothing comes twice', async () => {
  let crossed = 0
  let told = 0
  const property = fc.asyncProperty(cutLogs, ops, fc.boolean(), async (chapters, script, isOver) => {
    const last = [...(chapters.at(-1) ?? []), ...(isOver ? [ended('completed')] : [])]
    const runs = runsOf([...chapters.slice(0, -1), last])
    const rest = runs.flat()
    const archive = createMemoryArchive()
    const { source, log } = openLog({ archive })
    let release = (): void => undefined
    const waiting: Promise<unknown>[] = []
    const subscribers: { view: LogView; items: LogItem[]; marks: ActivityMark[]; ends: { readonly ends: number } }[] =
      []
    let handedOver = 0

    function grow(by: number): void {
      const next = rest.splice(0, by)
      // A server hands over in one go.
      if (next.at(-1)?.type === 'continued') next.push(...rest.splice(0, 1))
      handedOver += next.filter(({ type }) => type === 'continued').length
      source.grow(...next)
    }
    function hold(): void {
      release()
      release = source.hold()
    }
    async function subscribe(): Promise<void> {
      const [items, marks]: [LogItem[], ActivityMark[]] = [[], []]
      const ends = record()
      const { view } = await log.subscribe(SESSION, {
        added: (more, others) => (items.push(...more), void marks.push(...others)),
        ended: () => ends.ended(),
      })
      subscribers.push({ view, items, marks, ends })
    }

    grow(1)
    await subscribe()
    for (const op of script) {
      if (op.do === 'grow' && 'by' in op) grow(op.by)
      else if (op.do === 'read') waiting.push(log.read(SESSION))
      else if (op.do === 'subscribe') waiting.push(subscribe())
      else if (op.do === 'hold') hold()
      else if (op.do === 'release') release()
      else if (op.do === 'refuse') source.fail('poll', new Error('away'))
      else if (op.do === 'archive') {
        await archiveRuns(
          archive,
          runs,
          Array.from({ length: handedOver }, (_, index) => index + 1),
        )
      } else await settle()
    }
    release()
    await Promise.all(waiting)
    grow(rest.length)
    const view = await log.read(SESSION)
    if (!isOver) await source.whenWaiting()
    for (let turn = 0; turn < 3; turn++) await settle()

    crossed += runs.length - 1
    for (const { view: begun, items, marks, ends } of subscribers) {
      const expected = toBeTold(runs, begun)
      expect(items).toEqual(expected.items)
      expect(marks).toEqual(expected.marks)
      expect(ends.ends).toBe(isOver ? 1 : 0)
      told += items.length
    }
    const all = await log.slice(view, { order: 'asc', limit: 999, audience: 'client' })
    expect(all).toEqual(wholeLog(runs).filter(({ finished, shown }) => finished && shown))
    log.close()
  })
  await fc.assert(property, { numRuns: 250 })
  expect(told).toBeGreaterThan(1000)
  console.log(`crossings: n = 250 scripts, ${crossed} boundaries, ${told} items told to subscribers`)
})
