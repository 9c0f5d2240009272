import { describe, expect, test } from 'vitest'
import type { Stores } from '../../src/store/postgres/stores.ts'
import type { SessionRow } from '../../src/store/sessions.ts'
import { buildSandbox, createSession, noon } from '../store/builders.ts'

/** What every store of spent sandboxes does; each call of `open` is another process on the same database. */
export function spentSandboxStoreSuite(open: () => Promise<Stores>): void {
  /** A session with its `generation`-th sandbox, and with a call that is bound to it. */
  async function createWithSandbox(stores: Stores, generation: number, row: Partial<SessionRow> = {}): Promise<string> {
    const { id } = await createSession(stores, 'default', row)
    for (let next = 1; next <= generation; next++) await stores.bindings.replace(next - 1, buildSandbox(id, next))
    await stores.bindings.bind(id, 'sevt_1', generation)
    return id
  }
  const archived = { status: 'terminated', archivedAt: noon } as const

  describe('spent sandboxes', () => {
    test('are those of archived sessions', async () => {
      const stores = await open()
      const spent = await createWithSandbox(stores, 2, archived)
      const others = [
        await createWithSandbox(stores, 1),
        await createWithSandbox(stores, 1, { status: 'terminated' }),
        await createWithSandbox(stores, 1, { ...archived, status: 'running' }),
        (await createSession(stores, 'default', archived)).id,
      ]
      const listed = await stores.spentSandboxes.take()
      expect(listed).toContainEqual({ sessionId: spent, generation: 2 })
      expect(listed.filter(({ sessionId }) => others.includes(sessionId))).toEqual([])
    })

    test('that stay keep no others from their turn', async () => {
      const stores = await open()
      const all = new Set<string>()
      for (let count = 0; count < 101; count++) all.add(await createWithSandbox(stores, 1, archived))
      const seen = new Set<string>()
      for (let round = 0; round < 2; round++) {
        for (const { sessionId } of await stores.spentSandboxes.take()) seen.add(sessionId)
      }
      expect([...all].filter((id) => !seen.has(id))).toEqual([])
    })

    test('are spent once, and stay what the session had', async () => {
      const stores = await open()
      const sessionId = await createWithSandbox(stores, 2, archived)
      const before = await stores.bindings.current(sessionId)
      await stores.spentSandboxes.markDestroyed({ sessionId, generation: 2 })
      await stores.spentSandboxes.markDestroyed({ sessionId, generation: 2 })
      expect((await stores.spentSandboxes.take()).map((spent) => spent.sessionId)).not.toContain(sessionId)
      expect(before).toMatchObject({ generation: 2 })
      expect(await stores.bindings.current(sessionId)).toEqual(before)
      expect(await stores.bindings.bound(sessionId, 'sevt_1')).toBe(2)
    })

    test.each(['before', 'after'])(
      'are found again when another generation takes their place %s that',
      async (when) => {
        const stores = await open()
        const sessionId = await createWithSandbox(stores, 1, archived)
        const replace = (): Promise<unknown> => stores.bindings.replace(1, buildSandbox(sessionId, 2))
        if (when === 'before') await replace()
        await stores.spentSandboxes.markDestroyed({ sessionId, generation: 1 })
        if (when === 'after') await replace()
        expect(await stores.spentSandboxes.take()).toContainEqual({ sessionId, generation: 2 })
      },
    )
  })
}
