import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Position } from '../../src/history/position.ts'
import { comparePositions, formatPosition, parsePosition } from '../../src/history/position.ts'

const number = fc.integer({ min: 1, max: 999_999_999 })
const position: fc.Arbitrary<Position> = fc.record({ run: number, event: number, index: fc.nat(999_999_999) })
const near: fc.Arbitrary<Position> = fc.record({
  run: fc.integer({ min: 1, max: 2 }),
  event: fc.integer({ min: 1, max: 3 }),
  index: fc.nat(2),
})

describe('a position', () => {
  test('survives its spelling', () => {
    fc.assert(
      fc.property(position, (one) => {
        expect(parsePosition(formatPosition(one))).toEqual(one)
      }),
    )
  })

  test('is spelled as run, event and index', () => {
    expect(formatPosition({ run: 2, event: 17, index: 0 })).toBe('2.17.0')
  })

  test('has exactly one spelling', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[0-9]{1,11}\.[0-9]{1,11}\.[0-9]{1,11}$/)), (text) => {
        const parsed = parsePosition(text)
        expect(parsed === null || formatPosition(parsed) === text).toBe(true)
      }),
    )
  })

  test.each([
    '',
    '1.2',
    '1.2.3.4',
    '0.1.0',
    '1.0.0',
    '01.1.0',
    '1.1.00',
    '-1.1.0',
    '1.1.-1',
    ' 1.1.0',
    '1.1.0\n',
    '1e1.1.0',
    '1.1.1234567890',
  ])('is not %j', (text) => {
    expect(parsePosition(text)).toBeNull()
  })

  test('is ordered by run, then event, then index, and totally', () => {
    fc.assert(
      fc.property(near, near, near, (a, b, c) => {
        const expected =
          [a.run - b.run, a.event - b.event, a.index - b.index].find((difference) => difference !== 0) ?? 0
        expect(Math.sign(comparePositions(a, b))).toBe(Math.sign(expected))
        expect(Math.sign(comparePositions(b, a))).toBe(-Math.sign(expected) + 0)
        const [first, middle, last] = [a, b, c].toSorted(comparePositions)
        expect([first, middle, last]).toEqual([c, b, a].toSorted(comparePositions))
      }),
    )
  })
})
