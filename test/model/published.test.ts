import { describe, expect, test } from 'vitest'
import { readRequest } from '../../src/model/demo/request.ts'
import type { ByModel } from '../../src/model/harness.ts'
import { currentHarness, forModel } from '../../src/model/harness.ts'
import { findPrices, listPrices } from '../../src/model/prices.ts'
import { checkModel, publishedModels } from '../../src/wire/models.ts'
import type { AgentModel } from '../../src/wire/types.ts'

const { effort: efforts = [], maxOutputTokens, systemMessages, thinking, web } = currentHarness
const tables: readonly (ByModel<unknown> | undefined)[] = [efforts, maxOutputTokens, systemMessages, thinking, web]
const prefixes = tables.flatMap((table = []) => table.map(({ prefix }) => prefix))
// Rows for whatever is not named say nothing of a model.
const names = new Set(
  [...publishedModels.map(({ prefix }) => prefix), ...listPrices.map(({ name }) => name), ...prefixes].filter((name) =>
    /[^-]$/.test(name),
  ),
)

function takes(settings: AgentModel): boolean {
  return isFine(() => checkModel(settings))
}

function isFine(check: () => unknown): boolean {
  try {
    check()
    return true
  } catch {
    return false
  }
}

/** What is known of a model's settings stands in several tables, each of which is read where the others are out of reach. */
describe.each([...names])('what is published of %s', (id) => {
  const isFast = takes({ id, speed: 'fast' })

  test('is known where agents are checked, so that no other table says more', () => {
    expect(publishedModels.some(({ prefix }) => id === prefix || id.startsWith(`${prefix}-`))).toBe(true)
  })

  test('says the same of effort to agents and to requests', () => {
    const sent = takes({ id, effort: { type: 'low' } }) ? 'always' : 'never'
    expect(forModel(efforts, id)).toBe(sent)
  })

  test('says the same of fast mode to agents, to budgets and in the scripted model', () => {
    const hasPrice = findPrices([], id) !== null
    expect(findPrices([], id, 'fast') !== null).toBe(hasPrice && isFast)
    const body = { model: id, max_tokens: 1, messages: [{ role: 'user', content: 'hi' }], speed: 'fast' }
    expect(isFine(() => readRequest(body, ['fast-mode-2026-02-01']))).toBe(isFast)
  })
})
