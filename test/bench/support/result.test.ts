import { describe, expect, test } from 'vitest'
import type { Series } from '../../../bench/support/result.ts'
import { toResult } from '../../../bench/support/result.ts'

const machine = { cpu: 'some', cores: 2, memoryGiB: 8, system: 'Linux', node: 'v20' }
const about = { name: 'some', date: '2026-01-01', seconds: 1, machine, load: { before: 0, after: 0 }, flags: [] }

function rowsOf(...series: readonly Series[]) {
  return toResult({ ...about, series }).rows
}

describe('result', () => {
  test('keeps the raw samples by their labels beside the percentiles', () => {
    const result = toResult({ ...about, series: [{ label: 'one', unit: 'ms', samples: [3, 1, 2] }] })
    expect(result.samples).toEqual({ one: [3, 1, 2] })
    expect(result.rows).toMatchObject([{ label: 'one', n: 3, p50: 2, baseline: null, ratio: null, aims: [] }])
  })

  test('takes the ratio of medians to a baseline that was measured apart', () => {
    const [row] = rowsOf(
      { label: 'ours', unit: 'ms', samples: [10, 20, 90], baseline: 'bare' },
      { label: 'bare', unit: 'ms', samples: [4, 5] },
    )
    expect(row?.ratio).toBeCloseTo(20 / 4.5)
  })

  test('takes the median of the pairs’ ratios where samples are pairs', () => {
    const [row] = rowsOf(
      { label: 'ours', unit: 'ms', samples: [2, 30, 5], baseline: 'bare', paired: true },
      { label: 'bare', unit: 'ms', samples: [1, 10, 5] },
    )
    expect(row?.ratio).toBe(2)
  })

  test.each([
    { aim: { of: 'p50', atMost: 2 }, met: true },
    { aim: { of: 'p50', atMost: 1.9 }, met: false },
    { aim: { of: 'p99', atLeast: 2.5 }, met: true },
    { aim: { of: 'p95', atLeast: 3 }, met: false },
  ] as const)('says that $aim is met: $met', ({ aim, met }) => {
    const [row] = rowsOf({ label: 'one', unit: 'ms', samples: [1, 2, 3], aims: [aim] })
    expect(row?.aims).toEqual([{ ...aim, met }])
  })

  test.each([
    { why: 'a label twice', series: [one('a'), one('a')], message: /same label/ },
    { why: 'a baseline that is not there', series: [{ ...one('a'), baseline: 'b' }], message: /no series b/ },
    { why: 'a series without samples', series: [{ ...one('a'), samples: [] }], message: /a has no samples/ },
    {
      why: 'pairs of different lengths',
      series: [
        { ...one('a'), baseline: 'b', paired: true },
        { ...one('b'), samples: [1, 2] },
      ],
      message: /no pairs/,
    },
  ])('refuses $why', ({ series, message }) => {
    expect(() => rowsOf(...series)).toThrow(message)
  })
})

function one(label: string): Series {
  return { label, unit: 'ms', samples: [1] }
}
