import { describe, expect, test } from 'vitest'
import { SessionBuried } from '../../src/store/buried.ts'
import type { Stores } from '../../src/store/postgres/stores.ts'
import { after, buildConfiguration, createSession } from '../store/builders.ts'

const [past, later] = [after(-1_000), after(60)]

/** How a session store gives up rows whose workflow nobody has started. */
export function sessionAbandonmentSuite(open: () => Promise<Stores>): void {
  describe('abandon', () => {
    test('buries a row that nobody has tried to start since then', async () => {
      const { sessions } = await open()
      const row = await createSession(await open(), 'default', { status: 'creating' })
      await sessions.abandon(row.id, later)
      expect(await sessions.find(row.id)).toBeNull()
      await expect(sessions.create(row, buildConfiguration(row))).rejects.toThrow(SessionBuried)
    })

    test.each([
      ['that was written since then', 'creating', past],
      ['whose session was started', 'idle', later],
    ] as const)('leaves a row %s', async (_, status, before) => {
      const stores = await open()
      const { id } = await createSession(stores, 'default', { status })
      await stores.sessions.abandon(id, before)
      expect((await stores.sessions.find(id))?.status).toBe(status)
    })

    test('leaves a row whose creation was tried again since then', async () => {
      const stores = await open()
      const row = await createSession(stores, 'default', { status: 'creating', updatedAt: past })
      const looked = after(0)
      await stores.sessions.create(row, buildConfiguration(row))
      await stores.sessions.abandon(row.id, looked)
      expect((await stores.sessions.find(row.id))?.status).toBe('creating')
    })
  })
}
