import { describe, expect, test } from 'vitest'
import type { SessionLog } from '../../src/history/session-log.ts'
import type { LogItem } from '../../src/history/project.ts'
import { LogNotFound } from '../../src/history/session-log.ts'
import type { FakeSource } from '../support/history-builders.ts'
import {
  RUN_ID,
  SESSION,
  ServerError,
  cancelRequested,
  history,
  scheduled,
  signaled,
  started,
} from '../support/history-builders.ts'
import { confirm } from '../support/session-builders.ts'
import { ITEMS, OPEN, idsOf, itemsOf, openLog, record, settle } from '../support/session-log-builders.ts'

const AWAY = 'history cannot be followed; trying again, ever more slowly'
const BACK = 'history is followed again'

describe('a subscription', () => {
  async function subscribed(source: FakeSource, log: SessionLog) {
    const recording = record()
    const subscription = await log.subscribe(SESSION, recording)
    return { recording, ...subscription }
  }

  test('begins behind the view it answers and misses nothing', async () => {
    const { source, log } = openLog()
    source.grow(...OPEN)
    const { recording, view } = await subscribed(source, log)
    expect(idsOf(itemsOf(view))).toEqual(['y0', 'y1', 'y2'])
    source.grow(...ITEMS.slice(4, 6))
    await recording.until({ ids: 2 })
    expect(recording.ids).toEqual(['y3', 'y4'])
  })

  test('tells of nothing twice, whoever brings it first', async () => {
    const { source, log } = openLog()
    source.grow(...OPEN)
    const { recording } = await subscribed(source, log)
    for (const item of ITEMS.slice(4)) {
      source.grow(item)
      await log.read(SESSION)
    }
    await recording.until({ ids: 4, ends: 1 })
    await settle()
    expect(recording.ids).toEqual(['y3', 'y4', 'y5', 'e1'])
  })

  test('tells of the end once, although reader and watcher both bring it', async () => {
    const { source, log } = openLog()
    source.grow(...OPEN)
    const { recording } = await subscribed(source, log)
    await source.whenWaiting()
    const release = source.hold()
    source.grow(...ITEMS.slice(4))
    const reading = log.read(SESSION)
    await recording.until({ ends: 1 })
    release()
    await reading
    await settle()
    expect(recording.ends).toBe(1)
  })

  test('to a log that has ended is told so', async () => {
    const { source, log } = openLog()
    source.grow(...ITEMS)
    const { recording } = await subscribed(source, log)
    await recording.until({ ends: 1 })
    expect(source.polls).toEqual([])
  })

  test('shares one watcher, which stops with the last of them', async () => {
    const { source, log } = openLog()
    source.grow(...OPEN)
    const one = await subscribed(source, log)
    const two = await subscribed(source, log)
    await source.whenWaiting()
    expect(source.polls).toEqual([null, '4'])
    one.cancel()
    expect(source.waiting).toBe(1)
    two.cancel()
    expect(source.waiting).toBe(0)
    source.grow(...ITEMS.slice(4))
    await log.read(SESSION)
    await settle()
    expect([one.recording.ids, two.recording.ids, one.recording.ends, two.recording.ends]).toEqual([[], [], 0, 0])
  })

  test('shares it with a hundred others, and all of them hear the same lists', async () => {
    const { source, log } = openLog()
    source.grow(...OPEN)
    const lists: (readonly LogItem[])[] = []
    const subscriber = { added: (items: readonly LogItem[]) => void lists.push(items), ended: () => undefined }
    for (let reader = 0; reader < 100; reader++) await log.subscribe(SESSION, subscriber)
    await source.whenWaiting()
    for (const item of ITEMS.slice(4, 6)) {
      source.grow(item)
      await source.whenWaiting()
    }
    expect(source.polls).toEqual([null, '4', '5', '6'])
    expect(lists).toHaveLength(200)
    expect(new Set(lists).size).toBe(2)
  })

  test('gets a new watcher after the last one left', async () => {
    const { source, log } = openLog()
    source.grow(...OPEN)
    const first = await subscribed(source, log)
    await source.whenWaiting()
    first.cancel()
    const { recording } = await subscribed(source, log)
    await source.whenWaiting()
    source.grow(...ITEMS.slice(4, 5))
    await recording.until({ ids: 1 })
    expect(recording.ids).toEqual(['y3'])
  })

  test('that cannot begin leaves nothing behind', async () => {
    const { source, log } = openLog({ keep: 1 })
    source.fail('read', new ServerError(5))
    await expect(log.subscribe(SESSION, record())).rejects.toThrow(LogNotFound)
    source.grow(...OPEN)
    await log.read('another')
    await settle()
    expect(source.polls).toEqual([])
    expect(log.known(SESSION)).toBeNull()
  })

  test('goes on when the server refuses the watcher’s token, from the first event again and without doubles', async () => {
    const { source, log, said, pauses } = openLog()
    source.grow(...OPEN)
    const { recording } = await subscribed(source, log)
    await source.whenWaiting()
    source.fail('poll', ...Array.from({ length: 4 }, () => new ServerError(3)))
    source.grow(...ITEMS.slice(4, 5))
    await recording.until({ ids: 1 })
    await source.whenWaiting()
    source.grow(...ITEMS.slice(5, 6))
    await recording.until({ ids: 2 })
    await source.whenWaiting()
    expect(source.polls).toEqual([null, '4', '5', '5', '5', '5', null, '5', '6'])
    expect(recording.ids).toEqual(['y3', 'y4'])
    expect(pauses).toEqual([50, 50, 50, 50])
    expect(said).toEqual([AWAY, BACK])
  })

  test('keeps its token over other failures', async () => {
    const { source, log } = openLog()
    source.grow(...OPEN)
    const { recording } = await subscribed(source, log)
    await source.whenWaiting()
    source.fail('poll', new ServerError(14))
    source.grow(...ITEMS.slice(4, 5))
    await source.whenWaiting()
    expect(source.polls).toEqual([null, '4', '5', '5'])
    expect(recording.ids).toEqual(['y3'])
  })

  test('asks a server that is away ever more slowly, and tells of it once', async () => {
    const { source, log, said, pauses } = openLog()
    source.grow(...OPEN)
    const { recording } = await subscribed(source, log)
    await source.whenWaiting()
    source.fail('poll', ...Array.from({ length: 7 }, () => new ServerError(14)))
    source.grow(...ITEMS.slice(4, 5))
    await source.whenWaiting()
    expect(pauses).toEqual([200, 400, 800, 1600, 3200, 5000, 5000])
    expect(said).toEqual([AWAY])
    source.fail('poll', new ServerError(14))
    source.grow(...ITEMS.slice(5, 6))
    await recording.until({ ids: 2 })
    await source.whenWaiting()
    expect(pauses.slice(7)).toEqual([200])
    expect(said).toEqual([AWAY, BACK, AWAY])
  })

  test('asks a server that refuses it even without a token ever more slowly', async () => {
    const { source, log, pauses } = openLog()
    source.grow(...OPEN)
    const { recording } = await subscribed(source, log)
    await source.whenWaiting()
    source.fail('poll', ...Array.from({ length: 7 }, () => new ServerError(3)))
    source.grow(...ITEMS.slice(4, 5))
    await recording.until({ ids: 1 })
    await source.whenWaiting()
    expect(pauses.slice(0, 4)).toEqual([50, 50, 50, 50])
    expect(pauses).toHaveLength(7)
    expect(pauses.slice(4).every((ms) => ms >= 200)).toBe(true)
  })

  test('brings what became of activities with the items that stand before it, also without any', async () => {
    const { source, log } = openLog()
    const items = history(started(), signaled(confirm('y', 'a')), scheduled('7'), cancelRequested(3))
    source.grow(...items.slice(0, 1))
    const { recording } = await subscribed(source, log)
    await source.whenWaiting()
    source.grow(...items.slice(1, 3))
    await recording.until({ ids: 1 })
    expect(recording.marks).toEqual([{ run: RUN_ID, activity: '7', is: 'scheduled' }])
    source.grow(...items.slice(3))
    await log.read(SESSION)
    expect(recording.marks.slice(1)).toEqual([{ run: RUN_ID, activity: '7', is: 'over' }])
  })

  test('ends when the server has the session no more', async () => {
    const { source, log, said } = openLog()
    source.grow(...OPEN)
    const { recording } = await subscribed(source, log)
    await source.whenWaiting()
    source.fail('poll', new ServerError(5))
    source.grow(...ITEMS.slice(4, 5))
    await recording.until({ ends: 1 })
    expect(recording.ids).toEqual(['y3'])
    expect(source.polls).toEqual([null, '4', '5'])
    expect(said).toEqual([])
    expect(log.known(SESSION)).toBeNull()
  })

  test('after such an end is watched anew', async () => {
    const { source, log } = openLog()
    source.grow(...OPEN)
    source.fail('poll', new ServerError(5))
    await (await subscribed(source, log)).recording.until({ ends: 1 })
    const { recording } = await subscribed(source, log)
    await source.whenWaiting()
    source.grow(...ITEMS.slice(4, 5))
    await recording.until({ ids: 1 })
    expect(recording.ids).toEqual(['y3'])
  })
})

describe('a forgotten session', () => {
  test('ends its subscriptions once and is read anew', async () => {
    const { source, log } = openLog()
    source.grow(...OPEN)
    const recording = record()
    await log.subscribe(SESSION, recording)
    await source.whenWaiting()
    log.forget(SESSION)
    log.forget(SESSION)
    expect([recording.ends, source.waiting, log.known(SESSION)]).toEqual([1, 0, null])
    source.grow(...ITEMS.slice(4))
    await log.read(SESSION)
    await settle()
    expect([recording.ids, recording.ends]).toEqual([[], 1])
    expect(source.reads).toEqual([0, 0])
  })

  test('is not watched by a subscription that was just beginning', async () => {
    const { source, log } = openLog()
    source.grow(...OPEN)
    const release = source.hold()
    const recording = record()
    const subscribing = log.subscribe(SESSION, recording)
    log.forget(SESSION)
    release()
    await subscribing
    await settle()
    expect(source.polls).toEqual([])
    expect(recording.ends).toBe(1)
  })

  test('that nobody knows is nothing', () => {
    expect(() => openLog().log.forget(SESSION)).not.toThrow()
  })
})

describe('closing', () => {
  test('stops every watcher and begins none', async () => {
    const { source, log } = openLog()
    source.grow(...OPEN)
    const recording = record()
    await log.subscribe(SESSION, recording)
    await source.whenWaiting()
    const release = source.hold()
    const subscribing = log.subscribe('another', recording)
    log.close()
    release()
    await subscribing
    await settle()
    expect(source.waiting).toBe(0)
    expect(source.polls).toEqual([null, '4'])
    expect(recording.ends).toBe(0)
  })
})
