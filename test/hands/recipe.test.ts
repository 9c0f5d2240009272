import { describe, expect, test } from 'vitest'
import type { Recipe } from '../../src/hands/recipe.ts'
import { surroundingsOf } from '../../src/hands/recipe.ts'

const recipe: Recipe = { files: [], repositories: [], supplies: 3, image: 'sha256:1' }
const networking = { type: 'unrestricted' as const }
const withPackages = (...pip: readonly string[]) => ({
  packages: { type: 'packages' as const, apt: [], cargo: [], gem: [], go: [], npm: [], pip: [...pip] },
})

describe('what the log keeps of a recipe', () => {
  test.each([{ networking }, { runtime: 'runsc' }, { networking, runtime: 'runsc', ...withPackages('numpy==2.1.0') }])(
    'is what the environment asks for: %j',
    (asked) => {
      expect(surroundingsOf({ ...recipe, ...asked })).toEqual({ surroundings: asked })
    },
  )

  test('is nothing where that asks for nothing', () => {
    expect(surroundingsOf(recipe)).toEqual({})
  })

  test('is at most 8 KiB, or nothing', () => {
    const base = JSON.stringify(withPackages('')).length
    const longest = 'ü'.repeat(Math.floor((8192 - base) / 2))
    expect(surroundingsOf({ ...recipe, ...withPackages(longest) })).toHaveProperty('surroundings')
    expect(surroundingsOf({ ...recipe, ...withPackages(`${longest}ü`) })).toEqual({})
  })
})
