import { setTimeout as delay } from 'node:timers/promises'
import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import type { Database } from '../../../src/store/postgres/database.ts'
import { createIngressStore } from '../../../src/store/postgres/ingress.ts'
import { buildRequest, mint } from '../builders.ts'
import { ingressStoreSuite } from '../../suites/ingress-store.ts'
import { useDatabase, useStores } from '../use-postgres.ts'

ingressStoreSuite(useStores())

describe('age of ingress rows in PostgreSQL', () => {
  const open = useDatabase()

  test.each([
    ['takes a row that only began 14 minutes ago', { created: '14 minutes', accepted: null }, true],
    ['passes over one that began 16 minutes ago', { created: '16 minutes', accepted: null }, false],
    ['takes a row that was accepted 50 seconds ago', { created: '1 minute', accepted: '50 seconds' }, true],
    ['passes over one that was accepted 70 seconds ago', { created: '1 minute', accepted: '70 seconds' }, false],
  ])('a declared retry %s', async (_, { created, accepted }, taken) => {
    const database = await open()
    const ingress = createIngressStore(database)
    const request = buildRequest('default')
    const minted = mint()
    await ingress.begin(request, () => minted)
    if (accepted !== null) await ingress.accepted(minted.id)
    await sql`
      update ingress set created_at = now() - ${created}::interval, accepted_at = now() - ${accepted}::interval
      where id = ${minted.id}
    `.execute(database)
    const again = await ingress.begin({ ...request, isRetry: true, retry: 1 }, mint)
    expect('id' in again && again.id === minted.id).toBe(taken)
  })

  test('a declared retry waits for a row that is just being marked', async () => {
    const database = await open()
    const ingress = createIngressStore(database)
    const request = buildRequest('default')
    const minted = mint()
    await ingress.begin(request, () => minted)
    const retrying = await database.transaction().execute(async (transaction) => {
      await createIngressStore(transaction).accepted(minted.id)
      const again = ingress.begin({ ...request, isRetry: true, retry: 1 }, mint)
      while (!(await isWaiting(database))) await delay(5)
      return { again }
    })
    expect(await retrying.again).toMatchObject({ ...minted, state: 'accepted' })
  })

  test('a key is good for as long as its row is kept', async () => {
    const database = await open()
    const ingress = createIngressStore(database)
    const request = buildRequest('default', { key: 'k' })
    const minted = mint()
    await ingress.begin(request, () => minted)
    await sql`update ingress set created_at = now() - interval '30 days' where id = ${minted.id}`.execute(database)
    expect(await ingress.begin(request, mint)).toMatchObject(minted)
  })
})

/** Whether somebody waits for the end of a transaction that has changed something. */
async function isWaiting(database: Database): Promise<boolean> {
  const waiting = sql<object>`select 1 from pg_locks where locktype = 'transactionid' and not granted`
  return (await waiting.execute(database)).rows.length > 0
}
