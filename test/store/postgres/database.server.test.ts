import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { openDatabase } from '../../../src/store/postgres/database.ts'
import { newDatabase, openPool } from '../use-postgres.ts'
import { silentLog } from '../../support/silent-log.ts'

const open = async () => openPool(await newDatabase())

describe('database', () => {
  test('says so when the server has no database of that name', async () => {
    const url = (await newDatabase()).replace(/\w+$/, 'nowhere')
    await expect(openDatabase(url, silentLog)).rejects.toThrow('/nowhere, got: database "nowhere" does not exist')
  })

  test('ends a statement that takes too long', async () => {
    const database = await open()
    const { rows } = await sql<{ statement_timeout: string }>`show statement_timeout`.execute(database)
    expect(rows).toEqual([{ statement_timeout: '15s' }])
  })

  test('survives the loss of its connections, idle and in use', async () => {
    const database = await open()
    const endOthers = sql`select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and datname = current_database()`
    const broken = database.connection().execute(async (connection) => {
      await endOthers.execute(database)
      await sql`select 1`.execute(connection)
    })
    await expect(broken).rejects.toThrow('connection')
    const works = () =>
      sql`select 1`.execute(database).then(
        () => true,
        () => false,
      )
    await expect.poll(works).toBe(true)
  })

  test('closes its connections when it is disposed of', async () => {
    const [database, watcher] = [await open(), await open()]
    const name = (await sql<{ name: string }>`select current_database() as name`.execute(database)).rows[0]!.name
    await database[Symbol.asyncDispose]()
    const count = () =>
      sql<{ n: number }>`select count(*)::int as n from pg_stat_activity where datname = ${name}`
        .execute(watcher)
        .then(({ rows }) => rows[0]?.n)
    await expect.poll(count).toBe(0)
    await expect(sql`select 1`.execute(database)).rejects.toThrow('destroyed')
  })
})
