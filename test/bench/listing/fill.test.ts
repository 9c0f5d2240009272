import { describe, expect, test } from 'vitest'
import { fillRuns } from '../../../bench/listing/fill.ts'
import { buildArchivedItem, buildArchivedRun, buildPrivateItem } from '../../support/archive-builders.ts'
import { createMemoryArchive } from '../../support/memory-archive.ts'

const session = 'sesn_1'

/** Two closed runs with two public events and a private record each. */
async function buildArchive() {
  const archive = createMemoryArchive()
  for (const run of [1, 2]) {
    const place = { run, index: 0 }
    await archive.write(session, buildArchivedRun({ run, lastEvent: 9 }), [
      buildArchivedItem({ ...place, event: 3 }),
      buildPrivateItem({ ...place, event: 4 }),
      buildArchivedItem({ ...place, event: 8 }),
    ])
  }
  return archive
}

describe('filled runs', () => {
  test('show as many events as they should, each of its own id, in one order of places and times', async () => {
    const archive = await buildArchive()
    expect(await fillRuns(archive, session, 7)).toBe(14)
    const all = { order: 'asc', limit: 100, runs: { first: 1, last: 2 }, audience: 'client' } as const
    const items = await archive.page(session, all)
    const events = [3, 8, 10, 11, 12, 13, 14]
    expect(items.map(({ position }) => [position.run, position.event])).toEqual([
      ...events.map((event) => [1, event]),
      ...events.map((event) => [2, event]),
    ])
    expect(new Set(items.map(({ entry }) => 'id' in entry && entry.id)).size).toBe(14)
    expect(items.map(({ at }) => at)).toEqual(items.map(({ at }) => at).toSorted((a, b) => a - b))
    expect((await archive.runs(session, 1)).map(({ lastEvent }) => lastEvent)).toEqual([14, 14])
  })

  test('stay as they are where they are long enough', async () => {
    const archive = await buildArchive()
    expect(await fillRuns(archive, session, 2)).toBe(4)
    expect((await archive.runs(session, 1)).map(({ lastEvent }) => lastEvent)).toEqual([9, 9])
  })
})
