import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { createStores } from '../../../src/store/postgres/stores.ts'
import { buildRequest, createSession, mint } from '../builders.ts'
import { useDatabase } from '../use-postgres.ts'

const open = useDatabase()
const setting = sql<{ value: string }>`select current_setting('synchronous_commit') as value`

describe('a mark or a hint', () => {
  test('does not wait for the disk, and leaves the connection as it was', async () => {
    const database = await open()
    await database.connection().execute(async (connection) => {
      const stores = createStores(connection)
      const { id } = await createSession(stores, 'default')
      const begun = await stores.ingress.begin(buildRequest('default', { target: id }), mint)
      const row = 'id' in begun ? begun.id : ''
      const marks = [
        () => stores.ingress.accepted(row),
        () => stores.ingress.answered(row),
        () => stores.sessions.hint([{ id, run: 1, length: 9, status: 'running' }]),
      ]
      for (const mark of marks) {
        await sql`begin`.execute(connection)
        await mark()
        expect((await setting.execute(connection)).rows).toEqual([{ value: 'off' }])
        await sql`commit`.execute(connection)
        expect((await setting.execute(connection)).rows).toEqual([{ value: 'on' }])
      }
      expect((await stores.sessions.find(id))?.status).toBe('running')
    })
  })

  test('waits for the disk where its client is told of the session then', async () => {
    const database = await open()
    await database.connection().execute(async (connection) => {
      const stores = createStores(connection)
      const { id } = await createSession(stores, 'default', { status: 'creating' })
      for (const [length, value] of [
        [1, 'on'],
        [2, 'off'],
      ] as const) {
        await sql`begin`.execute(connection)
        await stores.sessions.hint([{ id, run: 1, length, status: 'idle' }])
        expect((await setting.execute(connection)).rows).toEqual([{ value }])
        await sql`commit`.execute(connection)
      }
    })
  })
})
