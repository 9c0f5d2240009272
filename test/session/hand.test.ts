import { describe, expect, test } from 'vitest'
import type { Entry } from '../../src/session/entry.ts'
import { fold } from '../../src/session/fold.ts'
import { handOfCall } from '../../src/session/hand.ts'
import { refuses } from '../../src/session/settle.ts'
import type { LogState } from '../../src/session/state.ts'
import { handOf } from '../../src/session/state.ts'
import {
  arrived,
  emptyState,
  foldAll,
  message,
  provisioned,
  recorded,
  resultEntry,
  startSession,
} from '../support/session-builders.ts'

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
      after: { main: { known: 2, host: 'b2' } },
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
      after: { main: { known: 1, lacking: 1 } },
    },
  ])('know $name', ({ before, entry, after }) => {
    const state = emptyState(before === undefined ? {} : { hands: before })
    expect(fold(state, entry)).toEqual({ ...state, hands: after })
  })

  test.each([true, false])(
    'are the same whether one was made before or behind one that could not be, told: %j',
    (told) => {
      const made = provisioned(1, { told, faults: [] })
      expect(foldAll(emptyState(), made, failed).hands).toEqual(foldAll(emptyState(), failed, made).hands)
    },
  )

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

const metadata = { 'longhand.hand.gpu': 'env_gpu', team: 'a' }

describe('the hand of a call', () => {
  test.each<[unknown, string]>([
    [{ environment: 'gpu' }, 'gpu'],
    [{ environment: 'main' }, 'main'],
    [{ environment: 'web' }, 'main'],
    [{ environment: ['gpu'] }, 'main'],
    [{ environment: '__proto__' }, 'main'],
    [{ command: 'ls' }, 'main'],
    ['gpu', 'main'],
  ])('is the one that its input names, where the session has it: %j', (input, hand) => {
    expect(handOfCall({ metadata }, { input })).toBe(hand)
    expect(handOfCall({ metadata: {} }, { input })).toBe('main')
  })

  test('says which sandbox is meant, where that is, and what the model knows of it', () => {
    const before = foldAll(
      emptyState({ metadata, supplies: 3 }),
      provisioned(2, { host: 'a1' }),
      provisioned(5, { host: 'b2', hand: 'gpu' }),
    )
    const session = startSession({}, before)
    session.pass(arrived(message('m1')))
    session.answer({ calls: [['c1', 'allow']], input: { environment: 'gpu' } })
    expect(session.commands()).toMatchObject([{ do: 'execute', hand: 'gpu', host: 'b2', known: 5, supplies: 3 }])
    session.pass(recorded(provisioned(6, { host: 'a1', hand: 'gpu' }), resultEntry('c1')))
    session.answer({ calls: [['c2', 'allow']] })
    expect(session.commands()).toMatchObject([{ do: 'execute', host: 'a1', known: 2 }])
    expect(session.commands()[0]).not.toHaveProperty('hand')
  })

  test('is nobody’s business in a session that was given none', () => {
    const session = startSession({}, foldAll(emptyState(), provisioned(2, { host: 'a1' })))
    session.pass(arrived(message('m1')))
    session.answer({ calls: [['c1', 'allow']], input: { environment: 'gpu' } })
    expect(session.commands()).toMatchObject([{ do: 'execute', host: 'a1', known: 2 }])
    expect(session.commands()[0]).not.toHaveProperty('hand')
  })
})

describe('the hands that a session was given', () => {
  test.each([
    { 'longhand.hand.gpu': 'env_gpu' },
    { 'longhand.hand.web': null },
    { team: 'b', 'longhand.handy': 'x' },
    undefined,
  ])('are left alone by %j', (patch) => {
    const change = patch ? { metadata: patch } : {}
    expect(refuses(emptyState({ metadata }), { type: 'configured', ...change })).toBeNull()
  })

  test.each([{ 'longhand.hand.gpu': 'env_2' }, { 'longhand.hand.gpu': null }, { 'longhand.hand.web': 'env_gpu' }])(
    'stay, whoever asks for %j',
    (patch) => {
      const refused = refuses(emptyState({ metadata }), { type: 'configured', metadata: patch })
      expect(refused?.reason).toMatch(/^metadata: longhand\.hand\.(gpu|web): the hands of a session are given when/)
    },
  )
})
