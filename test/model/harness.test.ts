import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { currentHarness, findHarness, forModel } from '../../src/model/harness.ts'

describe('a harness', () => {
  test('is found by the id that was recorded', () => {
    expect(findHarness(currentHarness.id)).toBe(currentHarness)
    expect(findHarness('longhand-0')).toBeUndefined()
  })

  // A released harness never changes: sessions that recorded its id are replayed under it. Give changes a new id.
  test.each([['longhand-1', '13f2e8c0e5a7e695c7f7db09b5e814ac419801cf8cff997f03621cbbd0f5f103']])(
    '%s is what it was when it was released',
    (id, hash) => {
      expect(
        createHash('sha256')
          .update(JSON.stringify(findHarness(id)))
          .digest('hex'),
      ).toBe(hash)
    },
  )

  test.each([
    ['claude-sonnet-5-5', 32_000, { type: 'adaptive' }],
    ['claude-opus-4-6', 32_000, { type: 'adaptive' }],
    ['claude-opus-4-5-20251101', 32_000, null],
    ['claude-sonnet-4-20250514', 32_000, null],
    ['claude-haiku-4-5', 32_000, null],
    ['claude-3-haiku-20240307', 4_096, null],
    ['llama', 8_192, null],
  ])('has limits and thinking for %s', (model, tokens, thinking) => {
    expect(forModel(currentHarness.maxOutputTokens, model)).toBe(tokens)
    expect(forModel(currentHarness.thinking, model)).toEqual(thinking)
  })

  test('without a row for a model is a mistake', () => {
    expect(() => forModel([{ prefix: 'claude-', value: 1 }], 'llama')).toThrow('no row for llama')
  })
})
