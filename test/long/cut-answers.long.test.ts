import { describe, expect, test } from 'vitest'
import { cutCreations, cutPosts } from '../sdk/cut-answers.ts'
import { useStack } from '../sdk/use-stack.ts'

const use = useStack()

function everyPlace(length: number): readonly number[] {
  return Array.from({ length: length + 1 }, (_, place) => place)
}

describe('a client that repeats a request whose answer was cut, at every byte', () => {
  test.each([
    { name: 'has posted its events once', cut: cutPosts },
    { name: 'has created its session once, with its events once', cut: cutCreations },
  ])('$name', async ({ cut }) => {
    const { trials, length, retried, broken, faults } = await cut(use(), everyPlace)
    expect(faults).toEqual([])
    console.log(`cut answers: n = ${trials} of ${length} bytes, retried = ${retried}, broken = ${broken}; wrong = 0`)
    expect(trials).toBeGreaterThan(length - 1)
  })
})
