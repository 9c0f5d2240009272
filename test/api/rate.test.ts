import { describe, expect, test } from 'vitest'
import { createRateLimit } from '../../src/api/rate.ts'

/** How many of `tries` requests at once are taken. */
function taken(limit: (session: string) => void, session: string, tries: number): number {
  let count = 0
  for (let n = 0; n < tries; n++) {
    try {
      limit(session)
      count += 1
    } catch {
      // Counted by what is missing.
    }
  }
  return count
}

describe('the rate limit', () => {
  test('takes a burst, and then as many as time brings', () => {
    let now = 1_000_000
    const limit = createRateLimit(() => now)
    expect(taken(limit, 'a', 60)).toBe(50)
    now += 100
    expect(taken(limit, 'a', 10)).toBe(2)
    now += 1000
    expect(taken(limit, 'a', 60)).toBe(20)
    now += 3_600_000
    expect(taken(limit, 'a', 60)).toBe(50)
  })

  test('is each session’s own', () => {
    const limit = createRateLimit(() => 0)
    expect(taken(limit, 'a', 60)).toBe(50)
    expect(taken(limit, 'b', 60)).toBe(50)
    expect(taken(limit, 'a', 1)).toBe(0)
  })

  test('does not reward whoever keeps trying', () => {
    let now = 0
    const limit = createRateLimit(() => now)
    taken(limit, 'a', 50)
    for (let n = 0; n < 40; n++) {
      now += 1
      expect(taken(limit, 'a', 1)).toBe(0)
    }
    now += 10
    expect(taken(limit, 'a', 5)).toBe(1)
  })

  test('refuses with the time to wait', () => {
    const limit = createRateLimit(() => 0)
    taken(limit, 'a', 50)
    expect(() => limit('a')).toThrow(expect.objectContaining({ kind: 'rate_limit', options: { retryAfter: 1 } }))
  })

  test('remembers a session that was busy while others came and went', () => {
    let now = 0
    const limit = createRateLimit(() => now)
    limit('old')
    now += 2000
    taken(limit, 'busy', 50)
    now += 600
    limit('new')
    expect(taken(limit, 'busy', 60)).toBe(12)
  })
})
