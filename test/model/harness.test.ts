import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import {
  currentHarness,
  findHarness,
  forModel,
  isJudgePrompt,
  isSummaryPrompt,
  settingsFor,
} from '../../src/model/harness.ts'

describe('a harness', () => {
  test('is found by the id that was recorded', () => {
    expect(findHarness(currentHarness.id)).toBe(currentHarness)
    expect(findHarness('longhand-0')).toBeUndefined()
  })

  // A released harness never changes: sessions that recorded its id are replayed under it. Give changes a new id.
  test.each([
    ['longhand-1', '13f2e8c0e5a7e695c7f7db09b5e814ac419801cf8cff997f03621cbbd0f5f103'],
    ['longhand-2', '07cfed6f76b6b5b3954d9ccfba1f5c68747d1252f4d3cba69123617cecc770b1'],
  ])('%s is what it was when it was released', (id, hash) => {
    expect(
      createHash('sha256')
        .update(JSON.stringify(findHarness(id)))
        .digest('hex'),
    ).toBe(hash)
  })

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

  test.each([
    ['claude-opus-4-6', 1_000_000],
    ['claude-opus-5-5', 200_000],
    ['claude-3-haiku-20240307', 200_000],
    ['llama', 128_000],
  ])('keeps the context of %s within %i tokens', (model, window) => {
    const { context } = settingsFor(currentHarness, model)
    expect(context).toMatchObject({ window, trimmed: expect.any(String), longest: expect.any(Number) })
    expect(context?.trimAt).toBeLessThan(context?.compactAt ?? 0)
  })

  test('leaves alone the context of models that it says so of, and all before it said anything', () => {
    const harness = findHarness('longhand-1') ?? currentHarness
    expect(settingsFor(harness, 'claude-opus-5-5')).not.toHaveProperty('context')
    const { context } = currentHarness
    if (!context) throw new Error('expected a harness with a context')
    const none = { ...currentHarness, context: { ...context, limits: [{ prefix: '', value: null }] } }
    expect(settingsFor(none, 'claude-opus-5-5')).not.toHaveProperty('context')
  })

  test('knows the words by which it asks for a summary', () => {
    expect(isSummaryPrompt(currentHarness.context?.prompt ?? '')).toBe(true)
    expect(isSummaryPrompt('')).toBe(false)
  })

  test('knows the words by which it has calls judged', () => {
    expect(isJudgePrompt(currentHarness.judge?.prompt ?? '')).toBe(true)
    expect(isJudgePrompt('')).toBe(false)
  })

  test('without a row for a model is a mistake', () => {
    expect(() => forModel([{ prefix: 'claude-', value: 1 }], 'llama')).toThrow('no row for llama')
  })
})
