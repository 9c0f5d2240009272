import { describe, expect, test } from 'vitest'
import { estimateMedian, fitExponent, median, quantile, toPercentiles } from '../../../bench/support/statistics.ts'

describe('quantile', () => {
  const cases = [
    { values: [7], share: 0.99, expected: 7 },
    { values: [3, 1, 2], share: 0.5, expected: 2 },
    { values: [4, 1, 3, 2], share: 0.5, expected: 2.5 },
    { values: [10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0], share: 0.95, expected: 9.5 },
    { values: [5, 1], share: 0, expected: 1 },
    { values: [5, 1], share: 1, expected: 5 },
    // Text order would put 10 first.
    { values: [10, 9, 8], share: 0, expected: 8 },
  ]
  test.each(cases)('of $values at $share is $expected', ({ values, share, expected }) => {
    expect(quantile(values, share)).toBeCloseTo(expected, 10)
  })

  test('leaves its input in order', () => {
    const values = [3, 1, 2]
    median(values)
    expect(values).toEqual([3, 1, 2])
  })

  test('of nothing is NaN', () => {
    expect(quantile([], 0.5)).toBeNaN()
  })
})

describe('percentiles', () => {
  test('name the count and the three places', () => {
    const values = Array.from({ length: 101 }, (_, index) => 100 - index)
    expect(toPercentiles(values)).toEqual({ n: 101, p50: 50, p95: 95, p99: 99 })
  })
})

describe('the exponent of a power law', () => {
  const cases = [
    { law: '7x', of: (x: number) => 7 * x, expected: 1 },
    { law: 'x² / 2', of: (x: number) => x ** 2 / 2, expected: 2 },
    { law: '3', of: () => 3, expected: 0 },
  ]
  test.each(cases)('of $law is $expected', ({ of, expected }) => {
    expect(fitExponent([10, 30, 1000].map((x) => [x, of(x)] as const))).toBeCloseTo(expected, 10)
  })

  test('is the slope between two points that no other law fits', () => {
    expect(
      fitExponent([
        [1, 1],
        [10, 1000],
        [100, 100],
      ]),
    ).toBeCloseTo(1, 10)
  })

  test('of one point is NaN', () => {
    expect(fitExponent([[10, 10]])).toBeNaN()
  })
})

describe('the estimate of a median', () => {
  const spread = Array.from({ length: 100 }, (_, index) => index)

  test('has an interval around it that is narrower than the values', () => {
    const { median: middle, low, high } = estimateMedian(spread)
    expect(middle).toBe(49.5)
    // The order-statistic interval of 100 values is the 40th to the 61st.
    expect(low).toBeGreaterThan(34)
    expect(low).toBeLessThan(46)
    expect(high).toBeGreaterThan(53)
    expect(high).toBeLessThan(65)
  })

  test('is the same every time', () => {
    expect(estimateMedian(spread)).toEqual(estimateMedian(spread))
  })

  test('of equal values has no width', () => {
    expect(estimateMedian([2, 2, 2])).toEqual({ median: 2, low: 2, high: 2 })
  })
})
