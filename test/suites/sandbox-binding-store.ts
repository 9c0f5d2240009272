import { describe, expect, test } from 'vitest'
import { bareFacts } from '../../src/hands/receipt.ts'
import { SessionBuried } from '../../src/store/buried.ts'
import type { Stores } from '../../src/store/postgres/stores.ts'
import { buildSandbox, createSession, to } from '../store/builders.ts'

/** What every store of sandbox bindings does; each call of `open` is another process on the same database. */
export function sandboxBindingStoreSuite(open: () => Promise<Stores>): void {
  describe('sandbox bindings', () => {
    test('know no sandbox and no call of a new session', async () => {
      const stores = await open()
      const { id } = await createSession(stores, 'default')
      expect(await stores.bindings.current(id)).toBeNull()
      expect(await stores.bindings.bound(id, 'sevt_1')).toBeNull()
    })

    test('replace the generation that is current', async () => {
      const stores = await open()
      const { id } = await createSession(stores, 'default')
      const [first, second] = [buildSandbox(id, 1), buildSandbox(id, 2)]
      expect(await stores.bindings.replace(0, first)).toEqual(first)
      expect(await stores.bindings.replace(1, second)).toEqual(second)
      expect(await stores.bindings.current(id)).toEqual(second)
    })

    test.each([0, 1])('answer what is current when generation %i is no longer', async (expected) => {
      const stores = await open()
      const { id } = await createSession(stores, 'default')
      const [first, second] = [buildSandbox(id, 1), buildSandbox(id, 2)]
      await stores.bindings.replace(0, first)
      await stores.bindings.replace(1, second)
      expect(await stores.bindings.replace(expected, buildSandbox(id, expected + 1))).toEqual(second)
    })

    test('let one of several concurrent replacements win and tell everybody which', async () => {
      const processes = [await open(), await open()]
      const rounds = 60
      for (let round = 0; round < rounds; round++) {
        const { id } = await createSession(processes[0]!, 'default')
        for (const expected of [0, 1]) {
          const offered = Array.from({ length: 6 }, () => buildSandbox(id, expected + 1))
          const answers = await Promise.all(
            offered.map((next, i) => processes[i % 2]!.bindings.replace(expected, next)),
          )
          expect(new Set(answers.map(({ reference }) => reference)).size).toBe(1)
          expect(offered).toContainEqual(answers[0])
        }
      }
      console.log(`sandbox bindings: n = ${rounds * 2} races of 6 replacements over 2 pools`)
    })

    test('bind a call once, whatever is asked later', async () => {
      const stores = await open()
      const { id } = await createSession(stores, 'default')
      await stores.bindings.replace(0, buildSandbox(id, 1))
      expect(await stores.bindings.bind(id, 'sevt_1', to(1))).toEqual(to(1))
      await stores.bindings.replace(1, buildSandbox(id, 2))
      expect(await stores.bindings.bind(id, 'sevt_1', to(2))).toEqual(to(1))
      expect(await stores.bindings.bind(id, 'sevt_2', to(2))).toEqual(to(2))
      expect(await stores.bindings.bound(id, 'sevt_1')).toEqual(to(1))
    })

    test('bind nothing to a generation that is not current', async () => {
      const stores = await open()
      const { id } = await createSession(stores, 'default')
      expect(await stores.bindings.bind(id, 'sevt_1', to(1))).toBeNull()
      await stores.bindings.replace(0, buildSandbox(id, 1))
      await stores.bindings.replace(1, buildSandbox(id, 2))
      for (const generation of [1, 3]) expect(await stores.bindings.bind(id, 'sevt_1', to(generation))).toBeNull()
      expect(await stores.bindings.bound(id, 'sevt_1')).toBeNull()
    })

    test('bind nothing to a retired generation, while bound calls stay', async () => {
      const stores = await open()
      const { id } = await createSession(stores, 'default')
      await stores.bindings.replace(0, buildSandbox(id, 1))
      await stores.bindings.bind(id, 'sevt_1', to(1))
      const [kept] = (await stores.ledger.all()).filter(({ row }) => row.sessionId === id)
      expect(kept && (await stores.ledger.retire(kept.row, kept.usedAt))).toBe(true)
      expect(await stores.bindings.bind(id, 'sevt_2', to(1))).toBeNull()
      expect(await stores.bindings.bind(id, 'sevt_1', to(1))).toEqual(to(1))
      await stores.bindings.replace(1, buildSandbox(id, 2))
      expect(await stores.bindings.bind(id, 'sevt_2', to(2))).toEqual(to(2))
    })

    test('keep the calls of different sessions apart', async () => {
      const stores = await open()
      const [one, two] = [await createSession(stores, 'default'), await createSession(stores, 'default')]
      for (const { id } of [one, two]) await stores.bindings.replace(0, buildSandbox(id, 1))
      await stores.bindings.replace(1, buildSandbox(two.id, 2))
      await stores.bindings.bind(one.id, 'sevt_1', to(1))
      expect(await stores.bindings.bind(two.id, 'sevt_1', to(2))).toEqual(to(2))
    })

    test('keep the hands of a session apart', async () => {
      const stores = await open()
      const { id } = await createSession(stores, 'default')
      const [main, web] = [buildSandbox(id, 1), { ...buildSandbox(id, 1), hand: 'web', host: 'a1b2', supplies: 3 }]
      expect(await stores.bindings.replace(0, main)).toEqual(main)
      expect(await stores.bindings.replace(0, web)).toEqual(web)
      expect(await stores.bindings.bind(id, 'sevt_1', { hand: 'web', generation: 1 })).toEqual({
        hand: 'web',
        generation: 1,
      })
      const next = { ...buildSandbox(id, 2), hand: 'web' }
      expect(await stores.bindings.replace(1, next)).toEqual(next)
      expect(await stores.bindings.current(id, 'web')).toEqual(next)
      expect(await stores.bindings.current(id)).toEqual(main)
    })

    test('bind a call to one place however many race for it', async () => {
      const processes = [await open(), await open()]
      const rounds = 100
      const { id } = await createSession(processes[0]!, 'default')
      const hands = Array.from({ length: 6 }, (_, index) => `hand${index}`)
      for (const hand of hands) await processes[0]!.bindings.replace(0, { ...buildSandbox(id, 1), hand })
      for (let round = 0; round < rounds; round++) {
        const answers = await Promise.all(
          hands.map((hand, i) => processes[i % 2]!.bindings.bind(id, `sevt_${round}`, { hand, generation: 1 })),
        )
        expect(new Set(answers.map((bound) => bound?.hand)).size).toBe(1)
        expect(await processes[1]!.bindings.bound(id, `sevt_${round}`)).toEqual(answers[0])
      }
      console.log(`sandbox bindings: n = ${rounds} races of 6 bindings over 2 pools`)
    })

    test('keep how a sandbox came to be, of each generation its own', async () => {
      const { bindings, ...stores } = await open()
      const { id } = await createSession({ bindings, ...stores }, 'default')
      const facts = { ...bareFacts, image: 'sha256:1', notes: ['say "so"'] }
      const first = { ...buildSandbox(id, 1), facts }
      expect(await bindings.replace(0, first)).toEqual(first)
      const second = { ...buildSandbox(id, 2), facts: { ...facts, uploads: 2 } }
      expect(await bindings.replace(1, second)).toEqual(second)
      const third = buildSandbox(id, 3)
      expect(await bindings.replace(2, third)).toEqual(third)
    })

    test('note how new what is mounted is, and never go back', async () => {
      const { bindings, ...stores } = await open()
      const { id } = await createSession({ bindings, ...stores }, 'default')
      const first = buildSandbox(id, 1)
      await bindings.replace(0, first)
      for (const version of [2, 1]) await bindings.supplied(first, version)
      expect(await bindings.current(id)).toEqual({ ...first, supplies: 2 })
      await bindings.replace(1, { ...buildSandbox(id, 2), supplies: 1 })
      await bindings.supplied(first, 7)
      expect(await bindings.current(id)).toMatchObject({ generation: 2, supplies: 1 })
    })

    test('refuse writes for a deleted session and still tell what it had, until cleared', async () => {
      const stores = await open()
      const { id } = await createSession(stores, 'default')
      const first = buildSandbox(id, 1)
      await stores.bindings.replace(0, first)
      await stores.bindings.bind(id, 'sevt_1', to(1))
      await stores.sessions.bury('default', id)
      await expect(stores.bindings.bind(id, 'sevt_2', to(1))).rejects.toThrow(SessionBuried)
      expect(await stores.bindings.current(id)).toEqual(first)
      await stores.sessions.clear(id)
      expect(await stores.bindings.current(id)).toBeNull()
      expect(await stores.bindings.bound(id, 'sevt_1')).toBeNull()
      await expect(stores.bindings.replace(0, first)).rejects.toThrow(SessionBuried)
      await expect(stores.bindings.replace(1, buildSandbox(id, 2))).rejects.toThrow(SessionBuried)
    })

    test('reject a session that never was', async () => {
      const { bindings } = await open()
      await expect(bindings.bind('sesn_none', 'sevt_1', to(1))).rejects.toThrow('expected a session sesn_none')
      await expect(bindings.replace(0, buildSandbox('sesn_none', 1))).rejects.toThrow('expected a session sesn_none')
    })
  })
}
