import { describe, expect, test } from 'vitest'
import type { ActivityMark } from '../../src/history/run-log.ts'
import { TrackedLog } from '../../src/history/tracked.ts'
import type { LogItem } from '../../src/history/project.ts'
import {
  NOON,
  RUN_ID,
  SESSION,
  cancelRequested,
  completed,
  decided,
  ended,
  history,
  lost,
  project,
  scheduled,
  signaled,
  started,
} from '../support/history-builders.ts'
import { confirm, message, resultEntry } from '../support/session-builders.ts'
import { itemsOf } from '../support/session-log-builders.ts'

const ITEMS = history(
  started({ title: 't' }),
  signaled(message('m1')),
  decided({ type: 'session.status_running', id: 'e1' }, { type: 'log.mark', id: 'm1' }),
  scheduled('act-1'),
  completed(4, resultEntry('c1')),
  scheduled('act-2'),
)

function logWith(items = ITEMS): TrackedLog {
  const log = new TrackedLog(SESSION)
  log.take(RUN_ID, items)
  return log
}

/** A view without its functions. */
function seen(log: TrackedLog): object {
  const { runs, ...rest } = log.view()
  return { ...rest, runs: runs.map(({ run, items }) => ({ run, items })) }
}

describe('a tracked log', () => {
  test('shows the log, its state and what is known of the run', () => {
    const { items, projection } = project(ITEMS)
    const view = logWith().view()
    expect(view).toEqual({
      session: SESSION,
      state: projection.state,
      run: 1,
      length: 6,
      signals: 1,
      runs: [{ run: 1, first: 1, cuts: [], items, scheduled: expect.any(Function) }],
      startedAt: NOON,
      changedAt: NOON + 4000,
      archivedAt: null,
    })
    const places = ['act-1', 'act-2', 'act-3'].map((activity) => view.runs[0]?.scheduled(RUN_ID, activity))
    expect(places).toEqual([{ run: 1, event: 4, index: 0 }, { run: 1, event: 6, index: 0 }, null])
    expect(view.runs[0]?.scheduled('run-2', 'act-1')).toBeNull()
  })

  test('is empty at first', () => {
    const log = new TrackedLog(SESSION)
    expect(log.view()).toMatchObject({ runs: [], run: 1, length: 0, startedAt: 0 })
    expect([log.current, log.isKnown, log.isEnded]).toEqual([null, false, false])
  })

  test('is the same however its items come in', () => {
    for (let cut = 0; cut <= ITEMS.length; cut++) {
      const log = new TrackedLog(SESSION)
      log.take(RUN_ID, ITEMS.slice(0, cut))
      log.take(RUN_ID, ITEMS.slice(Math.max(0, cut - 2)))
      log.take(RUN_ID, ITEMS)
      expect(seen(log)).toEqual(seen(logWith()))
    }
  })

  test('gives views that later items do not change', () => {
    const log = logWith(ITEMS.slice(0, 2))
    const before = log.view()
    log.take(RUN_ID, ITEMS)
    expect(itemsOf(before)).toHaveLength(1)
    expect(before.state.status).toBe('idle')
  })

  test('tells its listeners of what is added, once', () => {
    const log = logWith(ITEMS.slice(0, 2))
    const heard: (readonly LogItem[])[] = []
    const unlisten = log.listen((items) => heard.push(items))
    log.take(RUN_ID, ITEMS)
    log.take(RUN_ID, ITEMS)
    expect(heard).toEqual([itemsOf(log.view()).slice(1)])
    unlisten()
    log.take(RUN_ID, history(...ITEMS, signaled(confirm('y', 'a'))).slice(-1))
    expect(heard).toHaveLength(1)
  })

  test('tells what became of activities, once each, by the ids of their run', () => {
    const items = history(
      started(),
      scheduled('1'),
      scheduled('2'),
      completed(2),
      scheduled('3'),
      cancelRequested(3),
      completed(3),
      lost(5),
      lost(5),
    )
    const marks: ActivityMark[] = []
    const log = new TrackedLog(SESSION)
    log.listen((_, more) => marks.push(...more))
    log.take(RUN_ID, items)
    log.take(RUN_ID, items)
    expect(marks.map(({ run, activity, is }) => `${run} ${activity} ${is}`)).toEqual([
      `${RUN_ID} 1 scheduled`,
      `${RUN_ID} 2 scheduled`,
      `${RUN_ID} 1 over`,
      `${RUN_ID} 3 scheduled`,
      `${RUN_ID} 2 over`,
      `${RUN_ID} 3 over`,
    ])
  })

  test('tells its listeners of an end that adds nothing', () => {
    const items = history(started(), decided({ type: 'session.status_terminated', id: 'e1' }), ended('completed'))
    const log = logWith(items.slice(0, 2))
    const heard: (readonly LogItem[])[] = []
    log.listen((added) => heard.push(added))
    log.take(RUN_ID, items)
    expect(heard).toEqual([[]])
    expect(log.isEnded).toBe(true)
  })

  test('remembers when it was archived', () => {
    const items = history(started(), decided({ type: 'log.archived' }, { type: 'session.status_terminated', id: 'e1' }))
    expect(logWith(items).view().archivedAt).toBe(NOON + 1000)
  })
})
