import { Migrator, sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { openDatabase } from '../../../src/store/postgres/database.ts'
import * as tables from '../../../src/store/migrations/0001-tables.ts'
import { migrate } from '../../../src/store/postgres/migrate.ts'
import { createStores } from '../../../src/store/postgres/stores.ts'
import { createSession } from '../builders.ts'
import { newDatabase, openPool, silent } from '../use-postgres.ts'

describe('migrating', () => {
  test('succeeds in every process that does it at once', async () => {
    const rounds = 8
    for (let round = 0; round < rounds; round++) {
      const url = await newDatabase()
      const databases = await Promise.all(Array.from({ length: 4 }, () => openDatabase(url, silent)))
      await Promise.all(databases.map(migrate))
      const { id } = await createSession(createStores(databases[0]!), 'default')
      expect(await createStores(databases[3]!).sessions.find(id)).not.toBeNull()
      await Promise.all(databases.map((database) => database.destroy()))
    }
    console.log(`migrate: n = ${rounds} races of 4 processes`)
  })

  test('keeps what is stored when it has nothing to do', async () => {
    const database = await openPool(await newDatabase())
    await migrate(database)
    const { id } = await createSession(createStores(database), 'default')
    await migrate(database)
    expect(await createStores(database).sessions.find(id)).not.toBeNull()
  })

  test('brings the keys of the first version along: of one name in a workspace the newest goes on', async () => {
    const database = await openPool(await newDatabase())
    const first = { getMigrations: async () => ({ '0001-tables': tables }) }
    await new Migrator({ db: database, provider: first }).migrateToLatest()
    await sql`
      insert into api_keys (id, workspace_id, name, secret_hash, created_at) values
        ('key_1', 'default', 'configured', sha256('one'), '2026-01-01'),
        ('key_2', 'default', 'configured', sha256('two'), '2026-01-02'),
        ('key_3', 'default', 'other', sha256('three'), '2026-01-01')
    `.execute(database)
    // What only SQL by hand can have made then.
    await sql`insert into workspaces (id, name) values ('w1', 'default'), ('w2', 'Acme'), ('w3', 'acme')`.execute(
      database,
    )
    await sql`
      insert into sessions (id, workspace_id, environment_id, configuration_id, agent_id, agent_version, status, metadata, created_at, updated_at)
      values ('sesn_1', 'default', 'env_gone', 'cfg_1', 'agent_1', 1, 'idle', '{}', now(), now())
    `.execute(database)
    await migrate(database)
    const { keys, sessions } = createStores(database)
    expect((await keys.workspaces()).map(({ name }) => name)).toEqual(['Default', 'default w1', 'Acme', 'acme w3'])
    expect(await sessions.find('sesn_1')).not.toBeNull()
    expect(await keys.verify('one')).toBeNull()
    expect(await keys.verify('two')).toEqual({ id: 'key_2', name: 'configured', workspaceId: 'default' })
    expect(await keys.verify('three')).toMatchObject({ id: 'key_3' })
    expect((await keys.list()).map(({ ending }) => ending)).toEqual(['', ''])
  })

  test('says which step failed and changes nothing', async () => {
    const database = await openPool(await newDatabase())
    await sql`create table ingress (mine int)`.execute(database)
    await expect(migrate(database)).rejects.toThrow('migration failed (0001-tables): relation "ingress" already exists')
    const { rows } = await sql<{ name: string | null }>`select to_regclass('sessions')::text as name`.execute(database)
    expect(rows).toEqual([{ name: null }])
  })

  test('puts a workspace on every table of ours', async () => {
    const database = await openPool(await newDatabase())
    await migrate(database)
    const { rows } = await sql<{ name: string }>`
      select t.table_name as name from information_schema.tables t
      where t.table_schema = 'public' and t.table_name not like 'kysely%' and t.table_name <> 'workspaces' and not exists (
        select from information_schema.columns c
        where c.table_name = t.table_name and c.column_name = 'workspace_id' and c.is_nullable = 'NO'
      )
    `.execute(database)
    expect(rows).toEqual([])
  })

  test('leaves the statement time-out as it was', async () => {
    const database = await openPool(await newDatabase())
    await migrate(database)
    const { rows } = await sql<{ statement_timeout: string }>`show statement_timeout`.execute(database)
    expect(rows).toEqual([{ statement_timeout: '15s' }])
  })
})
