import { describe, expect, test } from 'vitest'
import { openWorkFeed } from '../../src/api/work-feed.ts'

/** A feed on a clock and words of the test. */
async function scene() {
  const timers = new Set<() => void>()
  let say = (_: string): void => undefined
  const feed = await openWorkFeed({
    subscribe: async (handler) => void (say = handler),
    after: (_, run) => {
      timers.add(run)
      return () => timers.delete(run)
    },
  })
  const runTimers = (): void => [...timers].forEach((run) => run())
  return { feed, say: (environment: string) => say(environment), runTimers, timers }
}

/** Whether it has come true by now. */
async function isSettled(promise: Promise<void>): Promise<boolean> {
  const pending = Symbol('pending')
  return (await Promise.race([promise, Promise.resolve(pending)])) !== pending
}

describe('waiting for work', () => {
  test('ends with a word of the environment, for all who wait', async () => {
    const { feed, say, timers } = await scene()
    const waiting = [feed.listen('env_1'), feed.listen('env_1')].map((listener) => listener.heard(999))
    const other = feed.listen('env_2').heard(999)
    say('env_1')
    await Promise.all(waiting)
    expect(await isSettled(other)).toBe(false)
    expect(timers.size).toBe(1)
  })

  test('ends with its time', async () => {
    const { feed, runTimers, timers } = await scene()
    const heard = feed.listen('env_1').heard(999)
    expect(await isSettled(heard)).toBe(false)
    runTimers()
    await heard
    expect(timers.size).toBe(0)
  })

  test('is over at once after a word since it was last told, and only then', async () => {
    const { feed, say, timers } = await scene()
    const listener = feed.listen('env_1')
    say('env_1')
    await listener.heard(999)
    expect(timers.size).toBe(0)
    const next = listener.heard(999)
    expect(await isSettled(next)).toBe(false)
    say('env_1')
    await next
  })

  test('is over when its listener is ended, also before it began', async () => {
    const { feed, say, timers } = await scene()
    const listener = feed.listen('env_1')
    const heard = listener.heard(999)
    listener.end()
    await heard
    listener.end()
    await listener.heard(999)
    expect(timers.size).toBe(0)
    say('env_1')
  })
})
