import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createWorkClock } from '../../src/workflows/work-clock.ts'

interface Span {
  readonly from: number
  readonly to: number
}

/** What a clock counts of spans that end one after the other. */
function count(spans: readonly Span[]): number {
  let now = 0
  const clock = createWorkClock(() => now)
  for (const { from, to } of spans.toSorted((a, b) => a.to - b.to)) {
    now = to
    clock.add(to - from)
  }
  return clock.take()
}

/** The same, millisecond by millisecond. */
function countSlowly(spans: readonly Span[]): number {
  return Array.from({ length: 300 }, (_, at) => at).filter((at) => spans.some(({ from, to }) => from <= at && at < to))
    .length
}

const span = fc
  .record({ from: fc.nat(200), length: fc.nat(80) })
  .map(({ from, length }) => ({ from, to: from + length }))

describe('the clock of work', () => {
  test.each<[string, readonly Span[], number]>([
    [
      'one after the other',
      [
        { from: 0, to: 5 },
        { from: 8, to: 10 },
      ],
      7,
    ],
    [
      'two at once',
      [
        { from: 0, to: 5 },
        { from: 0, to: 5 },
      ],
      5,
    ],
    [
      'one inside another that ends later',
      [
        { from: 0, to: 10 },
        { from: 5, to: 8 },
      ],
      10,
    ],
    [
      'one over a gap between others',
      [
        { from: 1, to: 2 },
        { from: 4, to: 5 },
        { from: 0, to: 9 },
      ],
      9,
    ],
    ['nothing', [], 0],
  ])('counts %s', (_, spans, ms) => {
    expect(count(spans)).toBe(ms)
  })

  test('counts every millisecond of work once, whatever overlaps', () => {
    fc.assert(fc.property(fc.array(span, { maxLength: 12 }), (spans) => count(spans) === countSlowly(spans)))
  })

  test('counts nothing of a try that was lost with its worker, nor of the gap behind it', () => {
    let now = 0
    const clock = createWorkClock(() => now)
    const [lost, gap, again] = [400, 3000, 500]
    now += lost + gap + again
    clock.add(again)
    expect(clock.take()).toBe(again)
  })

  test('gives each millisecond out once', () => {
    let now = 10
    const clock = createWorkClock(() => now)
    clock.add(10)
    expect(clock.take()).toBe(10)
    expect(clock.take()).toBe(0)
    now = 20
    // A worker whose own clock runs fast says that it began earlier.
    clock.add(15)
    expect(clock.take()).toBe(10)
  })
})
