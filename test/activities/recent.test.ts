import { describe, expect, test } from 'vitest'
import { createRecent, estimateBytes } from '../../src/activities/recent.ts'

describe('what was used last', () => {
  test('is kept as long as it fits', () => {
    const recent = createRecent<string>(10)
    recent.set('a', 'A', 4)
    recent.set('b', 'B', 4)
    recent.get('a')
    recent.set('c', 'C', 4)
    expect(['a', 'b', 'c'].map((key) => recent.get(key))).toEqual(['A', undefined, 'C'])
  })

  test('counts with its present size alone', () => {
    const recent = createRecent<string>(10)
    for (const bytes of [9, 5, 1]) recent.set('a', `of ${bytes}`, bytes)
    recent.set('b', 'B', 9)
    expect(['a', 'b'].map((key) => recent.get(key))).toEqual(['of 1', 'B'])
  })

  test('is kept when it takes nothing', () => {
    const recent = createRecent<string>(10)
    recent.set('a', 'A', 0)
    expect(recent.get('a')).toBe('A')
  })

  test('is not kept when it alone is too much, nor is what it takes the place of', () => {
    const recent = createRecent<string>(10)
    recent.set('a', 'A', 4)
    recent.set('a', 'more', 11)
    expect(recent.get('a')).toBeUndefined()
    recent.set('b', 'B', 10)
    expect(recent.get('b')).toBe('B')
  })
})

describe('an estimate', () => {
  test('grows with what it is of', () => {
    expect(estimateBytes({ text: 'x'.repeat(1000) }) - estimateBytes({ text: '' })).toBe(2000)
  })
})
