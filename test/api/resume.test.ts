import { describe, expect, test } from 'vitest'
import { itemsBehind, parseLastEventId } from '../../src/api/resume.ts'
import type { LogView } from '../../src/history/tracked.ts'
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
  for await (const page of itemsBehind(reader, of, event)) ids.push(...page.map(({ shown }) => shown?.id ?? null))
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
  ])('is not guessed for %s', (_, position) => {
    expect(() => itemsBehind(viewReader(), view, position)).toThrow(
      expect.objectContaining({ kind: 'invalid_request', message: expect.stringContaining('list the events') }),
    )
  })

  test('goes on from a place in the archive, shown there or not, to the runs in memory', async () => {
    const archive = createMemoryArchive()
    const kept = [4, 6].map((event) => buildArchivedItem({ run: 1, event, index: 0 }))
    await archive.write('sesn_1', buildArchivedRun(), kept)
    const runs = view.runs.map(({ items, ...run }) => ({
      ...run,
      run: 2,
      items: items.map((item) => ({ ...item, position: { ...item.position, run: 2 } })),
    }))
    const later = { ...view, run: 2, runs }
    const all = ['m1', 'a1', null, 'm1', 'a2']
    const reader = viewReader(archive)
    expect(await shownBehind(later, place(4), reader)).toEqual(['sevt_1_6_0', ...all])
    expect(await shownBehind(later, place(5), reader)).toEqual(['sevt_1_6_0', ...all])
    expect(await shownBehind(later, place(9), reader)).toEqual(all)
  })
})
