import { describe, expect, test } from 'vitest'
import { createBacklog } from '../../src/api/backlog.ts'
import type { Arrival } from '../../src/session/entry.ts'
import { QUEUE_BYTES } from '../../src/session/settle.ts'
import { weighQueue } from '../../src/session/weight.ts'
import { emptyState } from '../support/session-builders.ts'

let minted = 0

function messages(count: number, length = 1): Arrival[] {
  return Array.from({ length: count }, () => ({
    id: `sevt_${minted++}`,
    type: 'user.message',
    content: [{ type: 'text', text: 'x'.repeat(length) }],
  }))
}

/** A view of a log that has these in its queue and has seen those before them too. */
function view(queue: readonly Arrival[] = [], { seen = queue, signals = 1 } = {}) {
  return { session: 'sesn_1', state: emptyState({ queue, seen: seen.map(({ id }) => id) }), signals }
}

describe('the backlog', () => {
  test('lets 64 events in on one old reading, and 256 on fresh ones', () => {
    const backlog = createBacklog(() => 0)
    expect(backlog.take(view(), messages(64), false)).toBe(true)
    expect(backlog.take(view(), messages(1), false)).toBe(false)
    expect(backlog.take(view(), messages(192), true)).toBe(true)
    expect(backlog.take(view(), messages(1), true)).toBe(false)
  })

  test('takes a batch whole or not at all', () => {
    const backlog = createBacklog(() => 0)
    expect(backlog.take(view(messages(250)), messages(7), true)).toBe(false)
    expect(backlog.take(view(messages(250)), messages(6), true)).toBe(true)
  })

  test('counts bytes too', () => {
    const backlog = createBacklog(() => 0)
    expect(backlog.take(view(messages(1, 300 * 1024)), messages(1, 200 * 1024), true)).toBe(true)
    expect(backlog.take(view(messages(1, 300 * 1024)), messages(1, 50 * 1024), true)).toBe(false)
  })

  test('forgets what the log has seen, whether it still waits there or not', () => {
    const backlog = createBacklog(() => 0)
    const first = messages(64)
    backlog.take(view(), first, false)
    expect(backlog.take(view([], { seen: first }), messages(64), false)).toBe(true)
  })

  test('forgets what never came, once a fresh reading is old enough to know', () => {
    let now = 0
    const backlog = createBacklog(() => now)
    backlog.take(view(), messages(256), true)
    now = 14_999
    expect(backlog.take(view(), messages(1), true)).toBe(false)
    now = 15_000
    expect(backlog.take(view(), messages(1), false)).toBe(false)
    expect(backlog.take(view(), messages(1), true)).toBe(true)
  })

  test('has room again for what was given back', () => {
    const backlog = createBacklog(() => 0)
    const all = messages(256)
    backlog.take(view(), all, true)
    backlog.giveBack('sesn_1', all)
    expect(backlog.take(view(), messages(256), true)).toBe(true)
  })

  test('takes nothing for a run with 2,000 signals but an interrupt', () => {
    const backlog = createBacklog(() => 0)
    const flooded = view([], { signals: 2_000 })
    expect(backlog.take(flooded, messages(1), true)).toBe(false)
    expect(backlog.take(flooded, [{ id: 'sevt_stop', type: 'user.interrupt' }], true)).toBe(true)
  })

  test('counts the signals that nobody has read yet, a batch as one', () => {
    const backlog = createBacklog(() => 0)
    const old = view([], { signals: 1_998 })
    const batch = messages(3)
    expect(backlog.take(old, batch, true)).toBe(true)
    expect(backlog.take(old, messages(1), true)).toBe(true)
    expect(backlog.take(old, messages(1), true)).toBe(false)
    expect(backlog.take(view([], { seen: batch, signals: 1_998 }), messages(1), true)).toBe(true)
  })

  test('lets in what a workflow has room for, to the byte, and no more', () => {
    const queue = messages(3, 1000)
    const state = (added: readonly Arrival[]) => ({ queue: [...queue, ...added] })
    const room = QUEUE_BYTES - weighQueue(state(messages(2, 0)))
    for (const [over, isTaken] of [
      [0, true],
      [1, false],
    ] as const) {
      const added = [...messages(1, room + over), ...messages(1, 0)]
      expect(weighQueue(state(added)) <= QUEUE_BYTES).toBe(isTaken)
      expect(createBacklog(() => 0).take(view(queue), added, true)).toBe(isTaken)
    }
  })

  test('lets an answer to a call in beside a full queue, and counts it for none', () => {
    const backlog = createBacklog(() => 0)
    const answer = (id: string): Arrival => ({ id, type: 'user.custom_tool_result', custom_tool_use_id: 'sevt_call' })
    expect(backlog.take(view(messages(256)), [answer('sevt_a')], true)).toBe(true)
    expect(backlog.take(view(messages(1, 500 * 1024)), [answer('sevt_b')], true)).toBe(true)
    expect(backlog.take(view(messages(255)), messages(1), true)).toBe(true)
    expect(backlog.take(view([], { signals: 2_000 }), [answer('sevt_c')], true)).toBe(false)
  })

  test('is each session’s own', () => {
    const backlog = createBacklog(() => 0)
    backlog.take(view(), messages(256), true)
    expect(backlog.take({ ...view(), session: 'sesn_2' }, messages(256), true)).toBe(true)
  })
})
