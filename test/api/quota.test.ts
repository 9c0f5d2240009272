import { describe, expect, test } from 'vitest'
import { createQuota } from '../../src/api/quota.ts'

function createCounted(quotas: { requests?: number; running?: number }) {
  const world = { now: 0, running: 0, counts: 0 }
  const quota = createQuota(
    { requests: 10, running: 3, ...quotas },
    {
      now: () => world.now,
      countRunning: async (_, most) => {
        world.counts += 1
        return Math.min(world.running, most)
      },
    },
  )
  return { quota, world }
}

const OVER = { kind: 'rate_limit' }

describe('the quota of requests', () => {
  test('takes twice as many at once as in a second, and is each workspace’s own', () => {
    const { quota, world } = createCounted({ requests: 10 })
    for (let n = 0; n < 20; n++) quota.request('a')
    expect(() => quota.request('a')).toThrow(expect.objectContaining(OVER))
    expect(() => quota.request('a')).toThrow(/quota is 10 requests a second/)
    quota.request('b')
    world.now += 1_000
    for (let n = 0; n < 10; n++) quota.request('a')
    expect(() => quota.request('a')).toThrow(expect.objectContaining({ options: { retryAfter: 1 } }))
  })
})

describe('the quota of running sessions', () => {
  test('is full with those that run and those that were let start since they were counted', async () => {
    const { quota, world } = createCounted({ running: 3 })
    world.running = 1
    expect(await Promise.all([quota.running('a', null), quota.running('a', 'sesn_1')])).toEqual([null, null])
    const refusal = await quota.running('a', 'sesn_2')
    expect(refusal).toEqual(expect.objectContaining({ ...OVER, options: { retryAfter: 5 } }))
    expect(refusal?.message).toMatch(/quota is 3 running sessions/)
    expect(world.counts).toBe(1)
    expect(await quota.running('b', null)).toBeNull()
  })

  test('counts a session once, however often it is let start', async () => {
    const { quota } = createCounted({ running: 1 })
    for (let n = 0; n < 3; n++) expect(await quota.running('a', 'sesn_1')).toBeNull()
    expect(await quota.running('a', 'sesn_2')).not.toBeNull()
  })

  test('has room again when a later count says so', async () => {
    const { quota, world } = createCounted({ running: 3 })
    world.running = 3
    expect(await quota.running('a', null)).not.toBeNull()
    world.running = 2
    world.now += 1_000
    expect(await quota.running('a', null)).toBeNull()
    expect(world.counts).toBe(2)
  })
})
