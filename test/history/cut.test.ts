import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ResetRun } from '../../src/history/cut.ts'
import { cutsBefore, isGivenUp, leaveOut } from '../../src/history/cut.ts'

const cut = { run: 2, event: 5, next: 9 }

describe('what a reset gives up', () => {
  test.each([
    [1, 99, false],
    [2, 5, false],
    [2, 6, true],
    [3, 1, true],
    [8, 99, true],
    [9, 1, false],
  ])('begins behind its event and ends with the run that it made: %i.%i', (run, event, isGone) => {
    expect(isGivenUp([cut], { run, event })).toBe(isGone)
  })

  test.each([
    [
      'around it',
      1,
      10,
      [
        { first: 1, last: 2, lastEvent: 5 },
        { first: 9, last: 10 },
      ],
    ],
    ['that begin within it', 4, 10, [{ first: 9, last: 10 }]],
    ['that end within it', 1, 6, [{ first: 1, last: 2, lastEvent: 5 }]],
    ['all within it', 3, 8, []],
    ['before it', 1, 1, [{ first: 1, last: 1 }]],
    ['behind it', 9, 11, [{ first: 9, last: 11 }]],
  ])('is left out of runs %s', (_, first, last, parts) => {
    expect(leaveOut([cut], { first, last })).toEqual(parts)
  })
})

describe('resets of a log', () => {
  const reset = (run: number, ...cuts: ResetRun['cuts']): ResetRun => ({ run, cuts })
  const first = reset(40, { run: 1, event: 7, next: 40 })

  test.each<[string, readonly ResetRun[], number, readonly number[]]>([
    [
      'both count when the later one goes on from the earlier',
      [first, reset(80, { run: 41, event: 3, next: 80 })],
      99,
      [40, 80],
    ],
    ['an earlier one that was given up counts no more', [reset(80, { run: 2, event: 3, next: 80 }), first], 99, [80]],
    [
      'one that was reset itself is within the other',
      [first, reset(80, ...first.cuts, { run: 40, event: 9, next: 80 })],
      99,
      [40, 80],
    ],
    ['later ones than a reader knows do not count', [first, reset(80, { run: 1, event: 2, next: 80 })], 60, [40]],
    ['there may be none', [], 99, []],
  ])('%s', (_, resets, before, made) => {
    expect(cutsBefore(resets, before).map(({ next }) => next)).toEqual(made)
  })

  test('leave out exactly what they gave up', () => {
    const history = fc.array(fc.record({ back: fc.nat(30), event: fc.nat(4), on: fc.nat(5) }), { maxLength: 6 })
    const property = fc.property(history, fc.nat(40), fc.nat(40), (moves, one, other) => {
      const [resets, end] = live(moves)
      const cuts = cutsBefore(resets, end + 1)
      const [low, high] = [Math.min(one, other) + 1, Math.max(one, other) + 1]
      const parts = leaveOut(cuts, { first: low, last: high })
      for (let run = low; run <= high; run++) {
        for (let event = 1; event <= 5; event++) {
          const isLeft = parts.some(
            ({ first: from, last, lastEvent = Infinity }) =>
              from <= run && (run < last || (run === last && event <= lastEvent)),
          )
          expect(isLeft).toBe(!isGivenUp(cuts, { run, event }))
        }
      }
      expect(cuts.map(({ next }) => next)).toEqual(cuts.map(({ next }) => next).toSorted((a, b) => a - b))
    })
    fc.assert(property, { numRuns: 300 })
    console.info('resets: n = 300 lives')
  })
})

/** A session that goes on for some runs, and back to an earlier one, again and again. */
function live(moves: readonly { back: number; event: number; on: number }[]): readonly [readonly ResetRun[], number] {
  const resets: ResetRun[] = []
  let end = 1
  for (const { back, event, on } of moves) {
    const run = Math.max(1, end - back)
    end += 1
    resets.push({ run: end, cuts: [{ run, event, next: end }] })
    end += on
  }
  return [resets, end]
}
