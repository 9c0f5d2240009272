import { describe, expect, test } from 'vitest'
import { createArchiveRun } from '../../src/activities/archive.ts'
import type { RunCopy } from '../../src/history/copy.ts'
import { buildArchivedItem, buildArchivedRun } from '../support/archive-builders.ts'
import { createMemoryArchive } from '../support/memory-archive.ts'
import { inActivity } from './in-activity.ts'

const input = { session: 's1', run: 2, id: 'run-2' }
const copied: RunCopy = {
  run: buildArchivedRun({ run: 2, id: 'run-2', lastEvent: 7, closed: true }),
  items: [buildArchivedItem({ run: 2, event: 5, index: 0 })],
}

const gone = async (): Promise<RunCopy> => Promise.reject(Object.assign(new Error('not found'), { code: 5 }))

describe('archiveRun', () => {
  test('puts the copy of the run into the archive, and the rest of it when asked again', async () => {
    const archive = createMemoryArchive()
    const copies = [{ run: { ...copied.run, lastEvent: 5, closed: false }, items: [] }, copied]
    const asked: string[] = []
    const { archiveRun } = createArchiveRun({
      archive,
      async copy(session, id) {
        asked.push(`${session} ${id}`)
        return copies.shift()!
      },
    })
    await inActivity(() => archiveRun(input).then(() => true))
    expect(await archive.newest('s1')).toMatchObject({ lastEvent: 5, closed: false })
    await inActivity(() => archiveRun(input).then(() => true))
    expect(asked).toEqual(['s1 run-2', 's1 run-2'])
    expect(await archive.newest('s1')).toEqual(copied.run)
    const all = { order: 'asc', limit: 9, runs: { first: 1, last: 9 }, audience: 'model' } as const
    expect(await archive.page('s1', all)).toEqual(copied.items)
  })

  test('gives up on a session that was deleted', async () => {
    const archive = createMemoryArchive()
    archive.bury('s1')
    const { archiveRun } = createArchiveRun({ archive, copy: async () => copied })
    await expect(inActivity(() => archiveRun(input).then(() => true))).rejects.toMatchObject({
      type: 'deleted',
      nonRetryable: true,
    })
  })

  test('is content with what is kept of a run that Temporal has removed since', async () => {
    const archive = createMemoryArchive()
    await archive.write('s1', copied.run, copied.items)
    const { archiveRun } = createArchiveRun({ archive, copy: gone })
    await inActivity(() => archiveRun(input).then(() => true))
    expect(await archive.newest('s1')).toEqual(copied.run)
  })

  test('gives up on a run that Temporal has removed and that is not kept to its end', async () => {
    const archive = createMemoryArchive()
    await archive.write('s1', { ...copied.run, closed: false }, copied.items)
    const { archiveRun } = createArchiveRun({ archive, copy: gone })
    await expect(inActivity(() => archiveRun(input).then(() => true))).rejects.toMatchObject({
      type: 'history_gone',
      nonRetryable: true,
      message: 'Temporal has no run run-2 of s1 any more',
    })
  })

  test('gives up on a run whose number another one has', async () => {
    const archive = createMemoryArchive()
    await archive.write('s1', { ...copied.run, id: 'another' }, [])
    const { archiveRun } = createArchiveRun({ archive, copy: async () => copied })
    await expect(inActivity(() => archiveRun(input).then(() => true))).rejects.toMatchObject({
      type: 'refused',
      nonRetryable: true,
    })
  })

  test('leaves any other failure to be tried again', async () => {
    const copy = async (): Promise<RunCopy> => Promise.reject(new Error('no connection'))
    const { archiveRun } = createArchiveRun({ archive: createMemoryArchive(), copy })
    await expect(inActivity(() => archiveRun(input).then(() => true))).rejects.toThrow(/^no connection$/)
  })
})
