import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Accounting, Spending } from '../../src/session/cost.ts'
import { centsAbove, costOf, isAccounting, reaches, roundCents } from '../../src/session/cost.ts'
import { emptyUsage } from '../../src/session/usage.ts'

const PRICES = { input: 40_000, output: 200_000, cacheWrite: 50_000, cacheRead: 2_000 }

function spending(usage: Partial<Spending['usage']>, changes: Partial<Spending> = {}): Spending {
  return { usage: { ...emptyUsage(), ...usage }, accounting: { prices: PRICES, hourly: 8 }, ...changes }
}

/** The exact cost in cents as a fraction, summed the slow way: every quantity over the denominator of its own price. */
function reference({ usage, work, accounting }: Spending): { readonly over: bigint; readonly under: bigint } {
  const prices = accounting?.prices ?? PRICES
  const parts: [number, number, bigint][] = [
    [usage.input_tokens, prices.input, 100_000_000n],
    [usage.output_tokens, prices.output, 100_000_000n],
    [usage.cache_creation_input_tokens, prices.cacheWrite, 100_000_000n],
    [usage.cache_read_input_tokens, prices.cacheRead, 100_000_000n],
    [work?.ms ?? 0, accounting?.hourly ?? 0, 3_600_000n],
    [work?.searches ?? 0, 1, 1n],
  ]
  return parts.reduce(
    ({ over, under }, [count, price, of]) => ({
      over: over * of + BigInt(count) * BigInt(price) * under,
      under: under * of,
    }),
    { over: 0n, under: 1n },
  )
}

const count = fc.nat({ max: Number.MAX_SAFE_INTEGER })
const price = fc.nat({ max: 10_000_000 })
const anySpending: fc.Arbitrary<Spending> = fc.record({
  usage: fc.record({
    input_tokens: count,
    output_tokens: count,
    cache_read_input_tokens: count,
    cache_creation_input_tokens: count,
    active_seconds: fc.constant(0),
  }),
  work: fc.record({ ms: count, searches: fc.nat() }),
  accounting: fc.record({
    prices: fc.record({ input: price, output: price, cacheWrite: price, cacheRead: price }),
    hourly: fc.nat({ max: 100_000 }),
  }),
})

describe('list cost', () => {
  test.each([
    ['tokens of each kind at their own price', spending({ input_tokens: 1_000_000 }), '400'],
    ['output', spending({ output_tokens: 1_000_000 }), '2000'],
    ['writing to the cache', spending({ cache_creation_input_tokens: 1_000_000 }), '500'],
    ['reading from the cache', spending({ cache_read_input_tokens: 1_000_000 }), '20'],
    ['a running hour', spending({}, { work: { ms: 3_600_000, searches: 0 } }), '8'],
    ['a thousand searches', spending({}, { work: { ms: 0, searches: 1000 } }), '1000'],
    ['nothing', spending({}), '0'],
    ['half a cent, rounded up', spending({ input_tokens: 1250 }), '1'],
    ['less than half a cent, rounded down', spending({ input_tokens: 1249 }), '0'],
  ])('counts %s', (_, spent, cents) => {
    expect(roundCents(costOf(spent) ?? -1n)).toBe(cents)
  })

  test('is exact: the sum of its parts as fractions, however large', () => {
    fc.assert(
      fc.property(anySpending, (spent) => {
        const { over, under } = reference(spent)
        expect(costOf(spent)).toBe((over * 900_000_000n) / under)
        expect((over * 900_000_000n) % under).toBe(0n)
      }),
    )
  })

  test('reaches a cap exactly, neither by rounding nor in spite of it', () => {
    fc.assert(
      fc.property(anySpending, fc.bigInt({ min: 1n, max: 10n ** 15n - 1n }), (spent, cents) => {
        const { over, under } = reference(spent)
        expect(reaches(costOf(spent) ?? 0n, String(cents))).toBe(over >= cents * under)
      }),
    )
    expect(reaches(costOf(spending({ input_tokens: 2500 })) ?? 0n, '1')).toBe(true)
    expect(reaches(costOf(spending({ input_tokens: 2499 })) ?? 0n, '1')).toBe(false)
  })

  test('is below the next whole cent and not below the one before', () => {
    fc.assert(
      fc.property(anySpending, (spent) => {
        const cost = costOf(spent) ?? 0n
        const above = BigInt(centsAbove(cost))
        expect(reaches(cost, String(above))).toBe(false)
        expect(above === 1n || reaches(cost, String(above - 1n))).toBe(true)
        expect(above - BigInt(roundCents(cost))).toBeLessThanOrEqual(1n)
      }),
    )
  })

  test('is not known where there is no price', () => {
    expect(costOf(spending({ input_tokens: 5 }, { accounting: { prices: null, hourly: 8 } }))).toBeNull()
  })
})

describe('an accounting', () => {
  const good: Accounting = { prices: PRICES, hourly: 0 }
  test.each<[boolean, unknown]>([
    [true, good],
    [true, { prices: null, hourly: 8 }],
    [false, null],
    [false, { prices: PRICES }],
    [false, { hourly: 8 }],
    [false, { prices: { ...PRICES, input: 0.5 }, hourly: 0 }],
    [false, { prices: { ...PRICES, cacheRead: -1 }, hourly: 0 }],
    [false, { prices: PRICES, hourly: '8' }],
  ])('is %s for %j', (is, value) => {
    expect(isAccounting(value)).toBe(is)
  })
})
