import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import {
  currentHarness,
  findHarness,
  forModel,
  isJudgePrompt,
  isSummaryPrompt,
  settingsFor,
  webVersions,
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
    ['longhand-3', '9cd26e1c41f52d5632c826f2bc9ae030ef4aff9316e7450a062afeb205538d80'],
    ['longhand-4', 'ed2e769397633e8e3b7e388adc01f2c1b46912c1a65f2ebb0a294d41cd23368c'],
    ['longhand-5', 'ae46fbe6fa72bd9e81ce68719fd58bff29dd8679080c3af48926c2dd707fdf7f'],
  ])('%s is what it was when it was released', (id, hash) => {
    expect(
      createHash('sha256')
        .update(JSON.stringify(findHarness(id)))
        .digest('hex'),
    ).toBe(hash)
  })

  test.each([
    ['claude-sonnet-5-5', 128_000, { type: 'adaptive' }, 'always'],
    ['claude-fable-5-2', 128_000, { type: 'adaptive' }, 'always'],
    ['claude-opus-4-6', 128_000, { type: 'adaptive' }, 'always'],
    ['claude-sonnet-4-6', 64_000, { type: 'adaptive' }, 'always'],
    ['claude-opus-4-5-20251101', 64_000, null, 'always'],
    ['claude-sonnet-4-20250514', 32_000, null, 'never'],
    ['claude-haiku-4-5', 64_000, null, 'never'],
    ['claude-3-haiku-20240307', 4_096, null, 'never'],
    ['claude-next-1', 32_000, { type: 'adaptive' }, 'never'],
    ['llama', 8_192, null, 'not high'],
  ])('has limits, thinking and effort for %s', (model, tokens, thinking, effort) => {
    const { maxOutputTokens, thinking: thinks, effort: efforts = [] } = currentHarness
    expect(forModel(maxOutputTokens, model)).toBe(tokens)
    expect(forModel(thinks, model)).toEqual(thinking)
    expect(forModel(efforts, model)).toBe(effort)
  })

  test.each([
    ['claude-fable-5-2', true],
    ['claude-mythos-5-1', true],
    ['claude-opus-5-5', true],
    ['claude-opus-4-8', true],
    ['claude-sonnet-5-5', true],
    ['claude-haiku-5-5-20261001', true],
    ['claude-sonnet-5', false],
    ['claude-opus-4-7', false],
    ['claude-haiku-4-5', false],
    ['llama', false],
  ])('says whether %s takes system messages: %s', (model, takes) => {
    expect(settingsFor(currentHarness, model).takesSystem).toBe(takes)
    expect(settingsFor(findHarness('longhand-2') ?? currentHarness, model)).not.toHaveProperty('takesSystem')
  })

  test.each([
    ['claude-opus-4-6', 1_000_000],
    ['claude-opus-5-5', 1_000_000],
    ['claude-sonnet-4-6', 1_000_000],
    ['claude-haiku-4-5', 200_000],
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

  test.each([
    ['claude-opus-5-5', true],
    ['claude-sonnet-4-5', true],
    ['claude-3-7-sonnet-20250219', true],
    ['claude-3-opus-20240229', false],
    ['llama', false],
  ])('has web tools for %s: %s', (model, has) => {
    expect(webVersions(currentHarness, model) !== null).toBe(has)
  })

  test('has no web tools before any harness said something of them', () => {
    expect(webVersions(findHarness('longhand-2') ?? currentHarness, 'claude-opus-5-5')).toBeNull()
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
