import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { ModelFailure } from '../../src/model/model.ts'
import type { Watch } from '../../src/model/silence.ts'
import { watchSilence } from '../../src/model/silence.ts'

const PING = new TextEncoder().encode('event: ping\n\n')

let reasons: ModelFailure[]
let watch: Watch
beforeEach(() => {
  vi.useFakeTimers()
  reasons = []
  watch = watchSilence(1000, (reason) => reasons.push(reason))
})
afterEach(() => {
  vi.useRealTimers()
})

/** Lets `ms` pass in steps of half a second, with `sign` after each. */
function pass(ms: number, sign: () => void): void {
  for (let left = ms; left > 0; left -= 500) {
    vi.advanceTimersByTime(500)
    sign()
  }
}

describe('a watch over a stream', () => {
  test('gives up after one budget of silence', () => {
    vi.advanceTimersByTime(999)
    expect(reasons).toEqual([])
    vi.advanceTimersByTime(1)
    expect(reasons).toMatchObject([
      { kind: 'unreachable', retryable: true, message: expect.stringContaining('nothing for 1 s') },
    ])
  })

  test('waits five budgets while there is nothing but pings', () => {
    pass(4500, () => watch.bytes(PING))
    expect(reasons).toEqual([])
    pass(1000, () => watch.bytes(PING))
    expect(reasons).toMatchObject([
      { kind: 'unreachable', message: expect.stringContaining('nothing but pings for 5 s') },
    ])
  })

  test('waits as long as events come', () => {
    pass(60_000, () => {
      watch.bytes(PING)
      watch.event()
    })
    expect(reasons).toEqual([])
  })

  test('gives up on more bytes than any answer has, in lines of any length', () => {
    const chunk = new Uint8Array(1024 * 1024).fill(0x0a)
    for (let n = 0; n < 64; n += 1) watch.bytes(chunk)
    expect(reasons).toEqual([])
    watch.bytes(chunk)
    expect(reasons).toMatchObject([{ kind: 'garbled' }])
  })

  test('gives up on a line that does not end, not on lines that do', () => {
    const half = new Uint8Array(3 * 1024 * 1024)
    watch.bytes(half)
    watch.bytes(Uint8Array.of(0x0a))
    watch.bytes(half)
    expect(reasons).toEqual([])
    watch.bytes(half)
    expect(reasons).toMatchObject([{ kind: 'garbled' }])
  })

  test('lingers for a moment behind an answer, whatever the budget', () => {
    watch.linger()
    vi.advanceTimersByTime(200)
    expect(reasons).toHaveLength(1)
  })

  test('leaves no timer when it is stopped, even if bytes still come', () => {
    watch.linger()
    watch.stop()
    watch.bytes(PING)
    watch.event()
    expect(vi.getTimerCount()).toBe(0)
    vi.advanceTimersByTime(60_000)
    expect(reasons).toEqual([])
  })
})
