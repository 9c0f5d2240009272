import { describe, expect, test } from 'vitest'
import type { OpenWork } from './work-place.ts'
import { invite, newPlace, newSession, take, takeAndBeat } from './work-place.ts'

/** What every work queue counts of an environment. */
export function workFiguresSuite(open: OpenWork): void {
  describe('the figures of a work queue', () => {
    test('count what waits, what was given out, and who polls', async () => {
      let ahead = 0
      const stores = await open(() => ahead)
      const place = await newPlace(stores)
      const { environmentId } = place
      const none = { depth: 0, pending: 0, oldestQueuedAt: null, workersPolling: 0 }
      expect(await stores.work.stats(environmentId)).toEqual(none)
      const items = []
      for (let n = 0; n < 3; n++) items.push(await invite(stores, await newSession(stores, place)))
      const oldestQueuedAt = items[0]?.createdAt
      for (const worker of ['w1', 'w2', 'w1']) await stores.work.polled(environmentId, worker)
      await takeAndBeat(stores, place)
      await take(stores, place)
      const busy = { depth: 1, pending: 1, oldestQueuedAt: items[1]?.createdAt, workersPolling: 2 }
      expect(await stores.work.stats(environmentId)).toEqual(busy)
      ahead = 5_100
      expect(await stores.work.stats(environmentId)).toEqual({ ...busy, depth: 2, pending: 0 })
      ahead = 29_000
      await stores.work.polled(environmentId, 'w2')
      ahead = 31_000
      expect(await stores.work.stats(environmentId)).toMatchObject({ depth: 2, workersPolling: 1 })
      ahead = 100_000
      await stores.work.tidy()
      expect(await stores.work.stats(environmentId)).toEqual({
        depth: 3,
        pending: 0,
        oldestQueuedAt,
        workersPolling: 0,
      })
    })

    test('count nothing that nobody would be given by now', async () => {
      let ahead = 0
      const stores = await open(() => ahead)
      const place = await newPlace(stores)
      const late = await invite(stores, await newSession(stores, place), { afterMs: 60_000 })
      const sessionId = await newSession(stores, place)
      await invite(stores, sessionId)
      const held = await takeAndBeat(stores, place)
      await stores.work.stop(held, { force: false, by: 'operator' })
      const behind = await invite(stores, sessionId)
      const figures = () => stores.work.stats(place.environmentId)
      expect(await figures()).toMatchObject({ depth: 0, pending: 0, oldestQueuedAt: null })
      ahead = 60_001
      expect(await figures()).toMatchObject({ depth: 1, oldestQueuedAt: late?.createdAt })
      await stores.work.stop(held, { force: true, by: 'worker' })
      expect(await figures()).toMatchObject({ depth: 2, oldestQueuedAt: late?.createdAt })
      expect([(await take(stores, place))?.id, (await take(stores, place))?.id]).toEqual([late?.id, behind?.id])
    })

    test('count no worker of an environment that is not there', async () => {
      const stores = await open()
      await stores.work.polled('env_none', 'w1')
      expect(await stores.work.stats('env_none')).toMatchObject({ workersPolling: 0 })
    })
  })
}
