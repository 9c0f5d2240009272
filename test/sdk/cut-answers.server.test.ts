import { describe, expect, test } from 'vitest'
import { cutCreations, cutPosts } from './cut-answers.ts'
import { useStack } from './use-stack.ts'

const use = useStack()

/** Places in the status line, the headers, around the body's start, in the body, at its end and behind it. */
function sample(length: number): readonly number[] {
  const spread = Array.from({ length: 36 }, (_, index) => Math.floor((index * length) / 36))
  return [...new Set([...spread, 1, 9, 15, length - 2, length - 1, length])]
}

describe('a client that repeats a request whose answer was cut at any place', () => {
  test.each([
    { name: 'has posted its events once', cut: cutPosts },
    { name: 'has created its session once, with its events once', cut: cutCreations },
  ])('$name', async ({ cut }) => {
    const { trials, length, retried, broken, faults } = await cut(use(), sample)
    expect(faults).toEqual([])
    console.log(`cut answers: n = ${trials} of ${length} bytes, retried = ${retried}, broken = ${broken}; wrong = 0`)
    expect(trials).toBeGreaterThanOrEqual(36)
  })
})
