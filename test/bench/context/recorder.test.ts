import { describe, expect, test } from 'vitest'
import { recordReads } from '../../../bench/context/recorder.ts'
import type { HistorySource } from '../../../src/history/source.ts'
import { buildArchivedItem, buildArchivedRun } from '../../support/archive-builders.ts'
import { createMemoryArchive } from '../../support/memory-archive.ts'

const session = 'sesn_1'
const places = [2, 5, 9].map((event) => ({ run: 1, event, index: 0 }))

async function build() {
  const archive = createMemoryArchive()
  await archive.write(
    session,
    buildArchivedRun(),
    places.map((place) => buildArchivedItem(place)),
  )
  const source: HistorySource = {
    read: async () => [],
    present: async () => 'run-1',
    poll: async () => ({ items: [], token: null }),
  }
  return recordReads(source, archive)
}

const selection = { order: 'asc', limit: 2, runs: { first: 1, last: 1 }, audience: 'model' } as const

describe('recorder', () => {
  test('tells once which histories and which stretches of the archive were read', async () => {
    const recorder = await build()
    await recorder.source.read(session, 'run-2', 7)
    expect(await recorder.archive.page(session, selection)).toHaveLength(2)
    expect(recorder.take()).toEqual({
      histories: [{ session, run: 'run-2', after: 7 }],
      stretches: [{ session, first: places[0], last: places[1] }],
    })
    expect(recorder.take()).toEqual({ histories: [], stretches: [] })
  })

  test('leaves out looks for a single record, backwards, and pages without items', async () => {
    const recorder = await build()
    await recorder.archive.page(session, { ...selection, order: 'desc', limit: 1 })
    await recorder.archive.page(session, { ...selection, types: ['log.summary'] })
    expect(recorder.take().stretches).toEqual([])
  })
})
