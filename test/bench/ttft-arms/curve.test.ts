import { describe, expect, test } from 'vitest'
import { toRows } from '../../../bench/support/result.ts'
import type { Series } from '../../../bench/support/result.ts'
import { tabulate, toVerdict } from '../../../bench/ttft-arms/curve.ts'
import { toSeries } from '../../../bench/ttft-arms/series.ts'
import { begun, taken } from './builders.ts'

/** A cell in which the sandbox takes so long that `first` speaks after so many milliseconds, the others sooner. */
function series(waitMs: number, [first, parallel, lazy]: readonly [number, number, number]): readonly Series[] {
  const of = (when: 'first' | 'parallel' | 'lazy', deltaMs: number) =>
    taken({
      when,
      crowd: 20,
      waitMs,
      begun: [begun({ deltaMs, resultMs: deltaMs + 100 })],
      provisionMs: when === 'first' ? [400] : [],
    })
  return toSeries([of('first', first), of('parallel', parallel), of('lazy', lazy)]).series
}

const aimed = { place: 'local', crowd: 20, waitMs: 600 }

describe('curve', () => {
  test('has one line for a cell, with its three arms, and every other row', () => {
    const rows = toRows(series(600, [1_000, 700, 250]))
    const lines = tabulate(rows).replaceAll(/ +/g, ' ')
    expect(lines).toContain(
      '| local, 20 at once | 600 | 1 | 1000 / 1000 | 700 / 700 | 250 / 250 | 30 % / 30 % | 75 % / 75 % |',
    )
    expect(lines).toContain(' | 1100 / 1100 | 800 / 800 | 350 / 350 |')
    expect(lines).toContain('| local, 20 at once: sandbox made, ms | 1 | 400 |')
    expect(lines.match(/model 600 ms/g)).toBeNull()
  })
})

describe('verdict', () => {
  test.each([
    { lazy: 90, verdict: 'met' },
    { lazy: 110, verdict: 'not met' },
  ])('says $verdict when the first word of 1,000 ms comes after $lazy', ({ lazy, verdict }) => {
    const [said] = toVerdict(toRows(series(600, [1_000, 900, lazy])), aimed)
    expect(said).toMatch(new RegExp(`saved: ${verdict} in local, 20 at once, model 600 ms: lazy, .* take 400 ms`))
  })

  test('names the cell in which most is saved', () => {
    const both = [...series(50, [1_000, 900, 40]), ...series(600, [1_000, 900, 500])]
    const labels = new Map(both.map((each) => [each.label, each]))
    const [said] = toVerdict(toRows([...labels.values()]), aimed)
    expect(said).toContain('96 % of the p50 (local, 20 at once, model 50 ms: lazy)')
  })

  test('is none where the cell was not measured', () => {
    expect(toVerdict(toRows(series(50, [1_000, 900, 40])), aimed)).toEqual([])
  })
})
