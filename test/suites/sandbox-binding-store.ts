import { describe, expect, test } from 'vitest'
import { SessionBuried } from '../../src/store/buried.ts'
import type { Stores } from '../../src/store/postgres/stores.ts'
import { buildSandbox, createSession } from '../store/builders.ts'

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
      expect(await stores.bindings.bind(id, 'sevt_1', 1)).toBe(1)
      expect(await stores.bindings.bind(id, 'sevt_1', 2)).toBe(1)
      expect(await stores.bindings.bind(id, 'sevt_2', 2)).toBe(2)
      expect(await stores.bindings.bound(id, 'sevt_1')).toBe(1)
    })

    test('keep the calls of different sessions apart', async () => {
      const stores = await open()
      const [one, two] = [await createSession(stores, 'default'), await createSession(stores, 'default')]
      await stores.bindings.bind(one.id, 'sevt_1', 1)
      expect(await stores.bindings.bind(two.id, 'sevt_1', 4)).toBe(4)
    })

    test('bind a call to one generation however many race for it', async () => {
      const processes = [await open(), await open()]
      const rounds = 100
      const { id } = await createSession(processes[0]!, 'default')
      for (let round = 0; round < rounds; round++) {
        const answers = await Promise.all(
          Array.from({ length: 6 }, (_, i) => processes[i % 2]!.bindings.bind(id, `sevt_${round}`, i + 1)),
        )
        expect(new Set(answers).size).toBe(1)
        expect(await processes[1]!.bindings.bound(id, `sevt_${round}`)).toBe(answers[0])
      }
      console.log(`sandbox bindings: n = ${rounds} races of 6 bindings over 2 pools`)
    })

    test('refuse writes for a deleted session and still tell what it had, until cleared', async () => {
      const stores = await open()
      const { id } = await createSession(stores, 'default')
      const first = buildSandbox(id, 1)
      await stores.bindings.replace(0, first)
      await stores.bindings.bind(id, 'sevt_1', 1)
      await stores.sessions.bury('default', id)
      await expect(stores.bindings.bind(id, 'sevt_2', 1)).rejects.toThrow(SessionBuried)
      expect(await stores.bindings.current(id)).toEqual(first)
      await stores.sessions.clear(id)
      expect(await stores.bindings.current(id)).toBeNull()
      expect(await stores.bindings.bound(id, 'sevt_1')).toBeNull()
      await expect(stores.bindings.replace(0, first)).rejects.toThrow(SessionBuried)
      await expect(stores.bindings.replace(1, buildSandbox(id, 2))).rejects.toThrow(SessionBuried)
    })

    test('reject a session that never was', async () => {
      const { bindings } = await open()
      await expect(bindings.bind('sesn_none', 'sevt_1', 1)).rejects.toThrow('expected a session sesn_none')
      await expect(bindings.replace(0, buildSandbox('sesn_none', 1))).rejects.toThrow('expected a session sesn_none')
    })
  })
}
