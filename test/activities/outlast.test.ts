import { describe, expect, test } from 'vitest'
import { outlast } from '../../src/activities/outlast.ts'
import { StoreAway } from '../../src/store/away.ts'

const away = (): Promise<never> => Promise.reject(new StoreAway('store: a blob could not be read: EIO'))

/** Time that passes only while somebody waits. */
function surroundings() {
  const given = new AbortController()
  const waits: number[] = []
  const now = (): number => waits.reduce((sum, ms) => sum + ms, 0)
  const pause = async (ms: number): Promise<void> => void waits.push(ms)
  return { given, waits, now, options: { signal: given.signal, pause, now } }
}

describe('work while the store is away', () => {
  test('is done once it is back, however often that was looked for', async () => {
    const { options, waits } = surroundings()
    let tries = 0
    const work = async (): Promise<string> => (++tries < 50 ? away() : 'done')
    expect(await outlast(work, options)).toBe('done')
    expect(tries).toBe(50)
    expect(waits.slice(0, 6)).toEqual([200, 400, 800, 1600, 3200, 5000])
  })

  test('waits for Temporal’s server too', async () => {
    const { options } = surroundings()
    const answers = [Object.assign(new Error('14 UNAVAILABLE'), { code: 14 })]
    const work = async (): Promise<string> => {
      const error = answers.shift()
      if (error) throw error
      return 'done'
    }
    expect(await outlast(work, options)).toBe('done')
  })

  test('fails in the store’s name after a quarter of an hour, to be tried again', async () => {
    const { options, now } = surroundings()
    await expect(outlast(away, options)).rejects.toMatchObject({
      type: 'store_away',
      nonRetryable: false,
      message: 'store: it has been away for 15 minutes: a blob could not be read: EIO',
    })
    expect(now()).toBeGreaterThanOrEqual(15 * 60_000)
  })

  test('ends when nobody waits for it any more', async () => {
    const { options, given } = surroundings()
    const work = async (): Promise<never> => {
      given.abort(new Error('given up'))
      return away()
    }
    await expect(outlast(work, options)).rejects.toThrow('given up')
  })

  test('ends in the middle of a wait', async () => {
    const given = new AbortController()
    const waiting = outlast(away, { signal: given.signal })
    queueMicrotask(() => given.abort(new Error('given up')))
    await expect(waiting).rejects.toThrow('given up')
  })
})

describe('work that fails for another reason', () => {
  test('is not done again', async () => {
    let tries = 0
    const work = async (): Promise<never> => {
      tries += 1
      throw new RangeError('expected the id of a session')
    }
    await expect(outlast(work, surroundings().options)).rejects.toThrow('expected the id')
    expect(tries).toBe(1)
  })
})
