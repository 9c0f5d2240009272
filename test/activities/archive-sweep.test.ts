import { describe, expect, test } from 'vitest'
import type { ArchiveSweepPorts } from '../../src/activities/archive-sweep.ts'
import { createArchiveSweep } from '../../src/activities/archive-sweep.ts'
import type { EndedRun } from '../../src/activities/ended-runs.ts'
import { buildArchivedItem, buildArchivedRun } from '../support/archive-builders.ts'
import { createMemoryArchive } from '../support/memory-archive.ts'

const NOW = Date.UTC(2026, 0, 2, 12)
const MINUTE = 60_000
const runOf = (session: string): EndedRun => ({ session, id: `run of ${session}` })

/** Pages of ended runs, what was asked of them, and an archive that takes what it is given. */
function scene(pages: readonly (readonly EndedRun[])[], change: Partial<ArchiveSweepPorts> = {}) {
  const done: string[] = []
  const memory = createMemoryArchive()
  const ports: ArchiveSweepPorts = {
    ended: {
      async list(since, place) {
        const page = place?.[0] ?? 0
        done.push(`list ${since?.toISOString() ?? 'all'} ${page}`)
        return { runs: pages[page] ?? [], next: page + 1 < pages.length ? Uint8Array.of(page + 1) : null }
      },
    },
    archive: {
      ...memory,
      async missing(runs) {
        const kept = await Promise.all(runs.map(({ session }) => memory.newest(session)))
        return runs.filter((_, i) => !kept[i]?.closed)
      },
    },
    async copy(session, id) {
      done.push(`copy ${session}`)
      return { run: buildArchivedRun({ id }), items: [buildArchivedItem({ run: 1, event: 5, index: 0 })] }
    },
    warn: (details, message) =>
      void done.push(`warn ${'session' in details ? String(details.session) : ''} ${message}`),
    ...change,
  }
  return { sweep: createArchiveSweep(ports).sweep, done, memory, ports }
}

describe('the sweep of the archive', () => {
  test('copies the runs that are not kept, and no other', async () => {
    const { sweep, done, memory } = scene([['s1', 's2', 's3'].map(runOf)])
    await memory.write('s1', buildArchivedRun({ id: 'run of s1' }), [])
    await memory.write('s2', buildArchivedRun({ id: 'run of s2', closed: false, lastEvent: 4 }), [])
    await sweep(NOW)
    expect(done).toEqual(['list all 0', 'copy s2', 'copy s3'])
    expect(await memory.newest('s2')).toMatchObject({ closed: true, lastEvent: 10 })
    expect(await memory.find('s3', 'sevt_1_5_0')).not.toBeNull()
  })

  test('lists once a minute, and then only what ended since, with time for what is listed late', async () => {
    const { sweep, done } = scene([[]])
    for (const seconds of [0, 10, 59, 60, 70]) await sweep(NOW + seconds * 1_000)
    expect(done).toEqual(['list all 0', 'list 2026-01-02T11:50:00.000Z 0'])
  })

  test('reads a long list in parts and ends it before it begins another', async () => {
    const { sweep, done } = scene(Array.from({ length: 25 }, () => []))
    await sweep(NOW)
    expect(done.at(-1)).toBe('list all 9')
    await sweep(NOW + 10_000)
    expect(done.at(-1)).toBe('list all 19')
    await sweep(NOW + 2 * MINUTE)
    expect(done).toEqual(Array.from({ length: 25 }, (_, page) => `list all ${page}`))
    await sweep(NOW + 2 * MINUTE)
    expect(done[25]).toBe('list 2026-01-02T11:50:00.000Z 0')
  })

  test('stops for others when it has copied many', async () => {
    const pages = [0, 1, 2].map((page) => Array.from({ length: 40 }, (_, i) => runOf(`s${page}-${i}`)))
    const { sweep, done } = scene(pages)
    await sweep(NOW)
    expect(done.filter((line) => line.startsWith('list'))).toEqual(['list all 0', 'list all 1'])
    await sweep(NOW)
    expect(done.filter((line) => line.startsWith('copy'))).toHaveLength(120)
  })

  test('goes on with the next when a run cannot be copied, and tries it again with the next list', async () => {
    const broken = new Set(['s1'])
    const { done, ports } = scene([['s1', 's2'].map(runOf)])
    const { sweep } = createArchiveSweep({
      ...ports,
      copy: (session, id) => (broken.has(session) ? Promise.reject(new Error('busy')) : ports.copy(session, id)),
    })
    await sweep(NOW)
    expect(done).toEqual(['list all 0', 'warn s1 run not archived; it is tried again', 'copy s2'])
    broken.clear()
    await sweep(NOW + MINUTE)
    expect(done.slice(3)).toEqual(['list all 0', 'copy s1'])
    await sweep(NOW + 2 * MINUTE)
    expect(done.at(-1)).toBe('list 2026-01-02T11:51:00.000Z 0')
  })

  test('lets go of a run that is there no more, and of a session that was deleted meanwhile', async () => {
    const gone = Object.assign(new Error('not found'), { code: 5 })
    const { done, memory, ports } = scene([['s1', 's2'].map(runOf)])
    memory.bury('s2')
    const { sweep } = createArchiveSweep({
      ...ports,
      copy: (session, id) => (session === 's1' ? Promise.reject(gone) : ports.copy(session, id)),
    })
    await sweep(NOW)
    await sweep(NOW + MINUTE)
    expect(done).toEqual([
      'list all 0',
      'warn s1 a run was removed by Temporal before it was archived',
      'copy s2',
      'list 2026-01-02T11:50:00.000Z 0',
      'warn s1 a run was removed by Temporal before it was archived',
      'copy s2',
    ])
  })

  test('lets go of a run whose number another one has', async () => {
    const { sweep, done, memory } = scene([['s1'].map(runOf)])
    await memory.write('s1', buildArchivedRun({ id: 'another', closed: false }), [])
    await sweep(NOW)
    await sweep(NOW + MINUTE)
    const refused = ['copy s1', 'warn s1 the archive has no place for a run']
    expect(done).toEqual(['list all 0', ...refused, 'list 2026-01-02T11:50:00.000Z 0', ...refused])
  })

  test('begins again, a minute later, when the list or the archive cannot be reached', async () => {
    const { done, ports } = scene([[runOf('s1')], [runOf('s2')]])
    let down = true
    const { sweep } = createArchiveSweep({
      ...ports,
      archive: {
        ...ports.archive,
        missing: (runs) =>
          down && runs[0]?.session === 's2' ? Promise.reject(new Error('no database')) : ports.archive.missing(runs),
      },
    })
    await expect(sweep(NOW)).rejects.toThrow('no database')
    down = false
    await sweep(NOW + 10_000)
    await sweep(NOW + MINUTE)
    expect(done).toEqual(['list all 0', 'copy s1', 'list all 1', 'list all 0', 'list all 1', 'copy s2'])
  })
})
