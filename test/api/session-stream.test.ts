import { describe, expect, test } from 'vitest'
import { FrameWriter } from '../../src/api/frame-writer.ts'
import type { FramedBatch } from '../../src/api/preview-feed.ts'
import { createPreviews } from '../../src/api/previews.ts'
import type { Frames } from '../../src/api/session-stream.ts'
import { SessionStream, createFramer, frameOf } from '../../src/api/session-stream.ts'
import type { LogItem } from '../../src/history/project.ts'
import type { ActivityMark } from '../../src/history/run-log.ts'
import { createManualTimers } from '../support/manual-timers.ts'
import { itemsOf, settle } from '../support/session-log-builders.ts'
import { FakeOutlet } from './fake-outlet.ts'
import { buildView } from './view-builder.ts'

const items = itemsOf(
  buildView([
    { do: 'queue', id: 'm1', at: 1 },
    { do: 'hide', at: 2 },
    { do: 'take', id: 'm1', at: 3 },
    { do: 'say', id: 'a1', at: 4 },
  ]),
)
const SCHEDULED: readonly ActivityMark[] = [{ run: 'run-1', activity: '1', is: 'scheduled' }]
const OVER: readonly ActivityMark[] = [{ run: 'run-1', activity: '1', is: 'over' }]

function batch(seq: number): FramedBatch {
  const frames = [{ of: 'agent.message', frame: `data: p${seq}\n\n` }] as const
  return { session: 'sesn_1', run: 'run-1', activity: '1', attempt: 1, seq, frames }
}

function build(change: Partial<Frames> = {}) {
  const outlet = new FakeOutlet()
  const timers = createManualTimers()
  const writer = new FrameWriter(outlet, {
    farewell: () => 'data: farewell\n\n',
    over: () => undefined,
    after: timers.after,
  })
  const stream = new SessionStream(writer, createPreviews(new Set(['agent.message'])), {
    of: createFramer(),
    ofLarge: async (item) => frameOf(item),
    ofFailure: (error) => `data: ${String(error)}\n\n`,
    ...change,
  })
  /** The frames so far: an event by its id and the frame's, everything else by its data. */
  const frames = () =>
    outlet.written
      .join('')
      .split('\n\n')
      .slice(0, -1)
      .map((frame) => {
        const [, id] = /^id: (.*)$/m.exec(frame) ?? []
        const [, data = frame] = /^data: (.*)$/m.exec(frame) ?? []
        return id === undefined ? data : `${id} ${JSON.parse(data).id}`
      })
  return { outlet, stream, frames, timers }
}

const EVENTS = ['1.1.0 m1', '1.3.0 m1', '1.4.0 a1']

describe('a session’s stream', () => {
  test('holds back what comes before it is opened, and then goes on live', async () => {
    const { stream, frames } = build()
    stream.added(items.slice(0, 2), [])
    expect(frames()).toEqual([])
    await stream.open(null)
    stream.added(items.slice(2, 3), [])
    stream.added(items.slice(3), [])
    expect(frames()).toEqual(EVENTS)
  })

  test('is live as soon as it was opened when nothing was missed', async () => {
    const { stream, frames } = build()
    stream.added(items.slice(0, 2), [])
    void stream.open(null)
    stream.added(items.slice(2), [])
    await settle()
    expect(frames()).toEqual(EVENTS)
  })

  test('shows what was missed before what came meanwhile', async () => {
    const { stream, frames } = build()
    stream.added(items.slice(2), [])
    await stream.open(pages(items.slice(0, 1), items.slice(1, 2)))
    expect(frames()).toEqual(EVENTS)
  })

  test('shows previews behind what they follow and never behind their end', async () => {
    const { stream, frames } = build()
    stream.preview(batch(0))
    stream.added(items.slice(0, 3), SCHEDULED)
    await stream.open(null)
    stream.preview(batch(1))
    stream.added(items.slice(3), OVER)
    stream.preview(batch(2))
    expect(frames()).toEqual(['1.1.0 m1', '1.3.0 m1', 'p0', 'p1', '1.4.0 a1'])
  })

  test('takes as much at a time as its reader does, in order with what comes meanwhile', async () => {
    const { stream, frames, outlet } = build()
    const long = items.map((item) => withText(item, 'x'.repeat(300 * 1024)))
    const opening = stream.open(pages(long.slice(0, 1), long.slice(1, 3)))
    stream.added(long.slice(3), [])
    for (let round = 1; round <= 3; round++) {
      await settle()
      expect(frames()).toHaveLength(round)
      outlet.drain()
    }
    await opening
    expect(frames()).toEqual(EVENTS)
  })

  test('shows no preview that comes while its reader catches up: its end may be among what waits', async () => {
    const { stream, frames, outlet } = build()
    const long = items.map((item) => withText(item, 'x'.repeat(300 * 1024)))
    stream.added(long.slice(0, 1), SCHEDULED)
    stream.added(long.slice(2, 3), [])
    stream.added(items.slice(3), OVER)
    const opening = stream.open(null)
    await settle()
    for (let round = 0; round < 3; round++) {
      stream.preview(batch(round))
      outlet.drain()
      await settle()
    }
    await opening
    expect(frames()).toEqual([EVENTS[0], 'p0', ...EVENTS.slice(1)])
  })

  test('sheds previews first when its reader is behind', async () => {
    const { stream, frames, outlet } = build()
    await stream.open(null)
    stream.added(items.slice(0, 1), SCHEDULED)
    stream.preview(batch(0))
    outlet.writableLength = 300 * 1024
    stream.preview(batch(1))
    stream.keepAlive()
    outlet.drain()
    stream.preview(batch(2))
    stream.added(items.slice(3), OVER)
    expect(frames()).toEqual(['1.1.0 m1', 'p0', '1.4.0 a1'])
  })

  test('says that it lives', async () => {
    const { stream, outlet } = build()
    await stream.open(null)
    stream.keepAlive()
    expect(outlet.written.join('')).toMatch(/^: .*\n\n$/)
  })

  test('ends behind everything that waits', async () => {
    const { stream, frames, outlet } = build()
    stream.added(items, [])
    stream.ended()
    expect(outlet.done).toEqual([])
    await stream.open(null)
    expect(frames()).toEqual(EVENTS)
    expect(outlet.done.at(-1)).toBe('end')
  })

  test('waits for the large parts of an event, in order with what comes meanwhile, and is live again', async () => {
    let tell = (_: string): void => undefined
    const large = new Promise<string>((resolve) => (tell = resolve))
    const { stream, frames, outlet } = build({ ofLarge: () => large })
    await stream.open(null)
    stream.added([items[0], { ...items[2], blobs: [] }] as readonly LogItem[], SCHEDULED)
    stream.added(items.slice(3), OVER)
    stream.preview(batch(0))
    stream.keepAlive()
    expect(frames()).toEqual(EVENTS.slice(0, 1))
    const frame = `id: 1.3.0\ndata: {"id": "m1", "text": "${'x'.repeat(600 * 1024)}"}\n\n`
    tell(frame)
    for (let round = 0; round < 9; round++) {
      await new Promise((resolve) => setImmediate(resolve))
      outlet.drain()
    }
    // The preview had waited for the call that it is of.
    const shown = [...EVENTS.slice(0, 2), 'p0', ...EVENTS.slice(2)]
    expect(frames()).toEqual(shown)
    expect(Math.max(...outlet.written.map(({ length }) => length))).toBe(256 * 1024)
    stream.added(items.slice(3), [])
    expect(frames()).toEqual([...shown, EVENTS[2]])
  })

  test('waits for the agent of a change, which is read, before it shows what follows', async () => {
    const changed = { type: 'session.updated', id: 'u1', configuration: 'cfg_2' } as const
    const item = { ...items[2], says: changed } as LogItem
    let tell = (_: string): void => undefined
    const { stream, frames } = build({ ofLarge: () => new Promise<string>((resolve) => (tell = resolve)) })
    await stream.open(null)
    stream.added([item, ...items.slice(3)], [])
    await settle()
    expect(frames()).toEqual([])
    tell('id: 1.3.0\ndata: {"id": "whole"}\n\n')
    await settle()
    expect(frames()).toEqual(['1.3.0 whole', EVENTS[2]])
  })

  test.each(['behind a large event', 'while it catches up', 'at its end'])(
    'waits for a reader that stands still for minutes %s, and brings it all',
    async (where) => {
      const { stream, frames, outlet, timers } = build({
        ofLarge: async () => `id: 1.1.0\ndata: {"id": "m1", "text": "${'x'.repeat(600 * 1024)}"}\n\n`,
      })
      const large = [{ ...items[0], blobs: [] }] as readonly LogItem[]
      const opening = stream.open(where === 'while it catches up' ? pages(large) : null)
      if (where !== 'while it catches up') stream.added(large, [])
      await settle()
      stream.added(items.slice(1), [])
      if (where === 'at its end') stream.ended()
      for (let round = 0; round < 9; round++) {
        timers.advance(150_000)
        outlet.drain()
        await settle()
      }
      await opening
      expect(frames()).toEqual(EVENTS)
      expect(outlet.done.includes('end')).toBe(where === 'at its end')
    },
  )

  test('ends with an error when a large part of an event is lost', async () => {
    const ofLarge = async (): Promise<never> => Promise.reject(new Error('lost'))
    const { stream, frames, outlet } = build({ ofLarge })
    await stream.open(null)
    stream.added([{ ...items[0], blobs: [] }] as readonly LogItem[], [])
    await new Promise((resolve) => setImmediate(resolve))
    expect(frames()).toEqual(['Error: lost'])
    expect(outlet.done.at(-1)).toBe('end')
  })

  test('ends as a slow reader’s does when too much comes while it catches up, and holds nothing of it', async () => {
    const { stream, frames, outlet } = build()
    const [item] = items.map((one) => withText(one, 'x'.repeat(1024 * 1024)))
    if (!item) throw new Error('expected an item')
    const opening = stream.open(pages([item], items.slice(1)))
    await settle()
    for (let step = 0; step < 7; step++) stream.added([item], [])
    expect(outlet.done).not.toContain('end')
    stream.added([item], [])
    expect([frames().length, outlet.done.at(-1)]).toEqual([2, 'end'])
    expect(frames().at(-1)).toBe('farewell')
    for (let round = 0; round < 9; round++) {
      outlet.drain()
      await settle()
      stream.added([item], [])
    }
    await opening
    expect(frames()).toHaveLength(2)
  })

  test('counts what waits while its reader catches up, not what has been taken', async () => {
    const { stream, frames, outlet } = build()
    const [item] = items.map((one) => withText(one, 'x'.repeat(1024 * 1024)))
    if (!item) throw new Error('expected an item')
    const opening = stream.open(pages([item]))
    for (let step = 0; step < 30; step++) {
      await settle()
      stream.added([item], [])
      outlet.drain()
    }
    for (let step = 0; step < 30; step++) {
      await settle()
      outlet.drain()
    }
    await opening
    expect(frames()).toHaveLength(31)
    expect(outlet.done).not.toContain('end')
  })

  test('is cut off by steps without any event too', async () => {
    const { stream, outlet } = build()
    for (let step = 0; step < 32 * 1024; step++) stream.added([], OVER)
    expect(outlet.done).toEqual([])
    stream.added([], OVER)
    expect(outlet.done).toEqual(['write', 'end'])
  })

  test('ends when its session does', async () => {
    const { stream, outlet } = build()
    await stream.open(null)
    stream.ended()
    expect(outlet.done).toEqual(['end'])
  })

  test('of a reader that left while it caught up is not written on', async () => {
    const { stream, outlet, frames } = build()
    const opening = stream.open(pages(items.map((item) => withText(item, 'x'.repeat(300 * 1024)))))
    await settle()
    outlet.destroy()
    await opening
    stream.added(items, [])
    expect(frames()).toHaveLength(1)
  })
})

describe('frames', () => {
  test('are made once for a list of items', () => {
    const framesOf = createFramer()
    let read = 0
    const [item] = items
    const counting = [
      {
        ...item,
        get shown() {
          read += 1
          return item?.shown
        },
      },
    ] as readonly LogItem[]
    expect(framesOf(counting)).toBe(framesOf(counting))
    const once = read
    framesOf(counting)
    expect(read).toBe(once)
    expect(framesOf(items)).not.toBe(framesOf(counting))
  })
})

async function* pages(...of: readonly (readonly LogItem[])[]): AsyncGenerator<readonly LogItem[]> {
  yield* of
}

function withText(item: LogItem, text: string): LogItem {
  if (item.shown?.type !== 'agent.message' && item.shown?.type !== 'user.message') return item
  return { ...item, shown: { ...item.shown, content: [{ type: 'text', text }] } }
}
