import { describe, expect, test } from 'vitest'
import { startStopwatch } from '../../src/activities/stopwatch.ts'

describe('a stopwatch', () => {
  test('counts whole milliseconds, and not what is done aside', async () => {
    let now = 1000
    const watch = startStopwatch(() => now)
    now += 20.4
    expect(watch.read()).toBe(20)
    const done = await watch.aside(async () => {
      now += 900_000
      return 'done'
    })
    expect(done).toBe('done')
    now += 5
    expect(watch.read()).toBe(25)
  })

  test('counts nothing of what is done aside and fails', async () => {
    let now = 0
    const watch = startStopwatch(() => now)
    const failing = watch.aside(async () => {
      now += 70
      throw new Error('away')
    })
    await expect(failing).rejects.toThrow('away')
    expect(watch.read()).toBe(0)
  })
})
