import { describe, expect, test } from 'vitest'
import type { Stores } from '../../src/store/postgres/stores.ts'
import type { WorkItem } from '../../src/store/work.ts'
import { newId } from '../store/builders.ts'
import type { OpenWork, Place } from './work-place.ts'
import { invite, newPlace, newSession, take, takeAndAck, takeAndBeat } from './work-place.ts'

/** What every work queue does with invitations and polls. */
export function workQueueSuite(open: OpenWork): void {
  describe('work queue', () => {
    queueing(open)
    claiming(open)
  })
}

function queueing(open: OpenWork): void {
  describe('an invitation', () => {
    test('is queued for the session’s environment', async () => {
      const stores = await open()
      const place = await newPlace(stores)
      const sessionId = await newSession(stores, place)
      const item = await invite(stores, sessionId)
      expect(item).toMatchObject({ ...pick(place), sessionId, state: 'queued', attempt: 1, metadata: {} })
      expect(item).toMatchObject({ polledAt: null, acknowledgedAt: null, leaseUntil: null, stoppedAt: null })
      expect(await stores.work.read(item!)).toEqual(item)
      expect(await stores.work.read({ ...item!, environmentId: 'env_1' })).toBeNull()
    })

    test('is not doubled while one stands, whoever holds it', async () => {
      const stores = await open()
      const place = await newPlace(stores)
      const sessionId = await newSession(stores, place)
      await invite(stores, sessionId)
      expect(await invite(stores, sessionId)).toBeNull()
      await takeAndAck(stores, place)
      expect(await invite(stores, sessionId)).toBeNull()
      expect(await stores.work.list(place.environmentId, { limit: 9 })).toHaveLength(1)
    })

    test('is made anew once the last one stops or stopped', async () => {
      const stores = await open()
      const place = await newPlace(stores)
      const sessionId = await newSession(stores, place)
      await invite(stores, sessionId)
      const held = await takeAndBeat(stores, place)
      await stores.work.stop(held, { force: false, by: 'operator' })
      const next = await invite(stores, sessionId)
      expect(next).toMatchObject({ state: 'queued' })
      // Two workers never serve one session.
      expect(await take(stores, place)).toBeNull()
      await stores.work.stop(held, { force: true, by: 'worker' })
      expect(await take(stores, place)).toMatchObject({ id: next?.id })
    })

    test('waits for its time, which another one ends', async () => {
      let ahead = 0
      const stores = await open(() => ahead)
      const place = await newPlace(stores)
      const sessionId = await newSession(stores, place)
      const item = await invite(stores, sessionId, { afterMs: 60_000, attempt: 4 })
      expect(await take(stores, place)).toBeNull()
      expect(await invite(stores, sessionId, { afterMs: 90_000 })).toBeNull()
      expect(await invite(stores, sessionId)).toMatchObject({ id: item?.id, attempt: 4 })
      expect(await take(stores, place)).toMatchObject({ id: item?.id, attempt: 4 })

      const other = await newSession(stores, place)
      const late = await invite(stores, other, { afterMs: 60_000 })
      ahead = 60_001
      expect(await take(stores, place, 600_000)).toMatchObject({ id: late?.id })
    })

    test.each<[string, (stores: Stores) => Promise<string>]>([
      ['a session that is not there', async () => newId('sesn')],
      ['a session of a cloud environment', async (stores) => newSession(stores, await newPlace(stores, 'cloud'))],
      [
        'a deleted session',
        async (stores) => {
          const place = await newPlace(stores)
          const id = await newSession(stores, place)
          await stores.sessions.bury(place.workspaceId, id)
          return id
        },
      ],
    ])('is not made to %s', async (_, prepare) => {
      const stores = await open()
      expect(await invite(stores, await prepare(stores))).toBeNull()
    })

    test('goes with its session, and with its environment', async () => {
      const stores = await open()
      const place = await newPlace(stores)
      const [cleared, orphaned] = [await newSession(stores, place), await newSession(stores, place)]
      const items = [await invite(stores, cleared), await invite(stores, orphaned)]
      await stores.sessions.bury(place.workspaceId, cleared)
      await stores.sessions.clear(cleared)
      expect(await stores.work.read(items[0]!)).toBeNull()
      await stores.sessions.bury(place.workspaceId, orphaned)
      expect(await stores.environments.delete(place.workspaceId, place.environmentId)).toBe('deleted')
      expect(await stores.work.read(items[1]!)).toBeNull()
    })
  })
}

function claiming(open: OpenWork): void {
  describe('a poll', () => {
    test('is given the oldest item, and nothing of another environment', async () => {
      const stores = await open()
      const [place, other] = [await newPlace(stores), await newPlace(stores)]
      const items = []
      for (let n = 0; n < 3; n++) items.push(await invite(stores, await newSession(stores, place)))
      expect(await take(stores, other)).toBeNull()
      for (const item of items) {
        const taken = await take(stores, place)
        expect(taken).toEqual({ ...item, polledAt: expect.any(Date), given: 1 })
      }
      expect(await take(stores, place)).toBeNull()
    })

    test('is given items of sessions to which nothing has come behind the others', async () => {
      const stores = await open()
      const place = await newPlace(stores)
      const sessions = []
      for (let n = 0; n < 4; n++) sessions.push(await newSession(stores, place))
      for (const session of sessions) await invite(stores, session)
      const [made, empty, waiting, running] = sessions
      await stores.sessions.hint([
        { id: empty!, run: 1, length: 3, status: 'idle' },
        { id: waiting!, run: 1, length: 19, status: 'idle' },
        { id: running!, run: 1, length: 3, status: 'running' },
      ])
      const given = []
      for (let n = 0; n < 4; n++) given.push((await take(stores, place))?.sessionId)
      expect(given).toEqual([waiting, running, made, empty])
    })

    test('is given again what was not acknowledged in its time', async () => {
      let ahead = 0
      const stores = await open(() => ahead)
      const place = await newPlace(stores)
      const item = await invite(stores, await newSession(stores, place))
      await take(stores, place)
      ahead = 30_000
      expect(await take(stores, place, 60_000)).toBeNull()
      expect(await take(stores, place, 20_000)).toMatchObject({ id: item?.id, attempt: 1 })
      ahead = 40_000
      // Whoever was given it first may still take it.
      const acknowledgement = { attempt: 1, isRetry: false, saysRetry: true }
      expect(await stores.work.ack(item!, acknowledgement)).toMatchObject({ done: true })
      // That may as well be the other one now.
      expect(await stores.work.ack(item!, acknowledgement)).toMatchObject({ done: false })
      ahead = 50_000
      expect(await take(stores, place)).toBeNull()
    })

    test.each([
      ['was acknowledged and never beaten for', 60_000, takeAndAck],
      ['lost its worker', 90_000, takeAndBeat],
    ])('is given an item that %s, as new', async (_, lease, hold) => {
      let ahead = 0
      const stores = await open(() => ahead)
      const place = await newPlace(stores)
      await invite(stores, await newSession(stores, place))
      const held = await hold(stores, place)
      ahead = lease - 20_000
      expect(await take(stores, place)).toBeNull()
      ahead = lease + 1_000
      const again = await take(stores, place)
      expect(again).toEqual({
        ...held,
        state: 'queued',
        attempt: 2,
        polledAt: expect.any(Date),
        acknowledgedAt: null,
        startedAt: null,
        latestHeartbeatAt: null,
        expectedHeartbeat: null,
        leaseUntil: null,
      })
      // Its former worker is told so, and stops nothing that is not its own any more.
      const beat = { attempt: 1, expected: 'NO_HEARTBEAT', ttlMs: 90_000, isRetry: false }
      expect(await stores.work.ack(again!, { isRetry: false })).toMatchObject({ done: true })
      expect(await stores.work.beat(again!, beat)).toMatchObject({ done: false })
      expect(await stores.work.stop(again!, { attempt: 1, force: true, by: 'worker' })).toMatchObject({ done: false })
      expect(await stores.work.beat(again!, { ...beat, attempt: 2 })).toMatchObject({ done: true })
    })

    test('opens the session of what it was given, and of nothing else', async () => {
      const stores = await open()
      const place = await newPlace(stores)
      const { keyId, ...owner } = place
      const sessionId = await newSession(stores, place)
      const item = await invite(stores, sessionId)
      const [secret, idle] = [newId('lh_work'), newId('lh_work')]
      await stores.work.claim(place.environmentId, { reclaimMs: 5_000, token: { secret, keyId } })
      await stores.work.claim(place.environmentId, { reclaimMs: 5_000, token: { secret: idle, keyId } })
      expect(await stores.work.verifyToken(secret)).toEqual({
        ...owner,
        sessionId,
        workId: item?.id,
        keyId,
        attempt: 1,
      })
      for (const nobody of [idle, '', secret.toUpperCase(), `${secret}x`])
        expect(await stores.work.verifyToken(nobody)).toBeNull()
    })

    test('opens nothing for who was given an item that he left, a minute after, once it is given on', async () => {
      let ahead = 0
      const stores = await open(() => ahead)
      const place = await newPlace(stores)
      await invite(stores, await newSession(stores, place))
      const poll = async (): Promise<string> => {
        const secret = newId('lh_work')
        await stores.work.claim(place.environmentId, { reclaimMs: 0, token: { secret, keyId: place.keyId } })
        return secret
      }
      const opens = async (secret: string) => (await stores.work.verifyToken(secret)) !== null
      const secrets = [await poll()]
      for (ahead of [30_000, 61_000]) secrets.push(await poll())
      expect(await Promise.all(secrets.map(opens))).toEqual([false, true, true])
      const [held] = await stores.work.list(place.environmentId, { limit: 1 })
      await stores.work.ack(held!, { isRetry: false })
      ahead = 200_000
      // What was acknowledged is another matter: its worker may have something left to send.
      secrets.push(await poll())
      expect(await Promise.all(secrets.map(opens))).toEqual([false, true, true, true])
    })

    test.each<[string, (stores: Stores, place: Place, item: WorkItem) => Promise<unknown>]>([
      ['its key is revoked', (stores, { keyId }) => stores.environmentKeys.revoke(keyId, new Date())],
      ['its session is deleted', (stores, place, item) => stores.sessions.bury(place.workspaceId, item.sessionId)],
    ])('opens nothing once %s', async (_, end) => {
      const stores = await open()
      const place = await newPlace(stores)
      const item = await invite(stores, await newSession(stores, place))
      const secret = newId('lh_work')
      await stores.work.claim(place.environmentId, { reclaimMs: 5_000, token: { secret, keyId: place.keyId } })
      expect(await stores.work.verifyToken(secret)).not.toBeNull()
      await end(stores, place, item!)
      expect(await stores.work.verifyToken(secret)).toBeNull()
    })

    test('opens nothing a while after the item was stopped', async () => {
      let ahead = 0
      const stores = await open(() => ahead)
      const place = await newPlace(stores)
      const item = await invite(stores, await newSession(stores, place))
      const secret = newId('lh_work')
      await stores.work.claim(place.environmentId, { reclaimMs: 5_000, token: { secret, keyId: place.keyId } })
      await stores.work.stop(item!, { force: true, by: 'operator' })
      ahead = 580_000
      await stores.work.tidy()
      expect(await stores.work.verifyToken(secret)).not.toBeNull()
      ahead = 601_000
      expect(await stores.work.verifyToken(secret)).toBeNull()
      await stores.work.tidy()
      ahead = 0
      expect(await stores.work.verifyToken(secret)).toBeNull()
    })
  })
}

function pick({ workspaceId, environmentId }: Place) {
  return { workspaceId, environmentId }
}
