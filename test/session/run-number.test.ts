import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { numberAfterReset, numberBehindResets } from '../../src/session/run-number.ts'

const DAY_MS = 24 * 60 * 60 * 1000
const YEAR_MS = 365 * DAY_MS

describe('the number of a run that was reset', () => {
  test.each([
    ['the next one, while the session is young', 3, 2, 4],
    ['above what any run can have by then', 1, 60_000, 60_000],
    ['above that of an earlier reset in the same moment', 60_000, 60_000, 60_001],
    ['one that the log has room for, however old the session is', 7, 90 * YEAR_MS, 968_544_000],
  ])('is %s', (_, base, lifeMs, number) => {
    expect(numberAfterReset(base, lifeMs)).toBe(number)
  })

  test.each([
    ['a millisecond', 3 * DAY_MS, 1],
    ['a hundredth of a second', 30 * DAY_MS, 10],
    ['a second', 9 * YEAR_MS, 1000],
  ])('is another one when the same run is reset again %s later', (_, lifeMs, laterMs) => {
    expect(numberAfterReset(1, lifeMs + laterMs)).toBe(numberAfterReset(1, lifeMs) + 1)
  })

  test('never falls while the session lives, and has nine digits at most', () => {
    const life = fc.integer({ min: 0, max: 11 * YEAR_MS })
    fc.assert(
      fc.property(life, life, (one, other) => {
        const [earlier, later] = [Math.min(one, other), Math.max(one, other)]
        expect(numberAfterReset(1, later)).toBeGreaterThanOrEqual(numberAfterReset(1, earlier))
        expect(numberBehindResets(1, later)).toBeLessThan(1e9)
      }),
    )
  })

  test.each([
    [1, 0],
    [1, 99],
    [30, 2_000],
    [1, 3_600_000],
    [1, 30 * DAY_MS],
    [1, 11 * YEAR_MS],
  ])('is never above what its workflow counts from: run %i after %i ms', (base, lifeMs) => {
    let number = base
    for (let resets = 0; resets < 4; resets++) number = numberAfterReset(number, lifeMs)
    expect(numberBehindResets(base, lifeMs)).toBeGreaterThanOrEqual(number)
  })
})
