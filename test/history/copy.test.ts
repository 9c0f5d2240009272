import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { toArchivedItem, toLogItem } from '../../src/history/archived-item.ts'
import { copyRun } from '../../src/history/copy.ts'
import {
  NOON,
  SESSION,
  ServerError,
  createFakeSource,
  decided,
  ended,
  history,
  signaled,
  started,
} from '../support/history-builders.ts'
import { cutLogs, holdRuns, projectRun, runId, runsOf, toAtoms, wholeLog } from '../support/run-builders.ts'
import { message } from '../support/session-builders.ts'

const ATOMS = toAtoms(['message', 'drop', 'message', 'mark', 'answer', 'retry', 'confirm', 'message'])

function sourceOf(runs: ReturnType<typeof runsOf>) {
  const source = createFakeSource()
  holdRuns(source, runs)
  return source
}

describe('an archived item', () => {
  test('is the item again, byte for byte, for every finished one of any log', () => {
    const seen = new Set<string>()
    const property = fc.property(cutLogs, (chapters) => {
      for (const item of wholeLog(runsOf(chapters))) {
        if (!item.finished) continue
        const archived = toArchivedItem(item)
        seen.add(archived.audience)
        const again = toLogItem(JSON.parse(JSON.stringify(archived)))
        expect(again).toEqual(item)
        expect(JSON.stringify(again)).toBe(JSON.stringify(item))
      }
    })
    fc.assert(property, { numRuns: 200 })
    expect([...seen].toSorted()).toEqual(['all', 'client', 'model'])
    console.log('archived items: n = 200 logs')
  })
})

describe('an archived change of the agent', () => {
  test('keeps the configuration that it names', async () => {
    const source = createFakeSource()
    const changed = { type: 'session.updated', id: 'u', configuration: 'cfg_2' } as const
    source.put(runId(1), history(started(), decided(changed)))
    const { items } = await copyRun(source, SESSION, runId(1))
    expect(items.map(({ entry }) => entry)).toEqual([changed])
    expect(items.map(toLogItem)).toMatchObject([{ says: changed, shown: { id: 'u' } }])
    expect(items.map(toLogItem)[0]?.shown).not.toHaveProperty('configuration')
  })
})

describe('the copy of a run', () => {
  test('has what is finished, in order, and the fold', async () => {
    const runs = runsOf([ATOMS, []])
    const { run, items } = await copyRun(sourceOf(runs), SESSION, runId(1))
    const log = projectRun(runs[0] ?? [])
    expect(run).toEqual({
      run: 1,
      id: runId(1),
      follows: null,
      cuts: [],
      lastEvent: runs[0]?.length,
      closed: true,
      startedAt: NOON,
      changedAt: log.items.at(-1)?.at,
      archivedAt: null,
      state: log.state,
    })
    expect(items.map(toLogItem)).toEqual(log.items.filter(({ finished }) => finished))
    expect(items.some(({ audience }) => audience === 'client')).toBe(true)
    expect(run.state?.queue.map(({ id }) => id)).toEqual(['message7'])
  })

  test('has a later run under its own number, with what it took over', async () => {
    const runs = runsOf([ATOMS.slice(0, 5), ATOMS.slice(5), []])
    const { run, items } = await copyRun(sourceOf(runs), SESSION, runId(2))
    expect(run).toMatchObject({ run: 2, id: runId(2), closed: true, startedAt: NOON })
    expect(items.every(({ position }) => position.run === 2)).toBe(true)
  })

  test('is the same every time it is made', async () => {
    const source = sourceOf(runsOf([ATOMS, []]))
    const copies = [await copyRun(source, SESSION, runId(1)), await copyRun(source, SESSION, runId(1))]
    expect(JSON.stringify(copies[0])).toBe(JSON.stringify(copies[1]))
  })

  test('of an open run is not closed and grows with it', async () => {
    const source = createFakeSource()
    const items = history(
      started(),
      signaled(message('m1')),
      decided({ type: 'log.mark', id: 'm1' }),
      ended('completed'),
    )
    source.grow(...items.slice(0, 2))
    const early = await copyRun(source, SESSION, runId(1))
    expect(early).toMatchObject({ run: { closed: false, lastEvent: 2 }, items: [] })
    source.grow(...items.slice(2))
    const late = await copyRun(source, SESSION, runId(1))
    expect(late).toMatchObject({ run: { closed: true, lastEvent: 4 }, items: [{ entry: { id: 'm1' } }] })
  })

  test('is refused for a run that history has no more', async () => {
    await expect(copyRun(createFakeSource(), SESSION, runId(1))).rejects.toThrow(ServerError)
  })
})
