import { APIError } from '@anthropic-ai/sdk'
import { Stream } from '@anthropic-ai/sdk/core/streaming'
import { describe, expect, test } from 'vitest'
import { ApiError, toErrorBody } from '../../src/wire/errors.ts'
import { formatErrorEvent, formatEvent, KEEP_ALIVE } from '../../src/wire/sse.ts'
import type { StreamEvent } from '../../src/wire/types.ts'

function message(text: string): StreamEvent {
  return {
    type: 'agent.message',
    id: 'sevt_1',
    processed_at: '2026-11-21T00:00:00Z',
    content: [{ type: 'text', text }],
  }
}

/** The data of a frame as the standard's parser reads it; lines end at CR, LF or CRLF only. */
function dataOf(frame: string): unknown {
  const lines = frame.split(/\r\n|\r|\n/).filter((line) => line.startsWith('data: '))
  expect(lines).toHaveLength(1)
  return JSON.parse(lines.join().slice('data: '.length))
}

describe('formatEvent', () => {
  test('calls every event message', () => {
    const event: StreamEvent = { type: 'session.status_running', id: 'sevt_1', processed_at: '2026-11-21T00:00:00Z' }
    expect(formatEvent(event)).toBe(`event: message\ndata: ${JSON.stringify(event)}\n\n`)
  })

  test('puts an id on its own line', () => {
    expect(formatEvent(message('x'), '1.5.0')).toMatch(/^event: message\nid: 1\.5\.0\ndata: \{.*\}\n\n$/)
  })

  test.each(['a\n\ndata: {"type":"forged"}\n\n', 'a\r\nevent: error', '\u2028\u2029', '\0', '"\\', '\ud800'])(
    'keeps %j inside one frame',
    (text) => {
      const frame = formatEvent(message(text))
      expect(frame.split(/\n\n/)).toEqual([expect.any(String), ''])
      expect(dataOf(frame)).toEqual(message(text))
    },
  )

  test.each(['a\nb', 'a\rb', 'a\0b'])('refuses the id %j', (id) => {
    expect(() => formatEvent(message('x'), id)).toThrow('one line')
  })
})

describe('other frames', () => {
  test('tell an error in the standard shape', () => {
    const body = toErrorBody(new ApiError('overloaded', 'busy\nnow'), 'req_1')
    const frame = formatErrorEvent(body)
    expect(frame).toMatch(/^event: error\ndata: .*\n\n$/)
    expect(dataOf(frame)).toEqual(body)
  })

  test('make the official client throw the error that they tell, behind what came before it', async () => {
    const body = toErrorBody(new ApiError('overloaded', 'not read fast enough'), 'req_1')
    const text = KEEP_ALIVE + formatEvent(message('x')) + KEEP_ALIVE + formatErrorEvent(body)
    const read: unknown[] = []
    const reading = async (): Promise<void> => {
      for await (const event of Stream.fromSSEResponse(new Response(text), new AbortController())) read.push(event)
    }
    const error = await reading().catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(APIError)
    expect(error).toMatchObject({ type: 'overloaded_error', error: body })
    expect(read).toEqual([message('x')])
  })

  test('keep a connection alive with a comment', () => {
    expect(KEEP_ALIVE).toMatch(/^:[^\n]*\n\n$/)
  })
})
