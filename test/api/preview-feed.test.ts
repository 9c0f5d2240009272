import { describe, expect, test } from 'vitest'
import type { FramedBatch } from '../../src/api/preview-feed.ts'
import { openPreviewFeed } from '../../src/api/preview-feed.ts'
import type { DeltaBatch, DeltaChannel } from '../../src/store/deltas.ts'

async function open() {
  const handlers: Parameters<DeltaChannel['subscribe']>[0][] = []
  let decoded = 0
  const feed = await openPreviewFeed({
    publish: async () => undefined,
    subscribe: async (handler) => {
      handlers.push(handler)
      return () => undefined
    },
  })
  function deliver(session: string, batch: DeltaBatch | null = batchOf(session)): void {
    for (const handler of handlers) {
      handler(session, () => {
        decoded += 1
        return batch
      })
    }
  }
  return { feed, deliver, handlers, decoded: () => decoded }
}

function batchOf(session: string): DeltaBatch {
  return {
    session,
    run: 'run-1',
    activity: '1',
    attempt: 1,
    seq: 0,
    parts: [
      { type: 'start', of: 'agent.thinking', id: 'e1' },
      { type: 'start', of: 'agent.message', id: 'e2' },
      { type: 'text', id: 'e2', index: 0, text: 'a\n\nb' },
    ],
  }
}

describe('a preview feed', () => {
  test('gives every listener of a session the same frames, decoded once', async () => {
    const { feed, deliver, handlers, decoded } = await open()
    const got: FramedBatch[] = []
    feed.listen('sesn_1', (batch) => got.push(batch))
    feed.listen('sesn_1', (batch) => got.push(batch))
    deliver('sesn_1')
    expect(handlers).toHaveLength(1)
    expect(decoded()).toBe(1)
    expect(got[1]).toBe(got[0])
    const { parts: _, ...place } = batchOf('sesn_1')
    expect(got[0]).toMatchObject(place)
    expect(got[0]?.frames).toEqual([
      {
        of: 'agent.thinking',
        frame: 'event: message\ndata: {"type":"event_start","event":{"type":"agent.thinking","id":"e1"}}\n\n',
      },
      {
        of: 'agent.message',
        frame: 'event: message\ndata: {"type":"event_start","event":{"type":"agent.message","id":"e2"}}\n\n',
      },
      {
        of: 'agent.message',
        frame:
          'event: message\ndata: {"type":"event_delta","event_id":"e2","delta":{"type":"content_delta","index":0,"content":{"type":"text","text":"a\\n\\nb"}}}\n\n',
      },
    ])
  })

  test('does not decode what nobody listens to', async () => {
    const { feed, deliver, decoded } = await open()
    const got: FramedBatch[] = []
    const stop = feed.listen('sesn_1', (batch) => got.push(batch))
    deliver('sesn_2')
    stop()
    stop()
    deliver('sesn_1')
    expect([decoded(), got.length]).toEqual([0, 0])
  })

  test('goes on for the others when one stops listening', async () => {
    const { feed, deliver } = await open()
    const got: string[] = []
    const stop = feed.listen('sesn_1', () => got.push('first'))
    feed.listen('sesn_1', () => got.push('second'))
    stop()
    deliver('sesn_1')
    expect(got).toEqual(['second'])
  })

  test('passes over what is no batch', async () => {
    const { feed, deliver } = await open()
    const got: FramedBatch[] = []
    feed.listen('sesn_1', (batch) => got.push(batch))
    deliver('sesn_1', null)
    expect(got).toEqual([])
  })
})
