import { describe, expect, test } from 'vitest'
import { check } from '../../src/session/check.ts'
import type { BlobRef } from '../../src/session/entry.ts'
import { fold, foldArrival } from '../../src/session/fold.ts'
import { QUEUE_BYTES } from '../../src/session/settle.ts'
import { blobsOf } from '../../src/session/state.ts'
import { weigh, weighQueue } from '../../src/session/weight.ts'
import type { Arrival } from '../../src/session/entry.ts'
import { customResult, emptyState, message, outline, startSession } from '../support/session-builders.ts'

const MIB = 1024 * 1024
const ref = (length: number): BlobRef => ({ path: ['content', 0, 'text'], sha256: 'ab'.repeat(32), length })
const arrival = (id: string): Arrival => ({ ...message(id), id })

describe('what waits in a queue', () => {
  test('weighs its JSON, its references, and a part of what those name', () => {
    expect(weigh({ a: 1 })).toBe(7)
    expect(weigh({ a: 1 }, [ref(256)])).toBe(7 + JSON.stringify([ref(256)]).length + 1)
    const queue = [arrival('m')]
    expect(weighQueue(emptyState({ queue }))).toBe(JSON.stringify(queue).length)
    expect(weighQueue(emptyState({ queue, blobs: { m: [ref(MIB)] } }))).toBeGreaterThan(MIB / 256)
  })

  test('is refused when what its references name would be too much', () => {
    const full = emptyState({ queue: [arrival('a')], blobs: { a: [ref(QUEUE_BYTES * 255)] } })
    expect(check(emptyState(), message('m'), { blobs: [ref(QUEUE_BYTES * 200)] })).toBeNull()
    expect(check(full, message('m'), { blobs: [ref(QUEUE_BYTES)] })).toMatchObject({ busy: true })
    expect(check(emptyState(), message('m'), { blobs: [ref(QUEUE_BYTES * 256)] })).toMatchObject({ busy: true })
  })

  test('is dropped by a session whose queue it overfills', () => {
    const session = startSession()
    const decided = session.pass({
      type: 'arrived',
      event: message('m'),
      signal: 1,
      index: 0,
      blobs: [ref(QUEUE_BYTES * 256)],
    })
    expect(outline(decided).join()).toContain('session.error')
    expect(session.state).toMatchObject({ queue: [], status: 'idle' })
  })
})

describe('references beside inputs and calls', () => {
  test.each(['m', '__proto__', 'constructor'])('stay with a queued input named %s and go with its mark', (id) => {
    const one = foldArrival(emptyState(), arrival(id), [ref(1)])
    const two = foldArrival(one, arrival('other'), [ref(2)])
    const plain = foldArrival(two, arrival('plain'))
    expect(blobsOf(plain, id)).toEqual([ref(1)])
    expect(blobsOf(plain, 'plain')).toBeUndefined()
    const marked = fold(plain, { type: 'log.mark', id })
    expect(blobsOf(marked, id)).toBeUndefined()
    expect(blobsOf(marked, 'other')).toEqual([ref(2)])
    const emptied = fold(fold(marked, { type: 'log.mark', id: 'other' }), { type: 'log.mark', id: 'plain' })
    expect(emptied).not.toHaveProperty('blobs')
    expect(JSON.parse(JSON.stringify(plain))).toEqual(plain)
  })

  test('are not kept for what does not wait', () => {
    const event = { ...customResult('r', 'x'), id: 'r' } as Arrival
    expect(foldArrival(emptyState(), event, [ref(1)])).not.toHaveProperty('blobs')
  })

  test.each(['agent.tool_use', 'agent.custom_tool_use'] as const)('stay with an open call of %s', (type) => {
    const entry = { type, id: 'c', name: 'bash', input: { command: '' } } as const
    expect(fold(emptyState(), entry, [ref(1)]).calls).toMatchObject([{ id: 'c', blobs: [ref(1)] }])
    expect(fold(emptyState(), entry).calls[0]).not.toHaveProperty('blobs')
  })

  test('of a result are taken by the index of their entry', () => {
    const session = startSession()
    const entries = ['a', 'b'].map((id) => ({ type: 'agent.tool_use' as const, id, name: 'bash', input: {} }))
    session.pass({ type: 'recorded', entries, blobs: { 1: [ref(7)] } })
    expect(session.state.calls.map(({ blobs }) => blobs)).toEqual([undefined, [ref(7)]])
  })
})
