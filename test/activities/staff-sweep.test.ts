import { describe, expect, test } from 'vitest'
import type { StaffSweepPorts } from '../../src/activities/staff-sweep.ts'
import { createStaffSweep } from '../../src/activities/staff-sweep.ts'
import { LogIncomplete, LogNotFound } from '../../src/history/session-log.ts'
import type { Call, LogState } from '../../src/session/state.ts'
import type { Unstaffed, WorkItem } from '../../src/store/work.ts'
import { buildView } from '../api/view-builder.ts'
import { buildWork } from '../store/builders.ts'

const WAITING: Partial<LogState> = { calls: [call('remote')], stop: { type: 'requires_action', event_ids: ['c'] } }

function call(standing: Call['standing']): Call {
  return { id: 'c', name: 'bash', input: {}, standing }
}

/** A sweep over these sessions and what their logs say; answers what it did, in order, with delays in milliseconds. */
async function sweep(
  unstaffed: readonly Unstaffed[],
  read: StaffSweepPorts['log']['read'],
  made: readonly (WorkItem | null)[] = [],
): Promise<readonly string[]> {
  const done: string[] = []
  const items = [...made]
  const note = (line: string) => async (): Promise<void> => void done.push(line)
  await createStaffSweep({
    work: {
      worthALook: async () => unstaffed.filter(({ item: last }) => last !== null),
      uninvited: async () => unstaffed.filter(({ item: last }) => last === null),
      async enqueue({ sessionId, afterMs = 0, attempt = 1 }) {
        done.push(`invite to ${sessionId} after ${afterMs}, try ${attempt}`)
        return items.shift() ?? null
      },
      settle: (id) => note(`settle ${id}`)(),
      async stop({ environmentId, id }, { force, by }) {
        done.push(`stop ${id} of ${environmentId}${force ? ' at once' : ''} by ${by}`)
        return null
      },
      endOf: (session) => note(`end ${session}`)(),
      tidy: note('tidy'),
      forget: note('forget'),
    },
    log: { read },
    warn: (_, text) => void done.push(`warn ${text}`),
  })(0)
  expect(done.splice(0, 2)).toEqual(['tidy', 'forget'])
  return done
}

function item(attempt: number, id = 'work_1'): WorkItem {
  return buildWork({ id, sessionId: 's1', state: 'stopped', stoppedAt: new Date(0), stoppedBy: 'worker', attempt })
}

const of = (state: Partial<LogState>) => async () => buildView([], state)
const left = (attempt: number): readonly Unstaffed[] => [{ sessionId: 's1', item: item(attempt) }]
const NEVER: readonly Unstaffed[] = [{ sessionId: 's1', item: null }]

describe('a look at sessions that may wait for a worker', () => {
  test.each([
    ['at once', 'could staff', of(WAITING), [true, true, false, true]],
    ['minutes', 'could not staff', () => Promise.reject(new LogIncomplete('gone')), [true, false, false, true]],
  ])('looks again %s behind as many as it takes, which it %s', async (_when, _what, read, later) => {
    const asked: string[] = []
    const lost = [0, 100, 1, 0]
    const work = {
      worthALook: async (): Promise<readonly Unstaffed[]> => [],
      async uninvited(most: number): Promise<readonly Unstaffed[]> {
        asked.push(`at most ${most}`)
        return Array.from({ length: lost.shift() ?? 0 }, (_, n) => ({ sessionId: `s${n}`, item: null }))
      },
      enqueue: async () => null,
      settle: async () => undefined,
      stop: async () => null,
      endOf: async () => undefined,
      tidy: async () => undefined,
      forget: async () => void asked.push('forget'),
    }
    const look = createStaffSweep({ work, log: { read }, warn: () => undefined })
    const minutes: (readonly string[])[] = []
    for (const now of [0, 4.9, 5, 5.2, 5.4, 10.3]) {
      await look(now * 60_000)
      minutes.push(asked.splice(0))
    }
    const all = ['forget', 'at most 100']
    expect(minutes.map((each) => each.length > 0)).toEqual([true, false, ...later])
    expect(new Set(minutes.flat())).toEqual(new Set(all))
  })

  test.each([
    [1, 0],
    [2, 5_000],
    [3, 10_000],
    [61, 300_000],
    [1_000, 300_000],
  ])('invites to calls that try %i left open after %i ms', async (attempt, afterMs) => {
    expect(await sweep(left(attempt), of(WAITING))).toEqual([`invite to s1 after ${afterMs}, try ${attempt + 1}`])
  })

  test('invites at once where no invitation is known', async () => {
    expect(await sweep(NEVER, of(WAITING))).toEqual(['invite to s1 after 0, try 1'])
  })

  test.each<{ name: string; state: Partial<LogState>; done: readonly string[] }>([
    { name: 'runs', state: { ...WAITING, status: 'running' }, done: [] },
    { name: 'backs off', state: { status: 'rescheduling' }, done: [] },
    { name: 'waits for a person', state: { calls: [call('asked')] }, done: ['settle work_1'] },
    {
      name: 'waits for a custom tool',
      state: { calls: [call('custom')] },
      done: ['invite to s1 after 0, try 2'],
    },
    { name: 'has nothing to do', state: {}, done: ['settle work_1'] },
    { name: 'has ended', state: { status: 'terminated' }, done: ['end s1', 'settle work_1'] },
  ])('does to one that $name: $done', async ({ state, done }) => {
    expect(await sweep(left(1), of(state))).toEqual(done)
  })

  test('notes that nothing is to be done by an invitation that nobody gets', async () => {
    expect(await sweep(NEVER, of({}), [item(1, 'work_2')])).toEqual([
      'invite to s1 after 3600000, try 1',
      'stop work_2 of env_1 at once by server',
    ])
    expect(await sweep(NEVER, of({}))).toEqual(['invite to s1 after 3600000, try 1'])
  })

  test('is done with a session that is nowhere, and comes back to one that cannot be read', async () => {
    const missing = () => Promise.reject(new LogNotFound('s1'))
    expect(await sweep(left(1), missing)).toEqual(['settle work_1'])
    const incomplete = () => Promise.reject(new LogIncomplete('s1'))
    expect(await sweep(left(1), incomplete)).toEqual(['warn session not swept; it is tried again'])
    const away = () => Promise.reject(new Error('away'))
    const both = [...left(1), ...left(2)]
    expect(await sweep(both, away)).toEqual(Array(2).fill('warn session not swept; it is tried again'))
  })
})
