import { describe, expect, test } from 'vitest'
import type { Stores } from '../../src/store/postgres/stores.ts'
import type { OpenWork } from './work-place.ts'
import { invite, newPlace, newSession, take, takeAndAck, takeAndBeat } from './work-place.ts'

/** What every work queue does with what it has given out, and with sessions that nobody is invited to. */
export function workItemSuite(open: OpenWork): void {
  describe('work queue', () => {
    holding(open)
    looking(open)
  })
}

function holding(open: OpenWork): void {
  describe('an item', () => {
    test('is missing where it is not', async () => {
      const { work } = await open()
      const key = { environmentId: 'env_1', id: 'work_none' }
      expect(await work.ack(key, { isRetry: false })).toBeNull()
      expect(await work.beat(key, { ttlMs: 1, isRetry: false })).toBeNull()
      expect(await work.stop(key, { force: true, by: 'worker' })).toBeNull()
      expect(await work.update(key, (metadata) => metadata)).toBeNull()
    })

    test('goes from queued to stopped', async () => {
      const stores = await open()
      const place = await newPlace(stores)
      const queued = await invite(stores, await newSession(stores, place))
      const active = await takeAndBeat(stores, place)
      expect(active).toMatchObject({ id: queued?.id, state: 'active' })
      expect(await stores.work.read(active)).toEqual(active)
      const expected = active.latestHeartbeatAt?.toISOString() ?? ''
      const beaten = await stores.work.beat(active, { expected, ttlMs: 90_000, isRetry: false })
      expect(beaten).toMatchObject({ done: true, item: { state: 'active' } })
      expect(beaten?.item.latestHeartbeatAt?.getTime()).toBeGreaterThan(active.latestHeartbeatAt?.getTime() ?? 0)
      expect(await stores.work.stop(active, { force: false, by: 'operator' })).toMatchObject({
        done: true,
        item: { state: 'stopping', stoppedAt: null, stoppedBy: 'operator', stopRequestedAt: expect.any(Date) },
      })
      const stopped = await stores.work.stop(active, { force: true, by: 'worker' })
      expect(stopped).toMatchObject({ done: true, item: { state: 'stopped', stoppedBy: 'operator' } })
      expect(await stores.work.stop(active, { force: true, by: 'worker' })).toEqual({ ...stopped, done: false })
    })

    test('that one poll alone was given is taken once, and that is told again', async () => {
      let ahead = 0
      const stores = await open(() => ahead)
      const place = await newPlace(stores)
      await invite(stores, await newSession(stores, place))
      for (const attempt of [1, 2]) {
        const item = await take(stores, place)
        const taken = await stores.work.ack(item!, { isRetry: false })
        expect(taken).toMatchObject({ done: true, item: { state: 'starting', attempt } })
        for (const again of [{ attempt }, { saysRetry: true }])
          expect(await stores.work.ack(item!, { isRetry: false, ...again })).toEqual(taken)
        expect(await stores.work.ack(item!, { isRetry: false })).toEqual({ ...taken, done: false })
        ahead += 61_000
      }
    })

    test('has metadata that change one after the other', async () => {
      const stores = await open()
      const place = await newPlace(stores)
      const item = await invite(stores, await newSession(stores, place))
      const counts = Array.from({ length: 8 }, () =>
        stores.work.update(item!, ({ n = '0' }) => ({ n: String(Number(n) + 1) })),
      )
      await Promise.all(counts)
      expect(await stores.work.read(item!)).toEqual({ ...item, metadata: { n: '8' } })
      const failing = stores.work.update(item!, () => {
        throw new Error('refused')
      })
      await expect(failing).rejects.toThrow('refused')
    })

    test('is listed among its environment’s, newest first, page by page', async () => {
      const stores = await open()
      const [place, other] = [await newPlace(stores), await newPlace(stores)]
      await invite(stores, await newSession(stores, other))
      const ids = []
      for (let n = 0; n < 5; n++) ids.unshift((await invite(stores, await newSession(stores, place)))?.id)
      const first = await stores.work.list(place.environmentId, { limit: 3 })
      const rest = await stores.work.list(place.environmentId, { limit: 9, from: first[2]! })
      expect([...first, ...rest].map(({ id }) => id)).toEqual(ids)
    })

    test('of a session that has ended is stopped, by its worker if there is one', async () => {
      const stores = await open()
      const place = await newPlace(stores)
      const [waiting, held, left] = [
        await newSession(stores, place, { status: 'terminated' }),
        await newSession(stores, place),
        await newSession(stores, place),
      ]
      const items = []
      for (const id of [held, waiting, left]) items.push(await invite(stores, id))
      await takeAndBeat(stores, place)
      await stores.work.endOf(held)
      await stores.work.tidy()
      const states = await Promise.all(items.map((item) => stores.work.read(item!)))
      expect(states).toMatchObject([
        { state: 'stopping', stoppedBy: 'server', stoppedAt: null },
        { state: 'stopped', stoppedBy: 'server', stoppedAt: expect.any(Date) },
        { state: 'queued', stoppedBy: null },
      ])
    })

    test('that stops for longer than its lease is stopped, and forgotten when there is a later one', async () => {
      let ahead = 0
      const stores = await open(() => ahead)
      const place = await newPlace(stores)
      const sessionId = await newSession(stores, place)
      const first = await invite(stores, sessionId)
      await takeAndBeat(stores, place)
      await stores.work.stop(first!, { force: false, by: 'operator' })
      ahead = 70_000
      await stores.work.tidy()
      expect(await stores.work.read(first!)).toMatchObject({ state: 'stopping' })
      ahead = 91_000
      await stores.work.tidy()
      expect(await stores.work.read(first!)).toMatchObject({ state: 'stopped', stoppedAt: expect.any(Date) })
      const month = 31 * 24 * 3_600_000
      ahead += month
      await stores.work.forget()
      expect(await stores.work.read(first!)).not.toBeNull()
      await invite(stores, sessionId)
      await stores.work.forget()
      expect(await stores.work.read(first!)).toBeNull()
    })
  })
}

function looking(open: OpenWork): void {
  describe('a session', () => {
    test.each([
      ['worker', true],
      ['operator', false],
      ['server', true],
    ] as const)('whose last item was stopped by its %s is looked at: %s', async (by, isSeen) => {
      const stores = await open()
      const place = await newPlace(stores)
      const sessionId = await newSession(stores, place)
      const item = await invite(stores, sessionId)
      expect(await seen(stores, sessionId)).toEqual([])
      await takeAndAck(stores, place)
      await stores.work.stop(item!, { force: true, by })
      const stopped = await stores.work.read(item!)
      expect(await seen(stores, sessionId)).toEqual(isSeen ? [{ sessionId, item: stopped }] : [])
    })

    test('is looked at until that is settled, or there is a later item', async () => {
      const stores = await open()
      const place = await newPlace(stores)
      const [settled, invited] = [await newSession(stores, place), await newSession(stores, place)]
      for (const sessionId of [settled, invited]) {
        const item = await invite(stores, sessionId)
        await stores.work.stop(item!, { force: true, by: 'worker' })
        if (sessionId === settled) await stores.work.settle(item!.id)
        else await invite(stores, sessionId)
      }
      expect(await seen(stores, settled)).toEqual([])
      expect(await seen(stores, invited)).toEqual([])
      await stores.work.tidy()
      expect(await seen(stores, invited)).toEqual([])
    })

    test('without any item is looked at unless it is young, has ended or is not self-hosted', async () => {
      const stores = await open()
      const place = await newPlace(stores)
      const old = new Date(Date.now() - 61_000)
      const lost = await newSession(stores, place, { status: 'idle', updatedAt: old })
      const others = [
        await newSession(stores, place, { status: 'idle', updatedAt: new Date() }),
        await newSession(stores, place, { status: 'creating', updatedAt: old }),
        await newSession(stores, place, { status: 'terminated', updatedAt: old }),
        await newSession(stores, place, { archivedAt: old, updatedAt: old }),
        await newSession(stores, await newPlace(stores, 'cloud'), { updatedAt: old }),
      ]
      const found = async () =>
        (await stores.work.uninvited(1_000)).filter(({ sessionId }) => [lost, ...others].includes(sessionId))
      expect(await found()).toEqual([{ sessionId: lost, item: null }])
      await invite(stores, lost)
      expect(await found()).toEqual([])
    })
  })
}

async function seen(stores: Stores, sessionId: string) {
  return (await stores.work.worthALook(1_000)).filter((unstaffed) => unstaffed.sessionId === sessionId)
}
