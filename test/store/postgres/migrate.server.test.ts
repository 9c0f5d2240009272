import { Migrator, sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { openDatabase } from '../../../src/store/postgres/database.ts'
import { migrate, migrations } from '../../../src/store/postgres/migrate.ts'
import { createStores } from '../../../src/store/postgres/stores.ts'
import { createSession, to } from '../builders.ts'
import { newDatabase, openPool } from '../use-postgres.ts'
import { silentLog } from '../../support/silent-log.ts'

describe('migrating', () => {
  test('succeeds in every process that does it at once', async () => {
    const rounds = 8
    for (let round = 0; round < rounds; round++) {
      const url = await newDatabase()
      const databases = await Promise.all(Array.from({ length: 4 }, () => openDatabase(url, silentLog)))
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
    const provider = { getMigrations: async () => migrations }
    await new Migrator({ db: database, provider }).migrateTo('0001-tables')
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

  test('brings sandboxes and their calls along as the main hand of their sessions', async () => {
    const database = await openPool(await newDatabase())
    const provider = { getMigrations: async () => migrations }
    await new Migrator({ db: database, provider }).migrateTo('0010-unseen-ends')
    await sql`
      insert into environments (id, workspace_id, name, document, created_at)
      values ('env_1', 'default', 'env_1', '{}', now())
    `.execute(database)
    await sql`
      insert into sessions (id, workspace_id, environment_id, configuration_id, agent_id, agent_version, status, metadata, created_at, updated_at)
      values ('sesn_1', 'default', 'env_1', 'cfg_1', 'agent_1', 1, 'idle', '{}', now(), now())
    `.execute(database)
    await sql`insert into configurations values ('cfg_1', 'default', 'sesn_1', '{}', 'h', null)`.execute(database)
    const insertAsBefore = (id: string) => sql`
      with made as (
        insert into sandboxes (session_id, workspace_id, generation, provider, reference, boot_id)
        values (${id}, 'default', 1, 'local', 'box', 'boot') on conflict do nothing
      )
      insert into call_bindings (session_id, tool_use_id, workspace_id, generation)
      values (${id}, 'sevt_1', 'default', 1) on conflict do nothing
    `
    await insertAsBefore('sesn_1').execute(database)
    await migrate(database)
    await insertAsBefore('sesn_2').execute(database)
    const { bindings, sessions } = createStores(database)
    for (const sessionId of ['sesn_1', 'sesn_2']) {
      expect(await bindings.current(sessionId)).toEqual({
        sessionId,
        generation: 1,
        provider: 'local',
        reference: 'box',
        bootId: 'boot',
      })
      expect(await bindings.bound(sessionId, 'sevt_1')).toEqual(to(1))
    }
    expect(await bindings.bind('sesn_1', 'sevt_2', to(1))).toEqual(to(1))
    expect(await sessions.configuration('sesn_1')).toEqual({ id: 'cfg_1', agent: {}, harness: 'h' })
  })

  test('says which step failed and changes nothing', async () => {
    const database = await openPool(await newDatabase())
    await sql`create table ingress (mine int)`.execute(database)
    await expect(migrate(database)).rejects.toThrow('migration failed (0001-tables): relation "ingress" already exists')
    const { rows } = await sql<{ name: string | null }>`select to_regclass('sessions')::text as name`.execute(database)
    expect(rows).toEqual([{ name: null }])
  })

  test('puts a workspace on every table of ours but that of the hosts', async () => {
    const database = await openPool(await newDatabase())
    await migrate(database)
    const { rows } = await sql<{ name: string }>`
      select t.table_name as name from information_schema.tables t
      where t.table_schema = 'public' and t.table_name not like 'kysely%' and t.table_name not in ('workspaces', 'hands_hosts')
      and not exists (
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
