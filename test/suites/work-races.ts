import { describe, expect, test } from 'vitest'
import type { Stores } from '../../src/store/postgres/stores.ts'
import type { OpenWork } from './work-place.ts'
import { invite, newPlace, newSession, take } from './work-place.ts'

/** What holds of every work queue whoever comes at once. */
export function workRaceSuite(open: OpenWork): void {
  describe('work queue', () => {
    racing(open)
  })
}

function racing(open: OpenWork): void {
  describe('several processes at once', () => {
    test('make one invitation to a session', async () => {
      const processes = [await open(), await open()]
      const place = await newPlace(processes[0]!)
      const rounds = 20
      for (let round = 0; round < rounds; round++) {
        const sessionId = await newSession(processes[0]!, place)
        const made = await Promise.all(Array.from({ length: 20 }, (_, n) => invite(processes[n % 2]!, sessionId)))
        expect(made.filter(Boolean)).toHaveLength(1)
      }
      console.log(`work queue: n = ${rounds} races of 20 invitations`)
    })

    test('are given one item once', async () => {
      const processes = [await open(), await open()]
      const place = await newPlace(processes[0]!)
      const rounds = 50
      for (let round = 0; round < rounds; round++) {
        await invite(processes[0]!, await newSession(processes[0]!, place))
        const polls = Array.from({ length: 20 }, (_, n) => take(processes[n % 2]!, place, 600_000))
        expect((await Promise.all(polls)).filter(Boolean)).toHaveLength(1)
      }
      console.log(`work queue: n = ${rounds} races of 20 polls for one item`)
    })

    test('are given each of many items once, and all of them', async () => {
      const processes = [await open(), await open()]
      const place = await newPlace(processes[0]!)
      const sessions = await Promise.all(Array.from({ length: 200 }, () => newSession(processes[0]!, place)))
      await Promise.all(sessions.map((id, n) => invite(processes[n % 2]!, id)))
      async function poll(stores: Stores): Promise<string[]> {
        const taken: string[] = []
        for (;;) {
          const item = await take(stores, place, 600_000)
          if (item === null) return taken
          taken.push(item.sessionId)
        }
      }
      const taken = await Promise.all(Array.from({ length: 20 }, (_, n) => poll(processes[n % 2]!)))
      expect(taken.flat().toSorted()).toEqual(sessions.toSorted())
      console.log(`work queue: n = ${sessions.length} items and 20 pollers`)
    })

    test('acknowledge, and beat for, one item once', async () => {
      const processes = [await open(), await open()]
      const place = await newPlace(processes[0]!)
      const rounds = 30
      for (let round = 0; round < rounds; round++) {
        await invite(processes[0]!, await newSession(processes[0]!, place))
        const item = await take(processes[0]!, place)
        const acks = Array.from({ length: 8 }, (_, n) => processes[n % 2]!.work.ack(item!, { isRetry: false }))
        expect((await Promise.all(acks)).filter((ack) => ack?.done)).toHaveLength(1)
        let expected = 'NO_HEARTBEAT'
        for (let beat = 0; beat < 3; beat++) {
          const heartbeat = { expected, ttlMs: 90_000, isRetry: false }
          const beats = Array.from({ length: 8 }, (_, n) => processes[n % 2]!.work.beat(item!, heartbeat))
          const done = (await Promise.all(beats)).filter((one) => one?.done)
          expect(done).toHaveLength(1)
          expected = done[0]?.item.latestHeartbeatAt?.toISOString() ?? ''
        }
      }
      console.log(`work queue: n = ${rounds} races of 8 acknowledgements and 3 × 8 heartbeats`)
    })

    test('end a session while it is invited and polled for, without waiting for each other for ever', async () => {
      const processes = [await open(), await open()]
      const place = await newPlace(processes[0]!)
      const rounds = 100
      for (let round = 0; round < rounds; round++) {
        const [one, two] = processes as [Stores, Stores]
        const sessionId = await newSession(one, place)
        const item = await invite(one, sessionId)
        await Promise.all([
          one.sessions.bury(place.workspaceId, sessionId).then(() => one.sessions.clear(sessionId)),
          invite(two, sessionId),
          take(two, place),
          two.work.stop(item!, { force: true, by: 'operator' }),
          invite(one, sessionId),
          one.work.endOf(sessionId),
          two.work.tidy(),
        ])
        // What was written before the burial goes with the second clearing, as the sweeper's does.
        await one.sessions.clear(sessionId)
        expect(await one.work.read(item!)).toBeNull()
      }
      expect(await processes[0]!.work.list(place.environmentId, { limit: 9 })).toEqual([])
      console.log(`work queue: n = ${rounds} burials among invitations, polls and stops`)
    })
  })
}
