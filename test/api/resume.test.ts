import { describe, expect, test } from 'vitest'
import { itemsBehind, parseLastEventId } from '../../src/api/resume.ts'
import type { LogItem } from '../../src/history/project.ts'
import type { LogView } from '../../src/history/tracked.ts'
import type { SessionEvent } from '../../src/wire/types.ts'
import { buildArchivedItem, buildArchivedRun } from '../support/archive-builders.ts'
import { createMemoryArchive } from '../support/memory-archive.ts'
import { buildView, viewReader } from './view-builder.ts'

const view = buildView([
  { do: 'queue', id: 'm1', at: 1 },
  { do: 'say', id: 'a1', at: 2 },
  { do: 'hide', at: 3 },
  { do: 'take', id: 'm1', at: 4 },
  { do: 'say', id: 'a2', at: 5 },
])
const place = (event: number) => ({ run: 1, event, index: 0 })

describe('a Last-Event-ID', () => {
  test.each([
    [undefined, null],
    ['', null],
    ['1.5.0', { run: 1, event: 5, index: 0 }],
    ['2.17.3', { run: 2, event: 17, index: 3 }],
  ])('%j is %j', (header, position) => {
    expect(parseLastEventId(header)).toEqual(position)
  })

  test.each([
    '1',
    '1.5',
    '1.5.0.0',
    '0.1.0',
    '1.0.0',
    '-1.1.0',
    '01.1.0',
    '1.5.0 ',
    '1e3.1.0',
    'sevt_1',
    '1.9999999999.0',
  ])('that we never send is refused: %j', (header) => {
    expect(() => parseLastEventId(header)).toThrow(
      expect.objectContaining({ kind: 'invalid_request', message: expect.stringMatching(/^last-event-id: expected/) }),
    )
  })

  test('given twice is refused', () => {
    expect(() => parseLastEventId(['1.5.0', '1.6.0'])).toThrow('last-event-id')
  })
})

/** Ids of what a stream shows, a private record as null. */
async function shownBehind(of: LogView, event: Parameters<typeof itemsBehind>[2], reader = viewReader()) {
  const ids: (string | null)[] = []
  for await (const page of await itemsBehind(reader, of, event)) ids.push(...page.map(({ shown }) => shown?.id ?? null))
  return ids
}

describe('what stands behind a place', () => {
  test.each([
    [1, ['a1', null, 'm1', 'a2']],
    [2, [null, 'm1', 'a2']],
    [4, ['a2']],
    [5, []],
  ])('is the rest of the log: %i', async (event, ids) => {
    expect(await shownBehind(view, place(event))).toEqual(ids)
  })

  test.each([
    ['a private record', place(3)],
    ['the future', place(6)],
    ['another run', { run: 2, event: 1, index: 0 }],
    ['no element', { run: 1, event: 1, index: 1 }],
  ])('is not guessed for %s', async (_, position) => {
    await expect(itemsBehind(viewReader(), view, position)).rejects.toThrow(
      expect.objectContaining({ kind: 'invalid_request', message: expect.stringContaining('list the events') }),
    )
  })

  test('goes on from a place in the archive, where an event stands or an input may have waited, to the runs in memory', async () => {
    const { later, reader } = await archived()
    const all = ['m1', 'a1', null, 'm1', 'a2']
    expect(await shownBehind(later, place(4), reader)).toEqual(['sevt_1_6_0', ...all])
    expect(await shownBehind(later, place(5), reader)).toEqual(['sevt_1_6_0', ...all])
    expect(await shownBehind(later, place(9), reader)).toEqual(all)
  })

  test.each([
    ['behind the end of an archived run', place(10)],
    ['beyond what a batch holds', { ...place(9), index: 256 }],
    ['in a run that is neither in memory nor in the archive', { run: 2, event: 1, index: 0 }],
  ])('is not guessed for a place %s', async (_, position) => {
    const { later, reader } = await archived()
    await expect(itemsBehind(reader, later, position)).rejects.toThrow('list the events')
  })
})

/** The view's steps again as run 3, behind an archived run of 9 events. */
async function archived() {
  const archive = createMemoryArchive()
  const kept = [4, 6].map((event) => buildArchivedItem({ run: 1, event, index: 0 }))
  await archive.write('sesn_1', buildArchivedRun({ lastEvent: 9 }), kept)
  const runs = view.runs.map(({ items, ...run }) => ({
    ...run,
    first: 3,
    run: 3,
    items: items.map((item) => ({ ...item, position: { ...item.position, run: 3 } })),
  }))
  return { later: { ...view, run: 3, runs }, reader: viewReader(archive) }
}

describe('a place that a reset gave up', () => {
  const reset = {
    ...view,
    run: 9,
    runs: view.runs.map((run) => ({ ...run, run: 9, cuts: [{ run: 1, event: 5, next: 9 }] })),
  }

  test.each([
    ['of the run that was reset', { run: 1, event: 6, index: 0 }],
    ['of one that followed it', { run: 3, event: 2, index: 1 }],
  ])('is gone on from with what came in its stead: %s', async (_, given) => {
    expect(await shownBehind(reset, given)).toEqual([])
    const shown: SessionEvent = {
      id: 'a3',
      type: 'agent.message',
      content: [],
      processed_at: new Date(6).toISOString(),
    }
    const added: LogItem = { position: { run: 9, event: 6, index: 0 }, at: 6, says: null, shown, finished: true }
    const grown = { ...reset, runs: reset.runs.map((run) => ({ ...run, items: [...run.items, added] })) }
    expect(await shownBehind(grown, given)).toEqual(['a3'])
  })

  test('is not one of the run that goes on', async () => {
    await expect(shownBehind(reset, { run: 9, event: 7, index: 0 })).rejects.toThrow('no event at 9.7.0')
  })
})
