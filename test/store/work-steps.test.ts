import { describe, expect, test } from 'vitest'
import { acknowledge, beat, stop } from '../../src/store/work-steps.ts'
import type { StoredWork } from '../../src/store/work-steps.ts'
import { after, buildWork, noon } from './builders.ts'

const item = buildWork({ polledAt: noon, attempt: 2, given: 1 })
const starting: StoredWork = { ...item, state: 'starting', acknowledgedAt: noon, leaseUntil: after(60) }
const active: StoredWork = {
  ...starting,
  state: 'active',
  startedAt: after(1),
  latestHeartbeatAt: after(1),
  leaseUntil: after(91),
}
const stopping: StoredWork = { ...active, state: 'stopping', stopRequestedAt: after(2), stoppedBy: 'operator' }
const stopped: StoredWork = { ...stopping, state: 'stopped', stoppedAt: after(3), leaseUntil: null }
const ttlMs = 90_000

describe('acknowledging', () => {
  test('takes an item that was given out', () => {
    const taken = acknowledge(item, { isRetry: false }, after(1))
    expect(taken).toEqual({
      item: { ...item, state: 'starting', acknowledgedAt: after(1), leaseUntil: after(61) },
      done: true,
    })
  })

  test.each<[string, StoredWork, boolean, number]>([
    ['one that nobody was given', { ...item, polledAt: null }, false, 1],
    ['one that is taken', starting, false, 1],
    ['one that was taken a while ago, again', starting, true, 10],
    ['one that is beaten for, again', active, true, 1],
    ['one that was beaten for before its stop', { ...starting, latestHeartbeatAt: noon }, true, 1],
    ['one that stops', stopping, false, 4],
    ['one that is stopped', stopped, true, 4],
  ])('does not take %s', (_, given, isRetry, seconds) => {
    expect(acknowledge(given, { isRetry }, after(seconds))).toEqual({ item: given, done: false })
  })

  test.each<[string, Parameters<typeof acknowledge>[1], number, number, boolean]>([
    ['a request that is sent again', { isRetry: true }, 1, 9, true],
    ['a request that is sent again, and another poller may be meant', { isRetry: true }, 2, 9, false],
    ['one that says so, of the only poller', { isRetry: false, saysRetry: true }, 1, 9, true],
    ['one that says so, and another poller may be meant', { isRetry: false, saysRetry: true }, 2, 9, false],
    ['one that says so, a while ago', { isRetry: false, saysRetry: true }, 1, 10, false],
    ['one with the only token', { attempt: 2, isRetry: false }, 1, 59, true],
    ['one with one of two tokens', { attempt: 2, isRetry: false }, 2, 1, false],
    ['one with the token of a try before', { attempt: 1, isRetry: true, saysRetry: true }, 1, 1, false],
    ['one of which nobody has counted the polls', { attempt: 2, isRetry: false, saysRetry: true }, 0, 1, false],
  ])('answers %s as it answered the first, or not', (_, acknowledgement, given, seconds, done) => {
    const taken = { ...starting, given }
    expect(acknowledge(taken, acknowledgement, after(seconds))).toEqual({ item: taken, done })
  })

  test.each([
    [1, false],
    [2, true],
  ])('by the token of try %i is done: %s', (attempt, done) => {
    expect(acknowledge(item, { attempt, isRetry: false }, noon).done).toBe(done)
  })
})

describe('a heartbeat', () => {
  test('that finds none before it makes the item active', () => {
    const { item: beaten, done } = beat(starting, { expected: 'NO_HEARTBEAT', ttlMs, isRetry: false }, after(5))
    expect(done).toBe(true)
    expect(beaten).toEqual({
      ...starting,
      state: 'active',
      startedAt: after(5),
      latestHeartbeatAt: after(5),
      expectedHeartbeat: null,
      leaseUntil: after(95),
    })
  })

  test.each([
    ['names the one before it', after(1).toISOString()],
    ['names none', undefined],
  ])('that %s extends the lease', (_, expected) => {
    const heartbeat = { ttlMs, isRetry: false, ...(expected === undefined ? {} : { expected }) }
    const { item: beaten, done } = beat(active, heartbeat, after(30))
    expect(done).toBe(true)
    expect(beaten).toEqual({
      ...active,
      latestHeartbeatAt: after(30),
      expectedHeartbeat: after(1),
      leaseUntil: after(120),
    })
  })

  test.each<[string, StoredWork, string]>([
    ['names another', active, after(2).toISOString()],
    ['spells it another way', active, after(1).toISOString().replace('Z', '+00:00')],
    ['names none yet', active, 'NO_HEARTBEAT'],
    ['names nothing', active, ''],
    ['names one where there is none', starting, noon.toISOString()],
    ['comes before the acknowledgement', item, 'NO_HEARTBEAT'],
  ])('that %s changes nothing', (_, given, expected) => {
    expect(beat(given, { expected, ttlMs, isRetry: false }, after(3))).toEqual({ item: given, done: false })
  })

  test('is later than the one before it, whatever the clock says', () => {
    const { item: beaten } = beat(active, { ttlMs, isRetry: false }, noon)
    expect(beaten.latestHeartbeatAt).toEqual(new Date(after(1).getTime() + 1))
  })

  test('extends a lease that has lapsed while nobody took the item', () => {
    const { item: beaten, done } = beat(active, { ttlMs, isRetry: false }, after(500))
    expect(done).toBe(true)
    expect(beaten.leaseUntil).toEqual(after(590))
  })

  describe('that is sent again', () => {
    const again = { ...active, latestHeartbeatAt: after(31), expectedHeartbeat: after(1), leaseUntil: after(121) }
    const expected = after(1).toISOString()

    test('answers the time that was stored, and extends from now', () => {
      const repeated = beat(again, { expected, ttlMs, isRetry: true }, after(33))
      expect(repeated).toEqual({ item: { ...again, leaseUntil: after(123) }, done: true })
    })

    test.each([33, 600])('is known by the time that only its holder knows, %i s later as well', (seconds) => {
      const held = { expected, ttlMs, attempt: 2, isRetry: false }
      const repeated = { item: { ...again, leaseUntil: after(seconds + 90) }, done: true }
      expect(beat(again, held, after(seconds))).toEqual(repeated)
      expect(beat(again, { ...held, attempt: 1 }, after(seconds)).done).toBe(false)
    })

    test.each([
      ['sent again', { isRetry: true }, 2, true],
      ['sent again, too late', { isRetry: true }, 11, false],
      ['with its token, and not sent again', { isRetry: false, attempt: 2 }, 2, false],
    ])('may be the first one, or not: %s', (_, heartbeat, seconds, done) => {
      const first = { ...active, expectedHeartbeat: null, given: 1 }
      expect(beat(first, { ...heartbeat, expected: 'NO_HEARTBEAT', ttlMs }, after(seconds)).done).toBe(done)
    })

    test('is not there before it', () => {
      const held = { expected: 'NO_HEARTBEAT', ttlMs, attempt: 2, isRetry: false }
      expect(beat(starting, held, after(2)).item).toMatchObject({ state: 'active', latestHeartbeatAt: after(2) })
    })

    test.each([
      ['was not sent again', { expected, isRetry: false }, 33],
      ['comes too late', { expected, isRetry: true }, 41],
      ['expected something else', { expected: after(2).toISOString(), isRetry: true }, 33],
    ])('is none when it %s', (_, heartbeat, seconds) => {
      expect(beat(again, { ...heartbeat, ttlMs }, after(seconds))).toEqual({ item: again, done: false })
    })
  })

  test('is not compared while the item stops, and keeps it held', () => {
    const { item: beaten, done } = beat(stopping, { expected: 'anything', ttlMs, isRetry: false }, after(30))
    expect(done).toBe(true)
    expect(beaten).toEqual({
      ...stopping,
      latestHeartbeatAt: after(30),
      expectedHeartbeat: after(1),
      leaseUntil: after(120),
    })
  })

  test('starts nothing that was asked to stop before it began', () => {
    const early: StoredWork = { ...starting, state: 'stopping', stopRequestedAt: after(1), stoppedBy: 'operator' }
    const { item: beaten } = beat(early, { expected: 'NO_HEARTBEAT', ttlMs, isRetry: false }, after(2))
    expect([beaten.state, beaten.startedAt]).toEqual(['stopping', null])
  })

  test('of a stopped item changes nothing and is no fault', () => {
    expect(beat(stopped, { expected: 'anything', ttlMs, isRetry: false }, after(30))).toEqual({
      item: stopped,
      done: true,
    })
  })

  test.each<[string, StoredWork, boolean]>([
    ['active', active, false],
    ['stopping', stopping, true],
  ])('by a worker that lost the item leaves it alone: %s', (_, given, done) => {
    expect(beat(given, { attempt: 1, ttlMs, isRetry: false }, after(3))).toEqual({ item: given, done })
  })
})

describe('a stop', () => {
  const by = 'worker'
  test.each<[string, StoredWork, boolean, Partial<StoredWork> | null]>([
    ['queued', item, false, { state: 'stopped', stopRequestedAt: after(9), stoppedAt: after(9), stoppedBy: by }],
    ['queued', item, true, { state: 'stopped', stopRequestedAt: after(9), stoppedAt: after(9), stoppedBy: by }],
    ['starting', starting, false, { state: 'stopping', stopRequestedAt: after(9), stoppedBy: by }],
    [
      'starting',
      starting,
      true,
      { state: 'stopped', stopRequestedAt: after(9), stoppedAt: after(9), stoppedBy: by, leaseUntil: null },
    ],
    ['active', active, false, { state: 'stopping', stopRequestedAt: after(9), stoppedBy: by }],
    [
      'active',
      active,
      true,
      { state: 'stopped', stopRequestedAt: after(9), stoppedAt: after(9), stoppedBy: by, leaseUntil: null },
    ],
    ['stopping', stopping, false, {}],
    // Whoever asked first is remembered.
    ['stopping', stopping, true, { state: 'stopped', stoppedAt: after(9), leaseUntil: null }],
    ['stopped', stopped, false, null],
    ['stopped', stopped, true, null],
  ])('of a %s item, %#', (_, given, force, change) => {
    const outcome = stop(given, { force, by }, after(9))
    expect(outcome).toEqual({ item: { ...given, ...change }, done: change !== null })
  })

  test('by a worker that lost the item does nothing', () => {
    expect(stop(active, { attempt: 1, force: true, by }, after(9))).toEqual({ item: active, done: false })
  })
})
