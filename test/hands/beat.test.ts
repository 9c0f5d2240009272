import { describe, expect, test } from 'vitest'
import { startBeating } from '../../src/hands/beat.ts'
import type { HostOffer } from '../../src/hands/hosts.ts'

const offers: readonly HostOffer[] = [{ host: 'one', provider: 'local', packages: false, runtimes: [] }]

/** So many beats; of them, counted from 1, the `failing` are not heard and the `hanging` not answered. */
async function beatTimes(count: number, failing: readonly number[] = [], hanging: readonly number[] = []) {
  const stopping = new AbortController()
  const told: (readonly HostOffer[])[] = []
  const warnings: string[] = []
  const pauses: number[] = []
  const ended = new Promise<void>((end) => stopping.signal.addEventListener('abort', () => end()))
  await startBeating({
    registry: {
      async beat(said) {
        told.push(said)
        if (failing.includes(told.length)) throw new Error('the store is away')
        if (hanging.includes(told.length)) await new Promise(() => undefined)
      },
    },
    offers,
    warn: (_, message) => warnings.push(message),
    signal: stopping.signal,
    patienceMs: 1,
    async pause(ms) {
      pauses.push(ms)
      if (told.length >= count) stopping.abort()
    },
  })
  await ended
  return { told, warnings, pauses }
}

describe('the beats of a host', () => {
  test('are told every two seconds until they are stopped', async () => {
    const { told, pauses, warnings } = await beatTimes(3)
    expect(told).toEqual([offers, offers, offers])
    expect(pauses).toEqual([2_000, 2_000, 2_000])
    expect(warnings).toEqual([])
  })

  test('go on behind those that are not heard, which are warned of once in a row', async () => {
    const { told, warnings } = await beatTimes(6, [2, 3, 5])
    expect(told).toHaveLength(6)
    expect(warnings).toEqual(Array(2).fill('the beat of this host cannot be told; calls go on'))
  })

  test('go on behind one that is never answered', async () => {
    const { told, warnings } = await beatTimes(3, [], [2])
    expect([told.length, warnings.length]).toEqual([3, 1])
  })

  test('begin with one that is heard, or not at all', async () => {
    await expect(beatTimes(1, [1])).rejects.toThrow('the store is away')
  })
})
