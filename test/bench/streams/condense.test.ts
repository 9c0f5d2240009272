import { describe, expect, test } from 'vitest'
import { condense } from '../../../bench/streams/condense.ts'
import { toPercentiles } from '../../../bench/support/statistics.ts'

/** 0 to n - 1 in an order that is not theirs. */
function shuffled(n: number): readonly number[] {
  return Array.from({ length: n }, (_, index) => (index * 7_919) % n)
}

describe('condensed samples', () => {
  test('are all of them when there are few', () => {
    expect(condense([3, 1, 2])).toEqual([3, 1, 2])
  })

  test('are 1,001 with the same percentiles when there are many', () => {
    const values = shuffled(20_000)
    const few = condense(values)
    expect(few).toHaveLength(1_001)
    const [all, some] = [toPercentiles(values), toPercentiles(few)]
    for (const at of ['p50', 'p95', 'p99'] as const) expect(Math.abs(some[at] - all[at])).toBeLessThanOrEqual(1)
  })

  test('keep the least and the most', () => {
    const few = condense(shuffled(5_000))
    expect([few.at(0), few.at(-1)]).toEqual([0, 4_999])
  })
})
