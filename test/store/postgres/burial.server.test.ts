import type { Transaction } from 'kysely'
import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { SessionBuried } from '../../../src/store/buried.ts'
import type { Database } from '../../../src/store/postgres/database.ts'
import type { Schema } from '../../../src/store/postgres/schema.ts'
import { createStores } from '../../../src/store/postgres/stores.ts'
import { buildConfiguration, buildRequest, buildSandbox, buildSession, createSession, mint, to } from '../builders.ts'
import { useDatabase } from '../use-postgres.ts'

const open = useDatabase()

/** Waits until some transaction waits for a session's lock. */
async function someoneWaits(database: Database): Promise<void> {
  const waiting = () =>
    sql<{ n: number }>`
      select count(*)::int as n from pg_locks where locktype = 'advisory' and not granted
      and database = (select oid from pg_database where datname = current_database())
    `
      .execute(database)
      .then(({ rows }) => rows[0]?.n)
  await expect.poll(waiting).toBe(1)
}

describe('burial', () => {
  const inserts: readonly [string, (transaction: Transaction<Schema>, id: string) => Promise<unknown>][] = [
    ['binding', (transaction, id) => createStores(transaction).bindings.bind(id, 'sevt_1', to(1))],
    [
      'sandbox',
      (transaction, id) => createStores(transaction).bindings.replace(0, { ...buildSandbox(id, 1), hand: 'web' }),
    ],
    [
      'request',
      (transaction, id) => createStores(transaction).ingress.begin(buildRequest('default', { target: id }), mint),
    ],
    ['invitation', (transaction, id) => createStores(transaction).work.enqueue({ id: `work_of_${id}`, sessionId: id })],
    [
      'configuration',
      (transaction, id) =>
        transaction
          .insertInto('configurations')
          .values({ id: `conf_of_${id}`, workspace_id: 'default', session_id: id, agent: '{}', harness: 'h' })
          .execute(),
    ],
    [
      'copy of a workspace',
      (transaction, id) =>
        sql`
          insert into workspace_exports (session_id, hand, workspace_id, generation, bytes, entries, sha256, probe, exported_at)
          values (${id}, 'main', 'default', 1, 0, 0, '', '', now())
        `.execute(transaction),
    ],
    [
      'resource',
      (transaction, id) =>
        sql`
          insert into session_resources (id, session_id, workspace_id, mount_path, document)
          values (${`res_of_${id}`}, ${id}, 'default', '/a', '{}')
        `.execute(transaction),
    ],
    [
      'note of an output',
      (transaction, id) =>
        sql`
          insert into session_outputs (session_id, hand, path, workspace_id, changed, sha256, file_id)
          values (${id}, 'main', '/a', 'default', '', '', 'file_1')
        `.execute(transaction),
    ],
    [
      'file of its own',
      (transaction, id) =>
        sql`
          insert into files (id, workspace_id, filename, mime_type, size, sha256, downloadable, scope_id, created_at)
          values (${`file_of_${id}`}, 'default', 'a', 'text/plain', 0, '', true, ${id}, now())
        `.execute(transaction),
    ],
  ]

  test.each(inserts)('waits for a %s that is being written, so that clearing finds it', async (_, insert) => {
    const [writer, sweeper] = [await open(), await open()]
    const stores = createStores(sweeper)
    const { id } = await createSession(stores, 'default')
    await stores.bindings.replace(0, buildSandbox(id, 1))
    let buried = Promise.resolve(false)
    await writer.transaction().execute(async (transaction) => {
      await insert(transaction, id)
      buried = stores.sessions.bury('default', id)
      await someoneWaits(writer)
      expect(await stores.sessions.find(id)).not.toBeNull()
    })
    expect(await buried).toBe(true)
    await stores.sessions.clear(id)
    const { rows } = await sql`
      select session_id from call_bindings where session_id = ${id} union all
      select session_id from sandboxes where session_id = ${id} union all
      select session_id from configurations where session_id = ${id} union all
      select session_id from work_items where session_id = ${id} union all
      select session_id from workspace_exports where session_id = ${id} union all
      select session_id from session_resources where session_id = ${id} union all
      select session_id from session_outputs where session_id = ${id} union all
      select scope_id from files where scope_id = ${id} union all
      select target from ingress where target = ${id}
    `.execute(sweeper)
    expect(rows).toEqual([])
  })

  test('makes a creation that comes meanwhile wait and refuses it', async () => {
    const [writer, sweeper] = [await open(), await open()]
    const row = buildSession('default')
    const { sessions } = createStores(writer)
    await createSession(createStores(sweeper), 'default', row)
    let created: Promise<unknown> = Promise.resolve()
    await sweeper.transaction().execute(async (transaction) => {
      await sql`select pg_advisory_xact_lock(burial_lock(${row.id}))`.execute(transaction)
      created = sessions.create(row, buildConfiguration(row)).catch((error: unknown) => error)
      await someoneWaits(sweeper)
      await transaction.deleteFrom('sessions').where('id', '=', row.id).execute()
      await transaction.insertInto('tombstones').values({ session_id: row.id, workspace_id: 'default' }).execute()
    })
    expect(await created).toEqual(new SessionBuried(row.id))
    expect(await sessions.find(row.id)).toBeNull()
  })
})
