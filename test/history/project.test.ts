import { describe, expect, test } from 'vitest'
import { Projection } from '../../src/history/project.ts'
import { formatPosition } from '../../src/history/position.ts'
import { startingState } from '../../src/session/start.ts'
import { configurationIn } from '../../src/history/updated.ts'
import { isId } from '../../src/wire/ids.ts'
import type { Ending, HistoryItem } from '../../src/history/item.ts'
import type { ItemBody } from '../support/history-builders.ts'
import {
  NOON,
  SESSION,
  cancelRequested,
  completed,
  decided,
  ended,
  history,
  project,
  scheduled,
  signaled,
  started,
  takenOver,
} from '../support/history-builders.ts'
import { carriedOver } from '../support/run-builders.ts'
import {
  answerEntries,
  confirm,
  customResult,
  fileResource,
  interrupt,
  message,
  resultEntry,
} from '../support/session-builders.ts'

const time = (seconds: number): string => new Date(NOON + seconds * 1000).toISOString()
const running = { type: 'session.status_running', id: 'e-run' }
const asking = { type: 'span.model_request_start', id: 'r1' }

/** Type, id and time of what is shown, and where it stands. */
function outline(items: readonly HistoryItem[]): readonly string[] {
  return project(items).items.flatMap(({ shown, position, finished }) =>
    shown
      ? [
          `${formatPosition(position)} ${shown.id} ${shown.processed_at === null ? 'queued' : shown.processed_at}${finished ? '' : ' …'}`,
        ]
      : [],
  )
}

describe('the projection of arrivals', () => {
  test('shows a message as queued at its signal and as processed at its mark', () => {
    const items = history(started(), signaled(message('m1', 'hello')), decided(running, { type: 'log.mark', id: 'm1' }))
    expect(outline(items)).toEqual(['1.2.0 m1 queued …', `1.3.0 e-run ${time(2)}`, `1.3.1 m1 ${time(2)}`])
    const { shown, items: log } = project(items)
    expect(shown[0]).toEqual({ ...message('m1', 'hello'), processed_at: null })
    expect(shown[2]).toEqual({ ...message('m1', 'hello'), processed_at: time(2) })
    expect(log.map((item) => item.says?.type)).toEqual([undefined, 'session.status_running', 'user.message'])
  })

  test('shows a dropped one as processed, and says it to nobody', () => {
    const { items } = project(
      history(started(), signaled(message('m1')), decided({ type: 'log.mark', id: 'm1', dropped: true })),
    )
    expect(items[1]).toMatchObject({ says: null, finished: true, shown: { id: 'm1', processed_at: time(2) } })
  })

  test.each([
    { name: 'a confirmation', event: confirm('y', 'a') },
    { name: 'a custom result', event: customResult('r', 'x') },
  ])('shows $name once, finished at its signal', ({ event }) => {
    const { items } = project(history(started(), signaled(event)))
    expect(items).toEqual([
      {
        position: { run: 1, event: 2, index: 0 },
        at: NOON + 1000,
        says: event,
        shown: { ...event, processed_at: time(1) },
        finished: true,
      },
    ])
  })

  test('reads the events of the start as batch number 0', () => {
    const input = { events: [message('m0'), message(undefined, 'plain')], title: 't' }
    const items = history(started(input), decided({ type: 'log.minted', id: 'minted', signal: 0, index: 1 }))
    expect(outline(items)).toEqual(['1.1.0 m0 queued …', '1.2.0 minted queued …'])
    expect(project(items).projection.state.title).toBe('t')
  })

  test('has the resources of the start behind its events, seen by nobody', () => {
    const resources = [fileResource('a'), fileResource('b')]
    const { items, projection } = project(
      history(started({ events: [message('m1'), { type: 'user.interrupt' }], resources }), decided(running)),
    )
    expect(items.map(({ position, says }) => [formatPosition(position), says?.type ?? null])).toEqual([
      ['1.1.0', null],
      ['1.1.2', 'log.resource'],
      ['1.1.3', 'log.resource'],
      ['1.2.0', 'session.status_running'],
    ])
    expect(items.filter(({ says }) => says?.type === 'log.resource').map(({ shown }) => shown)).toEqual([null, null])
    expect(projection.state).toMatchObject({ resources: ['a', 'b'], supplies: 2 })
    expect(project(history(started({ resources }))).items.map(({ position }) => formatPosition(position))).toEqual([
      '1.1.0',
      '1.1.1',
    ])
  })

  test('does not begin a run with the resources of the one before again', () => {
    const carried = carriedOver({ run: 2, state: startingState({ resources: [fileResource('a')] }) })
    const { items, projection } = project(history(takenOver('run-2', carried)))
    expect(items).toEqual([])
    expect(projection.state).toMatchObject({ resources: ['a'], supplies: 1 })
  })

  test('numbers signals from 1 even when nothing came with the start, and counts malformed ones', () => {
    const items = history(
      started(),
      { type: 'signaled', payload: 'nonsense' },
      signaled(message(undefined, 'first')),
      signaled(message(undefined, 'second')),
      decided(
        { type: 'log.minted', id: 'b', signal: 3, index: 0 },
        { type: 'log.minted', id: 'a', signal: 2, index: 0 },
      ),
    )
    expect(project(items).shown).toMatchObject([
      { id: 'b', content: [{ text: 'second' }] },
      { id: 'a', content: [{ text: 'first' }] },
    ])
  })

  test('shows nothing of an event without an id until it has one', () => {
    expect(outline(history(started(), signaled(message(undefined))))).toEqual([])
  })

  test('counts elements that are not shown in the index', () => {
    expect(outline(history(started(), signaled(message(undefined), message('m2'))))).toEqual(['1.2.1 m2 queued …'])
  })

  test('takes nothing of a malformed batch', () => {
    const items = history(started({ events: 'none' }), signaled(message('m1'), { type: 'agent.message' }), {
      type: 'signaled',
      payload: undefined,
    })
    expect(project(items).items).toEqual([])
  })

  test('shows a repeated id once, whatever comes under it', () => {
    const items = history(
      started(),
      signaled(message('m1'), message('m1')),
      signaled(interrupt('m1')),
      decided({ type: 'log.mark', id: 'm1' }),
    )
    expect(outline(items)).toEqual(['1.2.0 m1 queued …', `1.4.0 m1 ${time(3)}`])
  })

  test.each([
    { name: 'a mark of nobody', entry: { type: 'log.mark', id: 'nobody' } },
    { name: 'an id for a signal that never came', entry: { type: 'log.minted', id: 'e', signal: 9, index: 0 } },
    { name: 'an id for an event that never came', entry: { type: 'log.minted', id: 'e', signal: 1, index: 9 } },
  ])('adds nothing for $name', ({ entry }) => {
    expect(project(history(started(), signaled(), decided(entry))).items).toEqual([])
  })

  test('marks an event once', () => {
    const mark = { type: 'log.mark', id: 'm1' }
    expect(outline(history(started(), signaled(message('m1')), decided(mark, mark)))).toHaveLength(2)
  })
})

describe('the projection of what is recorded', () => {
  test('takes decisions and results in order, private ones unseen', () => {
    const items = history(
      started(),
      decided(running, asking),
      scheduled('1'),
      completed(3, ...answerEntries({ request: 'r1', text: 'hi', calls: [['c1', 'allow']] })),
    )
    expect(outline(items)).toEqual([
      `1.2.0 e-run ${time(1)}`,
      `1.2.1 r1 ${time(1)}`,
      `1.4.1 r1-text ${time(3)}`,
      `1.4.2 c1 ${time(3)}`,
      `1.4.3 r1-end ${time(3)}`,
    ])
    const { items: log, projection } = project(items)
    expect(log.map(({ says }) => says?.type)).toContain('log.assistant')
    expect(projection.state).toMatchObject({ phase: 'tools', calls: [{ id: 'c1' }] })
  })

  test('keeps the configuration that a change names, and shows clients nothing of it', () => {
    const changed = { type: 'session.updated', id: 'u', title: 'new', configuration: 'cfg_2' }
    const { items, projection } = project(history(started(), decided(changed)))
    expect(items).toMatchObject([{ says: changed }])
    expect(items[0]?.shown).toEqual({ type: 'session.updated', id: 'u', title: 'new', processed_at: time(1) })
    expect(configurationIn(items[0] ?? { says: null })).toBe('cfg_2')
    expect(projection.state).toMatchObject({ title: 'new', configuration: 'cfg_2' })
  })

  test('shows metadata that changed, and none that was emptied', () => {
    const changes = [{ metadata: { a: '1' } }, { metadata: {} }, { title: 'new', metadata: {} }]
    const entries = changes.map((change, index) => ({ type: 'session.updated', id: `u${index}`, ...change }))
    const { items, projection } = project(history(started(), decided(...entries)))
    const told = { type: 'session.updated', processed_at: time(1) }
    expect(items.map(({ shown }) => shown)).toEqual([
      { ...told, id: 'u0', metadata: { a: '1' } },
      { ...told, id: 'u1' },
      { ...told, id: 'u2', title: 'new' },
    ])
    expect(projection.state.metadata).toEqual({})
  })

  test('adds nothing for what is scheduled', () => {
    expect(project(history(started(), scheduled('1'))).items).toEqual([])
  })

  test.each([
    { name: 'no cancel request', cancel: [], counts: true },
    { name: 'a cancel request before it', cancel: [cancelRequested(2)], counts: false },
    { name: 'a cancel request for another', cancel: [cancelRequested(1)], counts: true },
  ])('counts a completion with $name: $counts', ({ cancel, counts }) => {
    const items = history(started(), scheduled('1'), ...cancel, completed(2, resultEntry('c1')))
    expect(project(items).items).toHaveLength(counts ? 1 : 0)
  })

  test('counts a completion before its cancel request', () => {
    const items = history(started(), scheduled('1'), completed(2, resultEntry('c1')), cancelRequested(2))
    expect(project(items).items).toHaveLength(1)
  })

  test.each<{ name: string; body: ItemBody }>([
    { name: 'a result of nothing', body: { type: 'completed', scheduled: 1, result: undefined } },
    { name: 'a result without entries', body: { type: 'completed', scheduled: 1, result: { fault: {} } } },
    { name: 'entries that are no list', body: { type: 'decided', entries: 'none' } },
    { name: 'entries that could not be read', body: { type: 'decided', entries: { undecodable: 'Error' } } },
    { name: 'entries that are none', body: { type: 'decided', entries: [null, 7, 'x', {}, { type: 3 }] } },
  ])('adds nothing for $name', ({ body }) => {
    expect(project(history(started(), body)).items).toEqual([])
  })

  test('keeps places stable around what it cannot read', () => {
    expect(outline(history(started(), decided(null, running, { type: 7 }, asking)))).toEqual([
      `1.2.1 e-run ${time(1)}`,
      `1.2.3 r1 ${time(1)}`,
    ])
  })

  test('shows nothing of private kinds of a later version, and changes nothing by them', () => {
    const before = project(history(started()))
    const after = project(history(started(), decided({ type: 'log.compacted', summary: 's' })))
    expect(after.shown).toEqual([])
    expect(after.projection.state).toEqual(before.projection.state)
  })

  test('never goes back in time', () => {
    const at = [0, 5000, 3000, 7000]
    const items = history(started(), signaled(message('m1')), signaled(confirm('y', 'a')), decided(running)).map(
      (item, index) => ({
        ...item,
        at: NOON + (at[index] ?? 0),
      }),
    )
    expect(project(items).items.map((item) => item.at - NOON)).toEqual([5000, 5000, 7000])
    expect(project(items).shown[1]?.processed_at).toBe(time(5))
  })
})

describe('the projection of an end', () => {
  const begun = [started(), decided(running)]

  test.each<{ how: Ending; reason: string; message: string }>([
    { how: 'failed', reason: 'no such thing', message: "harness: the session's workflow failed: no such thing" },
    { how: 'timed_out', reason: '', message: "harness: the session's workflow timed out" },
    { how: 'canceled', reason: '', message: "harness: the session's workflow was cancelled" },
    { how: 'terminated', reason: 'by hand', message: "harness: the session's workflow was terminated: by hand" },
  ])('that $how tells of itself', ({ how, reason, message: text }) => {
    const { shown, projection } = project(history(...begun, ended(how, reason)))
    expect(shown.slice(1)).toMatchObject([
      {
        type: 'session.error',
        error: { type: 'unknown_error', message: text, retry_status: { type: 'terminal' } },
        processed_at: time(2),
      },
      { type: 'session.status_terminated', processed_at: time(2) },
    ])
    expect(projection.state.status).toBe('terminated')
  })

  test('by deletion is that', () => {
    const { shown } = project(history(...begun, ended('terminated', 'deleted')))
    expect(shown.slice(1)).toMatchObject([{ type: 'session.deleted', processed_at: time(2) }])
  })

  test.each([
    { name: 'completed', items: history(...begun, ended('completed')) },
    {
      name: 'terminated after the session was',
      items: history(
        started(),
        decided({ type: 'session.status_terminated', id: 'e' }),
        ended('terminated', 'by hand'),
      ),
    },
  ])('that is $name adds nothing', ({ items }) => {
    expect(project(items).items).toHaveLength(1)
  })

  test('has ids of the right shape that only place, run and session decide', () => {
    const items = history(...begun, ended('failed', 'x'))
    const idsOf = (session: string, of: readonly HistoryItem[]): readonly string[] => {
      const projection = new Projection(session)
      return of
        .flatMap((item) => projection.take(item))
        .slice(1)
        .flatMap((item) => (item.shown ? [item.shown.id] : []))
    }
    const ids = idsOf(SESSION, items)
    expect(ids).toHaveLength(2)
    expect(ids.every((id) => isId('sevt', id))).toBe(true)
    expect(idsOf(SESSION, items)).toEqual(ids)
    const second = history(takenOver('run-2', carriedOver()), decided(running), ended('failed', 'x'))
    const others = [
      idsOf(`${SESSION}2`, items),
      idsOf(SESSION, second),
      idsOf(SESSION, history(started(), decided(running), scheduled('1'), ended('failed', 'x'))),
    ]
    expect(new Set([...ids, ...others.flat()]).size).toBe(8)
  })
})
