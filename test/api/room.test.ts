import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createRoom } from '../../src/api/room.ts'
import type { Entry } from '../../src/api/room.ts'
import { createManualTimers } from '../support/manual-timers.ts'

/** What became of an entry so far: null while it waits. */
async function stateOf({ entered }: Entry): Promise<boolean | null> {
  return Promise.race([entered, Promise.resolve(null)])
}

function statesOf(entries: readonly Entry[]): Promise<(boolean | null)[]> {
  return Promise.all(entries.map(stateOf))
}

describe('a room', () => {
  test('lets in as many as fit, and the next ones when others have left, in the order of asking', async () => {
    const room = createRoom(10, createManualTimers().after)
    const entries = [4, 6, 8, 1].map((bytes) => room.enter(bytes))
    expect(await statesOf(entries)).toEqual([true, true, null, null])
    entries[0]?.leave()
    expect(await statesOf(entries)).toEqual([true, true, null, null])
    entries[1]?.leave()
    expect(await statesOf(entries)).toEqual([true, true, true, true])
  })

  test('refuses whoever has waited for long, and keeps nothing for it', async () => {
    const timers = createManualTimers()
    const room = createRoom(10, timers.after)
    const first = room.enter(10)
    timers.advance(1_000)
    const late = room.enter(10)
    timers.advance(19_999)
    expect(await stateOf(late)).toBeNull()
    timers.advance(1)
    expect(await statesOf([first, late])).toEqual([true, false])
    late.leave()
    first.leave()
    const next = room.enter(10)
    expect([await stateOf(next), timers.pending]).toEqual([true, 0])
  })

  test('refuses at once when a thousand wait', async () => {
    const room = createRoom(1, createManualTimers().after)
    const entries = Array.from({ length: 1_002 }, () => room.enter(1))
    expect(await stateOf(entries[1_000]!)).toBeNull()
    expect(await stateOf(entries[1_001]!)).toBe(false)
  })

  test('holds never more than its size, and all of it is free when all have left', async () => {
    const step = fc.oneof(fc.record({ enter: fc.integer({ min: 1, max: 10 }) }), fc.record({ leave: fc.nat(20) }))
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const timers = createManualTimers()
        const room = createRoom(10, timers.after)
        const asked: { readonly bytes: number; readonly entry: Entry; hasLeft: boolean }[] = []
        for (const one of steps) {
          const leaver = 'leave' in one ? asked[one.leave] : undefined
          if ('enter' in one) asked.push({ bytes: one.enter, entry: room.enter(one.enter), hasLeft: false })
          if (leaver) {
            leaver.entry.leave()
            leaver.hasLeft = true
          }
          const states = await statesOf(asked.map(({ entry }) => entry))
          const held = asked.filter(({ hasLeft }, index) => !hasLeft && states[index] === true)
          expect(held.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThanOrEqual(10)
        }
        for (const { entry } of asked) entry.leave()
        expect([await stateOf(room.enter(10)), timers.pending]).toEqual([true, 0])
      }),
    )
  })
})
