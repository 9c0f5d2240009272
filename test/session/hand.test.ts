import { describe, expect, test } from 'vitest'
import type { Entry } from '../../src/session/entry.ts'
import { fold } from '../../src/session/fold.ts'
import type { LogState } from '../../src/session/state.ts'
import { handOf } from '../../src/session/state.ts'
import { emptyState, provisioned } from '../support/session-builders.ts'

const failed: Entry = { type: 'log.unprovisioned', hand: 'main', message: 'hands: none' }

describe('the hands of a state', () => {
  test.each<{ name: string; before?: LogState['hands']; entry: Entry; after: LogState['hands'] }>([
    { name: 'a first generation that a result tells of', entry: provisioned(1), after: { main: { known: 1 } } },
    {
      name: 'a first generation that nothing tells of',
      entry: provisioned(1, { told: false }),
      after: { main: { known: 0 } },
    },
    {
      name: 'the next one, on another host',
      before: { main: { known: 1, host: 'a1' } },
      entry: provisioned(2, { host: 'b2' }),
      after: { main: { known: 2, host: 'b2' } },
    },
    {
      name: 'the next one, that nothing tells of',
      before: { main: { known: 1, host: 'a1' } },
      entry: provisioned(2, { host: 'b2', told: false }),
      after: { main: { known: 1, host: 'b2' } },
    },
    {
      name: 'an older one, recorded late',
      before: { main: { known: 3, host: 'c3' } },
      entry: provisioned(2, { host: 'b2' }),
      after: { main: { known: 3, host: 'c3' } },
    },
    {
      name: 'one of another hand',
      before: { main: { known: 3 } },
      entry: provisioned(1, { hand: 'web' }),
      after: { main: { known: 3 }, web: { known: 1 } },
    },
    { name: 'none that could be made', entry: failed, after: { main: { known: 0, failed: true } } },
    {
      name: 'none that could be made, after one',
      before: { main: { known: 2, host: 'b2' } },
      entry: failed,
      after: { main: { known: 2, host: 'b2', failed: true } },
    },
    {
      name: 'one that could, after none',
      before: { main: { known: 0, failed: true } },
      entry: provisioned(1),
      after: { main: { known: 1 } },
    },
    {
      name: 'one that lacks a repository',
      before: { main: { known: 1 } },
      entry: provisioned(2, { faults: [] }),
      after: { main: { known: 2, lacking: 2 } },
    },
    {
      name: 'what one that nothing tells of lacked, when one before it is recorded late',
      before: { main: { known: 1, lacking: 3 } },
      entry: provisioned(2, { faults: [] }),
      after: { main: { known: 2, lacking: 3 } },
    },
    {
      name: 'what an earlier one lacked',
      before: { main: { known: 1, lacking: 1 } },
      entry: provisioned(2),
      after: { main: { known: 2, lacking: 1 } },
    },
    {
      name: 'what one lacked, when the next could not be made',
      before: { main: { known: 1, lacking: 1 } },
      entry: failed,
      after: { main: { known: 1, lacking: 1, failed: true } },
    },
  ])('know $name', ({ before, entry, after }) => {
    const state = emptyState(before === undefined ? {} : { hands: before })
    expect(fold(state, entry)).toEqual({ ...state, hands: after })
  })

  test.each(['main', 'constructor', '__proto__'])('know nothing of %s before it had a sandbox', (hand) => {
    expect(handOf(emptyState(), hand)).toBeUndefined()
    expect(handOf(fold(emptyState(), provisioned(1, { hand: 'web' })), hand)).toBeUndefined()
  })

  test.each(['constructor', '__proto__'])('keep one named %s apart', (hand) => {
    const state = fold(emptyState(), provisioned(1, { hand }))
    expect(handOf(JSON.parse(JSON.stringify(state)), hand)).toEqual({ known: 1 })
    expect(handOf(state, hand)).toEqual({ known: 1 })
  })
})
