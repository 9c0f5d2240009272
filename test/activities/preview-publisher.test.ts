import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BATCH_BYTES } from '../../src/activities/preview-buffer.ts'
import { createPreviewPublisher } from '../../src/activities/preview-publisher.ts'
import type { DeltaBatch, DeltaPart } from '../../src/store/deltas.ts'
import { createManualTimers } from '../support/manual-timers.ts'

const SOURCE = { session: 'sesn_1', run: 'run-1', activity: '3', attempt: 2 }
const text = (piece: string, index = 0): DeltaPart => ({ type: 'text', id: 'e1', index, text: piece })
const START: DeltaPart = { type: 'start', of: 'agent.message', id: 'e1' }

/** A channel whose batches go through when the test says so. */
function open() {
  const timers = createManualTimers()
  const batches: DeltaBatch[] = []
  const answers: { done(): void; fail(): void }[] = []
  const publisher = createPreviewPublisher({
    source: SOURCE,
    after: timers.after,
    publish: (batch) => {
      batches.push(batch)
      return new Promise((resolve, reject) => answers.push({ done: resolve, fail: () => reject(new Error('no')) }))
    },
  })
  async function answer(how: 'done' | 'fail' = 'done'): Promise<void> {
    answers.shift()?.[how]()
    await new Promise((resolve) => setImmediate(resolve))
  }
  const said = () => batches.map(({ parts }) => parts.map((part) => (part.type === 'text' ? part.text : '^')).join(''))
  return { publisher, timers, batches, said, answer }
}

describe('a preview’s publisher', () => {
  test('sends the first parts at once and names where they come from', () => {
    const { publisher, batches } = open()
    publisher.add([START, text('a')])
    expect(batches).toEqual([{ ...SOURCE, seq: 0, parts: [START, text('a')] }])
  })

  test('puts together what comes within 20 ms', async () => {
    const { publisher, timers, said, answer, batches } = open()
    publisher.add([START, text('a')])
    await answer()
    for (const piece of ['b', 'c', 'd']) publisher.add([text(piece)])
    timers.advance(19)
    expect(said()).toEqual(['^a'])
    timers.advance(1)
    expect(said()).toEqual(['^a', 'bcd'])
    expect(batches[1]).toEqual({ ...SOURCE, seq: 1, parts: [text('bcd')] })
  })

  test('sends at once again after a rest', async () => {
    const { publisher, timers, said, answer } = open()
    publisher.add([text('a')])
    await answer()
    timers.advance(20)
    publisher.add([text('b')])
    expect(said()).toEqual(['a', 'b'])
  })

  test('joins only fragments of one block', async () => {
    const { publisher, timers, batches, answer } = open()
    publisher.add([text('a')])
    await answer()
    publisher.add([
      text('b'),
      text('c', 1),
      text('d', 1),
      { ...START, id: 'e2' },
      { type: 'text', id: 'e2', index: 0, text: 'e' },
    ])
    timers.advance(20)
    expect(batches[1]?.parts).toEqual([
      text('b'),
      text('cd', 1),
      { ...START, id: 'e2' },
      { type: 'text', id: 'e2', index: 0, text: 'e' },
    ])
  })

  test('has one batch under way at a time', async () => {
    const { publisher, timers, said, answer } = open()
    publisher.add([text('a')])
    publisher.add([text('b')])
    timers.advance(1000)
    publisher.add([text('c')])
    expect(said()).toEqual(['a'])
    await answer()
    expect(said()).toEqual(['a', 'bc'])
  })

  test('does not rest while a whole batch waits, and cuts long texts between characters', async () => {
    const { publisher, said, answer, batches } = open()
    const long = '😀'.repeat(4000)
    publisher.add([text('a')])
    await answer()
    publisher.add([text(long)])
    for (let more = 0; more < 3; more++) await answer()
    publisher.close()
    await answer()
    expect(said().join('')).toBe(`a${long}`)
    expect(said().join('|')).not.toMatch(/\p{Surrogate}/u)
    expect(batches.map(({ seq }) => seq)).toEqual([...batches.keys()])
    expect(batches.length).toBeGreaterThan(2)
    expect(batches.length).toBeLessThan(5)
  })

  test('sends what waits when it is closed, and takes nothing more', async () => {
    const { publisher, timers, said, answer } = open()
    publisher.add([text('a')])
    publisher.add([text('b')])
    publisher.close()
    publisher.add([text('c')])
    expect(said()).toEqual(['a'])
    await answer()
    await answer()
    expect(said()).toEqual(['a', 'b'])
    expect(timers.pending).toBe(0)
  })

  test('says nothing when there was nothing to say', () => {
    const { publisher, batches, timers } = open()
    publisher.add([])
    publisher.close()
    expect([batches.length, timers.pending]).toEqual([0, 0])
  })

  test('gives up after a batch that failed: the rest would be a gap', async () => {
    const { publisher, timers, said, answer } = open()
    publisher.add([text('a')])
    publisher.add([text('b')])
    await answer('fail')
    publisher.add([text('c')])
    timers.advance(1000)
    publisher.close()
    expect(said()).toEqual(['a'])
    expect(timers.pending).toBe(0)
  })

  test('gives up when a channel is so slow that 64 KiB wait', async () => {
    const { publisher, timers, said, answer } = open()
    publisher.add([text('a')])
    for (let kib = 0; kib < 70; kib++) publisher.add([text('x'.repeat(1024))])
    await answer()
    timers.advance(1000)
    publisher.close()
    expect(said()).toEqual(['a'])
  })

  test('sends an answer that comes in one piece, however long', async () => {
    const { publisher, said, answer } = open()
    publisher.add([text('x'.repeat(200 * 1024))])
    publisher.close()
    for (let batch = 0; batch < 60; batch++) await answer()
    expect(said().join('')).toHaveLength(200 * 1024)
  })

  test('sends everything in order in batches that fit, whatever comes', async () => {
    const anything = fc.oneof(
      fc
        .record({ piece: fc.string({ unit: 'binary', maxLength: 3000 }), index: fc.nat(3) })
        .map(({ piece, index }) => text(piece, index)),
      fc.constant(START),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(anything, { maxLength: 3 }), { maxLength: 6 }), async (adds) => {
        const { publisher, timers, batches, answer } = open()
        for (const parts of adds) {
          publisher.add(parts)
          timers.advance(7)
        }
        publisher.close()
        for (let more = 0; more < 40; more++) await answer()
        expect(batches.map(({ seq }) => seq)).toEqual([...batches.keys()])
        for (const { parts } of batches)
          expect(Buffer.byteLength(JSON.stringify(parts))).toBeLessThanOrEqual(BATCH_BYTES)
        expect(flat(batches.flatMap(({ parts }) => parts))).toBe(flat(adds.flat()))
      }),
      { numRuns: 50 },
    )
  })
})

function flat(parts: readonly DeltaPart[]): string {
  let last = ''
  return parts
    .map((part) => {
      if (part.type === 'start') return (last = '^')
      if (part.text === '') return ''
      const head = last === String(part.index) ? '' : `[${part.index}]`
      last = String(part.index)
      return head + part.text
    })
    .join('')
}
