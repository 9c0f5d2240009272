import { describe, expect, test } from 'vitest'
import { carry, isBetweenSteps, isLight, readCarried } from '../../src/session/carry.ts'
import { startingState } from '../../src/session/start.ts'
import type { LogState } from '../../src/session/state.ts'
import { mintId } from '../../src/wire/mint.ts'
import { carriedOver } from '../support/run-builders.ts'
import { arrive, confirm, emptyState, fileResource, message, startedWith } from '../support/session-builders.ts'

describe('a place between steps', () => {
  test.each<[string, Partial<LogState>, boolean]>([
    ['about to ask the model', { status: 'running', phase: 'ready' }, true],
    ['idle', {}, false],
    ['asking the model', { status: 'running', phase: 'model' }, false],
    ['asking for a summary', { status: 'running', phase: 'compacting' }, false],
    ['running calls', { status: 'running', phase: 'tools' }, false],
    ['backing off', { status: 'rescheduling', phase: 'backoff' }, false],
    ['about to ask again', { status: 'rescheduling', phase: 'ready' }, false],
    ['terminated', { status: 'terminated', phase: 'over' }, false],
  ])('is where a session is %s', (_, change, expected) => {
    expect(isBetweenSteps(emptyState(change))).toBe(expected)
  })
})

describe('what is carried', () => {
  const withInput = (length: number): LogState => {
    const call = { id: 'c', name: 'lookup', input: 'x'.repeat(length), standing: 'custom' } as const
    return emptyState({ calls: [call] })
  }

  test.each([
    [0, true],
    [12_000, true],
    [13_000, false],
  ])('is light with a call of %i characters that waits: %s', (length, expected) => {
    expect(isLight(withInput(length))).toBe(expected)
  })

  test('is the state, with the queue and with answers whose calls may still come', () => {
    const { state } = startedWith([['c1', 'ask']])
    const answered = arrive(state, confirm('y', 'c1'), message('m2'))
    expect(carry(answered)).toEqual(answered)
    expect(carry(answered).answers).toHaveLength(1)
  })

  test('is small with as many resources as a session may have', () => {
    const resources = Array.from({ length: 500 }, () => fileResource(mintId('sesrsc')))
    const { resources: ids, ...rest } = carry(startingState({ resources }))
    expect(ids).toHaveLength(500)
    expect(JSON.stringify(ids).length).toBeLessThan(20_000)
    expect(JSON.stringify(rest).length).toBeLessThan(2_000)
  })

  test('has the last answers that fit', () => {
    const answers = Array.from({ length: 64 }, (_, index) => ({
      call: `c${index}`,
      result: 'deny' as const,
      message: 'x'.repeat(1000),
    }))
    const carried = carry(emptyState({ answers })).answers
    expect(carried).toEqual(answers.slice(-carried.length))
    expect(carried.length).toBeGreaterThan(5)
    expect(JSON.stringify(carried).length).toBeLessThan(9000)
  })

  test('has the last ids that fit, however long a client chose them', () => {
    const seen = Array.from({ length: 1000 }, (_, index) => `${index}`.padStart(128, 'i'))
    const carried = carry(emptyState({ seen })).seen
    expect(carried).toEqual(seen.slice(-carried.length))
    expect(carried.length).toBeGreaterThan(200)
    expect(JSON.stringify(carried).length).toBeLessThan(35 * 1024)
    const ours = Array.from({ length: 1000 }, () => mintId('sevt'))
    expect(carry(emptyState({ seen: ours })).seen).toEqual(ours)
  })

  test('is at most 64 KiB beside the queue, however long the session lives', () => {
    const ids = Array.from({ length: 3000 }, () => message(mintId('sevt')))
    const pairs = Array.from({ length: 16 }, (_, index) => [`${index}`.padEnd(64, 'k'), 'v'.repeat(512)] as const)
    const answers = ids.map(({ id = '' }) => ({ call: id, result: 'deny' as const, message: 'x'.repeat(10_000) }))
    const call = { id: 'c', name: 'lookup', input: 'x'.repeat(12_000), standing: 'custom' } as const
    const old = arrive(
      emptyState({ metadata: Object.fromEntries(pairs), title: 't'.repeat(512), calls: [call] }),
      ...ids,
    )
    const carried = carry({ ...old, answers, queue: [] })
    expect(isLight(carried)).toBe(true)
    expect(Buffer.byteLength(JSON.stringify(carried))).toBeLessThan(64 * 1024)
  })
})

describe('a run’s input', () => {
  test('says what the run before handed over', () => {
    const carried = carriedOver({ run: 7 })
    expect(readCarried({ configuration: { id: 'cfg_1' }, carried })).toEqual(carried)
  })

  test.each([undefined, null, 'text', {}, { events: [] }])('that is a session’s first says nothing: %j', (input) => {
    expect(readCarried(input)).toBeNull()
  })

  test.each([
    ['a newer one', { state: { v: 2 } }, '2'],
    ['none', { state: {} }, 'undefined'],
    ['no state', { run: 2 }, 'undefined'],
    ['nothing', null, 'undefined'],
  ])('is not taken from a version that is not known: %s', (_, carried, version) => {
    expect(() => readCarried({ carried })).toThrow(`expected a carried state of version 1, got ${version}`)
  })
})
