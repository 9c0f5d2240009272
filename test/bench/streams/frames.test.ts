import { describe, expect, test } from 'vitest'
import { readFrame, splitFrames } from '../../../bench/streams/frames.ts'
import { formatEvent, KEEP_ALIVE } from '../../../src/wire/sse.ts'

function toFrame(data: object): string {
  return `event: message\nid: 1.5.0\ndata: ${JSON.stringify(data)}`
}

describe('a stream of frames', () => {
  test('is split at empty lines, and its unfinished end is kept', () => {
    expect(splitFrames('data: 1\n\ndata: 2\n\ndata: 3\n')).toEqual({
      frames: ['data: 1', 'data: 2'],
      rest: 'data: 3\n',
    })
  })

  test('has no rest when its last frame is whole', () => {
    expect(splitFrames('data: 1\n\n')).toEqual({ frames: ['data: 1'], rest: '' })
  })
})

describe('a frame', () => {
  test('of a processed event is one piece, made at the time of its history event', () => {
    const event = { type: 'session.status_idle', id: 'sevt_1', processed_at: '1970-01-01T00:00:01.500Z' }
    expect(readFrame(toFrame(event))).toEqual([{ channel: 'event', key: 'sevt_1', madeAt: 1_500 }])
  })

  test('as the service writes it is read', () => {
    const event = { type: 'session.status_running', id: 'sevt_2', processed_at: '1970-01-01T00:00:02Z' } as const
    const [frame = ''] = splitFrames(formatEvent(event, '1.6.0')).frames
    expect(readFrame(frame)).toEqual([{ channel: 'event', key: 'sevt_2', madeAt: 2_000 }])
  })

  test('of the server that stands beside it says itself when it was made', () => {
    expect(readFrame(toFrame({ id: 'raw1', made_at: 12.5, text: 'x' }))).toEqual([
      { channel: 'event', key: 'raw1', madeAt: 12.5 },
    ])
  })

  test('of a preview is a piece for each word', () => {
    const delta = { type: 'content_delta', content: { type: 'text', text: 'word7 word8 ' } }
    expect(readFrame(toFrame({ type: 'event_delta', event_id: 'sevt_3', delta }))).toEqual([
      { channel: 'delta', key: 'word7', madeAt: null },
      { channel: 'delta', key: 'word8', madeAt: null },
    ])
  })

  test.each([
    { name: 'a queued message', frame: toFrame({ type: 'user.message', id: 'sevt_4', processed_at: null }) },
    { name: 'the start of a preview', frame: toFrame({ type: 'event_start', event: { id: 'sevt_5' } }) },
    { name: 'a comment', frame: KEEP_ALIVE.trimEnd() },
  ])('of $name counts for nothing', ({ frame }) => {
    expect(readFrame(frame)).toEqual([])
  })
})
