import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { createIngressStore } from '../../../src/store/postgres/ingress.ts'
import { buildRequest, mint } from '../builders.ts'
import { ingressStoreSuite } from '../../suites/ingress-store.ts'
import { useDatabase, useStores } from '../use-postgres.ts'

ingressStoreSuite(useStores())

describe('age of ingress rows in PostgreSQL', () => {
  const open = useDatabase()

  test.each([
    ['takes a row of less than a day', '23 hours', true],
    ['passes over a row of more than a day', '25 hours', false],
  ])('a declared retry %s', async (_, age, taken) => {
    const database = await open()
    const ingress = createIngressStore(database)
    const request = buildRequest('default')
    const minted = mint()
    await ingress.begin(request, () => minted)
    await sql`update ingress set created_at = now() - ${age}::interval where id = ${minted.id}`.execute(database)
    const again = await ingress.begin({ ...request, isRetry: true }, mint)
    expect('id' in again && again.id === minted.id).toBe(taken)
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
