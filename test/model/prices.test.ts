import { describe, expect, test } from 'vitest'
import { findPrices, parsePrices } from '../../src/model/prices.ts'

const OPUS = { input: 40_000, output: 200_000, cacheWrite: 50_000, cacheRead: 2_000 }

describe('list prices', () => {
  test.each([
    ['claude-opus-5-5', OPUS],
    ['claude-opus-5-5-20260901', OPUS],
    ['claude-opus-5-5-latest', OPUS],
    ['claude-opus-5-5@20260901', OPUS],
    ['claude-opus-5', { input: 50_000, output: 250_000, cacheWrite: 62_500, cacheRead: 5_000 }],
    ['claude-sonnet-4-20250514', { input: 30_000, output: 150_000, cacheWrite: 37_500, cacheRead: 3_000 }],
    ['claude-3-haiku-20240307', { input: 2_500, output: 12_500, cacheWrite: 3_000, cacheRead: 300 }],
  ])('are known of %s', (model, prices) => {
    expect(findPrices([], model)).toEqual(prices)
  })

  test.each([
    'claude-opus-5-50',
    'claude-opus-5-5-fast',
    'claude-opus-6',
    'my-claude-opus-5-5',
    'claude-opus',
    'gpt',
    '',
  ])('are not guessed of %j', (model) => {
    expect(findPrices([], model)).toBeNull()
  })

  test.each([
    ['claude-opus-5-5', { input: 80_000, output: 400_000, cacheWrite: 100_000, cacheRead: 4_000 }],
    ['claude-opus-5-20260724', { input: 100_000, output: 500_000, cacheWrite: 125_000, cacheRead: 10_000 }],
    ['claude-opus-4-8', { input: 100_000, output: 500_000, cacheWrite: 125_000, cacheRead: 10_000 }],
    ['claude-sonnet-5', null],
  ])('are others in fast mode, of %s', (model, prices) => {
    expect(findPrices([], model, 'fast')).toEqual(prices)
  })

  test('of the operator hold for the speed that they name', () => {
    const row = { name: 'claude-opus-5-5', input: 1, output: 1, cache_write: 1, cache_read: 1 }
    const own = parsePrices({ models: [row, { ...row, speed: 'fast', input: 3 }] })
    expect(findPrices(own, 'claude-opus-5-5')?.input).toBe(10_000)
    expect(findPrices(own, 'claude-opus-5-5', 'fast')?.input).toBe(30_000)
    expect(findPrices(parsePrices({ models: [row] }), 'claude-opus-5-5', 'fast')?.input).toBe(80_000)
  })

  test('of the operator go before the public ones', () => {
    const own = parsePrices({
      models: [
        { name: 'claude-opus-5-5', input: 1, output: 2, cache_write: 0.0001, cache_read: 0 },
        { name: 'house-model', input: 0.1, output: 0.2, cache_write: 0.3, cache_read: 0.7 },
      ],
    })
    expect(findPrices(own, 'claude-opus-5-5')).toEqual({ input: 10_000, output: 20_000, cacheWrite: 1, cacheRead: 0 })
    expect(findPrices(own, 'house-model')).toEqual({ input: 1000, output: 2000, cacheWrite: 3000, cacheRead: 7000 })
    expect(findPrices(own, 'claude-opus-5')).not.toBeNull()
  })
})

describe('a table of prices', () => {
  const row = { name: 'm', input: 1, output: 1, cache_write: 1, cache_read: 1 }

  test.each<[string, unknown, RegExp]>([
    ['without models', {}, /^models: expected a list/],
    ['that is no object', 'models', /^models: expected a list/],
    ['of something else', { models: [3] }, /^models\[0\]\.name: expected the name/],
    ['without a name', { models: [row, { ...row, name: '' }] }, /^models\[1\]\.name/],
    ['without a price', { models: [{ ...row, cache_read: undefined }] }, /^models\[0\]\.cache_read: expected dollars/],
    ['with a text for a price', { models: [{ ...row, input: '1' }] }, /^models\[0\]\.input/],
    ['with a negative price', { models: [{ ...row, output: -1 }] }, /^models\[0\]\.output/],
    ['with an endless price', { models: [{ ...row, output: Infinity }] }, /^models\[0\]\.output/],
    ['for another speed', { models: [{ ...row, speed: 'slow' }] }, /^models\[0\]\.speed: expected standard or fast/],
    ['finer than is counted', { models: [{ ...row, input: 0.00005 }] }, /at most four decimals/],
  ])('%s is refused', (_, table, reason) => {
    expect(() => parsePrices(table)).toThrow(reason)
  })
})
