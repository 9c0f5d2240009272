import { describe, expect, test } from 'vitest'
import { checkModel, usualEffort } from '../../src/wire/models.ts'
import type { AgentModel } from '../../src/wire/types.ts'

type Effort = NonNullable<AgentModel['effort']>['type']

function asking(id: string, effort: Effort, speed: 'standard' | 'fast' = 'standard'): AgentModel {
  return { id, effort: { type: effort }, speed }
}

describe('a model', () => {
  test.each([
    ['claude-opus-5-5', 'medium'],
    ['claude-opus-5-5-20260901', 'medium'],
    ['claude-haiku-5-5', 'medium'],
    ['claude-opus-5', 'high'],
    ['claude-haiku-4-5', 'high'],
    ['llama', 'high'],
  ])('of the name %s has the usual effort %s', (id, effort) => {
    expect(usualEffort(id)).toBe(effort)
  })

  test.each<AgentModel>([
    asking('claude-opus-5-5', 'max', 'fast'),
    asking('claude-opus-5', 'xhigh', 'fast'),
    asking('claude-opus-4-8', 'low', 'fast'),
    asking('claude-fable-5-2', 'low', 'fast'),
    asking('claude-opus-4-6', 'max'),
    asking('claude-opus-4-5-20251101', 'low'),
    asking('claude-haiku-4-5', 'high'),
    asking('claude-opus-4-20250514', 'high'),
    { id: 'claude-haiku-4-5' },
    asking('claude-opus-55', 'max', 'fast'),
    asking('house-model', 'max', 'fast'),
  ])('takes what it has, and all where nothing is known: %j', (model) => {
    expect(() => checkModel(model)).not.toThrow()
  })

  test.each<[AgentModel, string]>([
    [asking('claude-opus-4-6', 'xhigh'), 'model.effort: expected one of low, medium, high, max for claude-opus-4-6'],
    [asking('claude-opus-4-5', 'max'), 'model.effort: expected one of low, medium, high for claude-opus-4-5, got max'],
    [asking('claude-haiku-4-5-20251001', 'low'), 'model.effort: expected none, because the model has no effort'],
    [asking('claude-sonnet-4-5', 'max'), 'model.effort: expected none'],
    [asking('claude-opus-4-7', 'high', 'fast'), 'model.speed: expected standard for claude-opus-4-7'],
    [asking('claude-fable-5-1', 'high', 'fast'), 'model.speed: expected standard'],
    [asking('claude-sonnet-5-5', 'high', 'fast'), 'model.speed: expected standard'],
  ])('refuses what it has not: %j', (model, reason) => {
    expect(() => checkModel(model)).toThrow(reason)
  })
})
