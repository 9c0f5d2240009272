import { describe, expect, test } from 'vitest'
import { toArchivedItem, toLogItem } from '../../src/history/archived-item.ts'
import type { HistoryItem } from '../../src/history/item.ts'
import { carry } from '../../src/session/carry.ts'
import type { BlobRef } from '../../src/session/entry.ts'
import type { ItemBody } from '../support/history-builders.ts'
import {
  NOON,
  completed,
  decided,
  history,
  project,
  scheduled,
  signaled,
  started,
  takenOver,
} from '../support/history-builders.ts'
import { customResult } from '../support/session-builders.ts'

const ref = (...path: (string | number)[]): BlobRef => ({ path, sha256: 'ab'.repeat(32), length: 9 })
const TEXT = ref('content', 0, 'text')
const blank = (id: string) => ({ type: 'user.message', id, content: [{ type: 'text', text: '' }] })

function signaledWith(blobs: unknown, ...events: readonly unknown[]): ItemBody {
  return { type: 'signaled', payload: { events, blobs } }
}

/** Ids of what is shown, with the number of references beside them. */
function outline(items: readonly HistoryItem[]): readonly string[] {
  return project(items).items.map(({ shown, says, blobs }) => `${shown?.id ?? says?.type} ${blobs?.length ?? 0}`)
}

describe('references to blobs in history', () => {
  test('stay beside an input at its signal and at its mark', () => {
    const items = history(
      started(),
      signaledWith({ 1: [TEXT] }, { type: 'user.interrupt', id: 'i' }, blank('m')),
      decided({ type: 'log.mark', id: 'm' }),
    )
    expect(outline(items)).toEqual(['i 0', 'm 1', 'm 1'])
    expect(project(items).items[2]).toMatchObject({ says: blank('m'), blobs: [TEXT] })
  })

  test('of initial events and of results of clients are there too', () => {
    const start = started({ events: [blank('m')], blobs: { 0: [TEXT] } })
    const result = { ...customResult('r', 'x'), content: [{ type: 'text', text: '' }] }
    expect(outline(history(start, signaledWith({ 0: [TEXT] }, result)))).toEqual(['m 1', 'r 1'])
  })

  test('of a run’s queue are there for the next run’s mark', () => {
    const first = project(history(started(), signaledWith({ 0: [TEXT] }, blank('m'))))
    const state = carry(first.projection.state)
    const carried = { run: 2, state, at: NOON, startedAt: NOON, unarchived: [], turnSince: null }
    const second = history(takenOver('run-2', carried), decided({ type: 'log.mark', id: 'm' }))
    expect(outline(second)).toEqual(['m 1'])
  })

  test('of a result stand beside the entries that they are of', () => {
    const entries = [
      { type: 'log.assistant', harness: 'h', content: [{ type: 'text', text: '' }], stop_reason: null, calls: [] },
      { type: 'agent.tool_use', id: 'c', name: 'bash', input: { command: '' } },
    ]
    const result = { entries, blobs: { 0: [TEXT], 1: [ref('input', 'command')] } }
    const items = history(started(), scheduled('1'), { type: 'completed', scheduled: 2, result })
    expect(outline(items)).toEqual(['log.assistant 1', 'c 1'])
    expect(project(items).projection.state.calls).toMatchObject([{ id: 'c', blobs: [ref('input', 'command')] }])
  })

  test('inside of an entry are data', () => {
    const use = { type: 'agent.tool_use', id: 'c', name: 'bash', input: { blobs: { 0: [TEXT] }, text: '' } }
    expect(outline(history(started(), scheduled('1'), completed(2, use)))).toEqual(['c 0'])
    expect(
      outline(history(started(), signaled({ ...blank('m'), content: [{ type: 'text', text: 'x' }], blobs: [TEXT] }))),
    ).toEqual(['m 0'])
  })

  test('that fit none of the entries are none', () => {
    const result = { entries: [{ type: 'agent.thinking', id: 't' }], blobs: { 0: [TEXT] } }
    expect(outline(history(started(), scheduled('1'), { type: 'completed', scheduled: 2, result }))).toEqual(['t 0'])
    expect(outline(history(started(), signaledWith({ 0: [ref('id')] }, blank('m'))))).toEqual([])
  })

  test('go into the archive and come back with their item', () => {
    const items = history(
      started(),
      signaledWith({ 0: [TEXT], 1: [TEXT] }, blank('m'), blank('n')),
      decided({ type: 'log.mark', id: 'm' }, { type: 'log.mark', id: 'n', dropped: true }),
    )
    const finished = project(items).items.filter((item) => item.finished)
    expect(finished.map(toArchivedItem)).toMatchObject([
      { audience: 'all', blobs: [TEXT] },
      { audience: 'client', blobs: [TEXT] },
    ])
    expect(finished.map((item) => toLogItem(toArchivedItem(item)))).toEqual(finished)
  })
})
