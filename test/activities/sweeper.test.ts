import { describe, expect, test } from 'vitest'
import type { SweeperPorts } from '../../src/activities/sweeper.ts'
import { startSweeper, sweep } from '../../src/activities/sweeper.ts'
import type { SessionRow, SessionStore } from '../../src/store/sessions.ts'
import { LogIncomplete, LogNotFound } from '../../src/history/session-log.ts'
import { buildView } from '../api/view-builder.ts'
import { buildSession } from '../store/builders.ts'
import { openLog } from '../support/session-log-builders.ts'

const NOW = Date.UTC(2026, 0, 2, 12)

/** A store that holds these rows, and what the sweeper did, in order. */
function scene(
  rows: readonly SessionRow[],
  change: Partial<SweeperPorts> = {},
  { uncleared = [] }: { readonly uncleared?: readonly string[] } = {},
) {
  const done: string[] = []
  const note = (text: string) => async (): Promise<void> => void done.push(text)
  const sessions: Pick<SessionStore, 'stale' | 'uncleared' | 'repair' | 'abandon' | 'clear'> = {
    stale: async ({ creating, running, ended }) => {
      done.push(`stale ${[creating, running, ended].map((each) => each.toISOString()).join(' ')}`)
      return rows
    },
    uncleared: async () => uncleared,
    repair: async (id, { status, title, archivedAt }) =>
      void done.push(`repair ${id} ${status} ${title}${archivedAt ? ` archived ${archivedAt.toISOString()}` : ''}`),
    abandon: async (id, before) => note(`abandon ${id} ${before.toISOString()}`)(),
    clear: async (id) => note(`clear ${id}`)(),
  }
  const ports: SweeperPorts = {
    // The sweeper uses these methods of the store and no others.
    sessions: sessions as SessionStore,
    log: {
      ...openLog().log,
      read: async () => buildView([], { title: 'folded' }),
    },
    exclusively: async (work) => {
      await work()
      return true
    },
    removeWorkflow: (session) => note(`workflow ${session}`)(),
    removeSandboxes: (session) => note(`sandboxes ${session}`)(),
    removeBlobs: (session) => note(`blobs ${session}`)(),
    lateBlobs: async () => [],
    removeSpareContents: (now) => note(`spare ${new Date(now).toISOString()}`)(),
    pruneIngress: (before) => note(`prune ${before.toISOString()}`)(),
    archiveEnded: (now) => note(`archive ${new Date(now).toISOString()}`)(),
    staffSessions: note('staff'),
    settleResources: (now) => note(`settle ${new Date(now).toISOString()}`)(),
    warn: (_, text) => void done.push(`warn ${text}`),
    ...change,
  }
  return {
    ports,
    done: () => done.filter((line) => !/^(stale|prune|staff|settle|archive|spare)/.test(line)),
    all: done,
  }
}

const missing = { read: async () => Promise.reject(new LogNotFound('nowhere')) }

describe('a sweep', () => {
  test('looks at what was not written for a minute, and at ends, prunes what nobody repeats, archives what ended', async () => {
    const { ports, all } = scene([])
    await sweep(ports, NOW)
    expect(all).toEqual([
      'stale 2026-01-02T11:59:00.000Z 2026-01-02T11:59:00.000Z 2026-01-02T11:59:50.000Z',
      'prune 2025-12-31T12:00:00.000Z',
      'staff',
      'settle 2026-01-02T12:00:00.000Z',
      'archive 2026-01-02T12:00:00.000Z',
      'spare 2026-01-02T12:00:00.000Z',
    ])
  })

  test('mends a row as its log says', async () => {
    const { ports, done } = scene([buildSession('w1', { id: 's1', status: 'running' })])
    await sweep(ports, NOW)
    expect(done()).toEqual(['repair s1 idle folded'])
  })

  test.each([
    ['when its log says so', Date.UTC(2026, 0, 2), ' archived 2026-01-02T00:00:00.000Z'],
    ['not because its row was when it was read', null, ''],
  ])('writes that a session was archived %s', async (_, archivedAt, said) => {
    const read = async () => ({ ...buildView([], { title: 'folded', status: 'terminated' }), archivedAt })
    const { ports, done } = scene([buildSession('w1', { id: 's1', status: 'terminated', archivedAt: new Date(NOW) })])
    await sweep({ ...ports, log: { ...ports.log, read } }, NOW)
    expect(done()).toEqual([`repair s1 terminated folded${said}`])
  })

  test.each([
    ['creating', 'abandon s1 2026-01-02T11:59:00.000Z'],
    ['running', 'repair s1 terminated t'],
  ] as const)('settles a row that is %s and has no workflow', async (status, what) => {
    const { ports, done } = scene([buildSession('w1', { id: 's1', status, title: 't' })])
    await sweep({ ...ports, log: { ...ports.log, ...missing } }, NOW)
    expect(done()).toEqual([what])
  })

  test('removes all of a deleted session, its rows last', async () => {
    const { ports, done } = scene([], {}, { uncleared: ['s1'] })
    await sweep(ports, NOW)
    expect(done()).toEqual(['workflow s1', 'sandboxes s1', 'blobs s1', 'clear s1'])
  })

  test('removes the blobs that came after their session was cleared, one session after the other', async () => {
    const { ports, done } = scene([], { lateBlobs: async () => ['s1', 's2'] })
    await sweep(ports, NOW)
    expect(done()).toEqual(['blobs s1', 'blobs s2'])
    const removeBlobs = async (session: string): Promise<void> => {
      if (session === 's1') throw new Error('busy')
      await ports.removeBlobs(session)
    }
    await sweep({ ...ports, removeBlobs }, NOW)
    expect(done().slice(2)).toEqual(['warn session not swept; it is tried again', 'blobs s2'])
  })

  test('keeps the rows of a session whose sandboxes could not be removed, and goes on with the next', async () => {
    const failing = async (session: string): Promise<void> => {
      if (session === 's1') throw new Error('busy')
    }
    const { ports, done } = scene([], { removeSandboxes: failing }, { uncleared: ['s1', 's2'] })
    await sweep(ports, NOW)
    const swept = ['workflow s2', 'blobs s2', 'clear s2']
    expect(done()).toEqual(['workflow s1', 'warn session not swept; it is tried again', ...swept])
  })

  test.each([
    ['cannot be read now', new Error('no connection')],
    ['is not whole', new LogIncomplete('run 2 of s1 is nowhere')],
  ])('leaves a session alone whose log %s', async (_, error) => {
    const { ports, done } = scene([buildSession('w1', { id: 's1', status: 'creating' })])
    const broken = { read: async () => Promise.reject(error) }
    await sweep({ ...ports, log: { ...ports.log, ...broken } }, NOW)
    expect(done()).toEqual(['warn session not swept; it is tried again'])
  })
})

describe('the sweeper', () => {
  test('does nothing while another process sweeps, and ends when it is stopped', async () => {
    const { ports, all } = scene([], { exclusively: async () => false })
    await startSweeper(ports).stop()
    expect(all).toEqual([])
  })

  test('says that a sweep failed and lives on', async () => {
    const { ports, all } = scene([], { exclusively: async () => Promise.reject(new Error('no database')) })
    await startSweeper(ports).stop()
    expect(all).toEqual(['warn sweep failed; it is tried again'])
  })
})
