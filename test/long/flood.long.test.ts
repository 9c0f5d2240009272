import { describe, expect, test } from 'vitest'
import { flood } from '../sdk/flood.ts'
import { useStack } from '../sdk/use-stack.ts'

const MIB = 1024 * 1024

const use = useStack()

describe('a session under a burst of 10,000 posts of 200 senders', () => {
  test('keeps what it acknowledged, refuses the rest, and gives its memory back', async () => {
    await flood(use(), { senders: 200, each: 50 })
    const { posts, acknowledged, refused, faults, growth } = await flood(use(), { senders: 200, each: 50 })
    expect(faults).toEqual([])
    console.log(
      `flood: n = ${posts} posts, acknowledged = ${acknowledged}, refused = ${refused}, lost or doubled = 0, ` +
        `heap + ${(growth / MIB).toFixed(1)} MiB`,
    )
    expect(growth).toBeLessThan(16 * MIB)
  })
})
