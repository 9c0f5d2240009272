import { sql } from 'kysely'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createStores } from '../../../src/store/postgres/stores.ts'
import { createSession } from '../builders.ts'
import { sessionAbandonmentSuite } from '../../suites/session-abandonment.ts'
import { sessionConfigurationsSuite } from '../../suites/session-configurations.ts'
import { sessionEndsSuite } from '../../suites/session-ends.ts'
import { sessionStoreSuite } from '../../suites/session-store.ts'
import { useDatabase, useStores } from '../use-postgres.ts'

const openStores = useStores()
sessionStoreSuite(openStores)
sessionAbandonmentSuite(openStores)
sessionConfigurationsSuite(openStores)
sessionEndsSuite(openStores)

describe('hints in PostgreSQL', () => {
  const open = useDatabase()

  test('lock rows in the order of their ids: a batch that waits for the first one holds no other', async () => {
    const database = await open()
    const { sessions } = createStores(database)
    const ids: string[] = []
    for (let i = 0; i < 12; i++) ids.push((await createSession(createStores(database), 'default')).id)
    const [first, ...others] = ids.toSorted()
    const hints = ids.map((id) => ({ id, run: 1, length: 1, status: 'running' }) as const)
    let hinted = Promise.resolve()
    await database.transaction().execute(async (transaction) => {
      await transaction.selectFrom('sessions').select('id').where('id', '=', first!).forUpdate().execute()
      hinted = sessions.hint(hints)
      onTestFinished(() => hinted)
      const waiting = () =>
        sql<{
          n: number
        }>`select count(*)::int as n from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`
          .execute(database)
          .then(({ rows }) => rows[0]?.n)
      await expect.poll(waiting).toBe(1)
      const free = await database
        .selectFrom('sessions')
        .select('id')
        .where('id', 'in', ids)
        .forUpdate()
        .skipLocked()
        .execute()
      expect(free.map(({ id }) => id).toSorted()).toEqual(others)
    })
    await hinted
    expect((await sessions.find(first!))?.status).toBe('running')
  })
})
