import { describe, expect, test } from 'vitest'
import type { ResourceSweepPorts } from '../../src/activities/resource-sweep.ts'
import { createResourceSweep } from '../../src/activities/resource-sweep.ts'
import { LogIncomplete, LogNotFound } from '../../src/history/session-log.ts'
import type { UnsettledResource } from '../../src/store/session-resources.ts'
import { buildView } from '../api/view-builder.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

function row(change: Partial<UnsettledResource> = {}): UnsettledResource {
  const about = { id: 'sesrsc_1', mount_path: '/mnt/session/uploads/a', created_at: '2026-03-01T12:00:00.000Z' }
  const resource = { ...about, type: 'file', file_id: 'file_1', size: 3, sha256: 'ab'.repeat(32) } as const
  const updatedAt = new Date(0)
  return { workspaceId: 'w1', sessionId: 's1', resource, updatedAt, pending: 'added', age: MINUTE, ...change }
}

/** What is done about these rows, in order, and what is asked for. */
function scene(rows: readonly UnsettledResource[], read: ResourceSweepPorts['log']['read'], isLate = true) {
  const done: string[] = []
  const sweep = createResourceSweep({
    resources: {
      async unsettled(ms, limit) {
        done.push(`look at ${limit} older than ${ms}`)
        return rows
      },
      settle: async (session, id) => void done.push(`settle ${id} of ${session}`),
      remove: async (session, id) => void done.push(`remove ${id} of ${session}`),
      async giveUp(session, id, ms) {
        done.push(`give up ${id} of ${session} after ${ms}`)
        return isLate
      },
    },
    files: {
      async delete(workspace, id) {
        done.push(`delete ${id} of ${workspace}`)
        return null
      },
    },
    log: { read },
    warn: (_, text) => void done.push(`warn ${text}`),
  })
  return { sweep, done }
}

const having =
  (...resources: string[]) =>
  async () =>
    buildView([], { resources })

describe('a look at resources that nobody has settled', () => {
  test.each<{ name: string; row: UnsettledResource; read: ResourceSweepPorts['log']['read']; done: readonly string[] }>(
    [
      { name: 'is in the log', row: row(), read: having('sesrsc_1'), done: ['settle sesrsc_1 of s1'] },
      { name: 'may still come to be there', row: row({ age: HOUR - 1 }), read: having('sesrsc_2'), done: [] },
      {
        name: 'never came there',
        row: row({ age: HOUR }),
        read: having('sesrsc_2'),
        done: ['give up sesrsc_1 of s1 after 3600000', 'delete file_1 of w1'],
      },
      {
        name: 'was not removed after all',
        row: row({ pending: 'removed' }),
        read: having('sesrsc_1'),
        done: ['settle sesrsc_1 of s1'],
      },
      { name: 'was removed', row: row({ pending: 'removed' }), read: having(), done: ['remove sesrsc_1 of s1'] },
      {
        name: 'is of a session that was never started',
        row: row({ age: HOUR }),
        read: () => Promise.reject(new LogNotFound('s1')),
        done: ['give up sesrsc_1 of s1 after 3600000', 'delete file_1 of w1'],
      },
      {
        name: 'is of a session whose log is not whole',
        row: row({ age: HOUR }),
        read: () => Promise.reject(new LogIncomplete('s1')),
        done: ['warn session not swept; it is tried again'],
      },
    ],
  )('does to one that $name: $done', async ({ row: unsettled, read, done }) => {
    const { sweep, done: all } = scene([unsettled], read)
    await sweep(0)
    expect(all.slice(1)).toEqual(done)
  })

  test('keeps the copy of one that was begun anew meanwhile', async () => {
    const { sweep, done } = scene([row({ age: HOUR })], having(), false)
    await sweep(0)
    expect(done.slice(1)).toEqual(['give up sesrsc_1 of s1 after 3600000'])
  })

  test('is taken every minute, and one that fails keeps no other from it', async () => {
    let reads = 0
    const read = () => (reads++ === 0 ? Promise.reject(new Error('away')) : having('sesrsc_1')())
    const { sweep, done } = scene([row(), row({ sessionId: 's2' })], read)
    await sweep(0)
    await sweep(MINUTE - 1)
    const look = 'look at 100 older than 60000'
    const first = [look, 'warn session not swept; it is tried again', 'settle sesrsc_1 of s2']
    expect(done).toEqual(first)
    await sweep(MINUTE)
    expect(done).toEqual([...first, look, 'settle sesrsc_1 of s1', 'settle sesrsc_1 of s2'])
  })
})
