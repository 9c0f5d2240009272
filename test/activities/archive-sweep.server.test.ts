import { sql } from 'kysely'
import { expect, onTestFinished, test } from 'vitest'
import { createArchiveSweep } from '../../src/activities/archive-sweep.ts'
import { createEndedRuns } from '../../src/activities/ended-runs.ts'
import { openTemporalClient } from '../../src/history/client.ts'
import { copyRun } from '../../src/history/copy.ts'
import { createHistorySource } from '../../src/history/source.ts'
import type { Database } from '../../src/store/postgres/database.ts'
import { createStores } from '../../src/store/postgres/stores.ts'
import { createSession } from '../store/builders.ts'
import { useDatabase } from '../store/use-postgres.ts'
import { emptyState } from '../support/session-builders.ts'
import { createNamespace, temporalAddress } from '../support/temporal.ts'
import { startRuns } from './runs.ts'

const open = useDatabase()

/** Both tables as text, without the order in which they were written. */
async function dump(database: Database): Promise<readonly string[]> {
  const { rows } = await sql<{ text: string }>`
    select r::text as text from archived_runs r union all select i::text from archived_items i order by text
  `.execute(database)
  return rows.map(({ text }) => text)
}

test('what ended without its workflow having archived it is archived from history, the same whenever that is done', async () => {
  const database = await open()
  const stores = createStores(database)
  const client = await openTemporalClient({
    connection: { address: temporalAddress() },
    namespace: await createNamespace(),
    codecs: [],
    identity: 'test',
  })
  onTestFinished(() => client.connection.close())
  const source = createHistorySource(client.workflow)
  const warnings: unknown[] = []
  const sweepAll = (): Promise<void> =>
    createArchiveSweep({
      ended: createEndedRuns(client.workflow, 'session'),
      archive: stores.archive,
      copy: (session, id) => copyRun(source, session, id),
      warn: (details) => void warnings.push(details),
    }).sweep(Date.now())

  const [terminated, running] = [await createSession(stores, 'default'), await createSession(stores, 'default')]
  const said = { type: 'user.tool_confirmation', id: 'sevt_said', tool_use_id: 'sevt_call', result: 'allow' }
  const at = Date.now()
  const carried = { run: 2, state: emptyState(), at, startedAt: at, unarchived: [], turnSince: null }
  const runs = await startRuns(client, terminated.id, [{ events: [said] }, { carried }])
  const others = await startRuns(client, running.id, [{}])
  await startRuns(client, 'sesn_elsewhere', [{}]).then(({ end }) => end())
  await runs.end()

  const kept = async (): Promise<readonly unknown[]> => stores.archive.runs(terminated.id, 1)
  await expect.poll(async () => [await sweepAll(), (await kept()).length][1]).toBe(2)
  expect(await kept()).toMatchObject([
    { run: 1, id: runs.ids[0], closed: true, state: null },
    { run: 2, id: runs.ids[1], closed: true, state: { status: 'terminated' } },
  ])
  expect((await stores.archive.find(terminated.id, 'sevt_said'))[0]).toMatchObject({ entry: said })
  const all = { order: 'asc', limit: 99, runs: { first: 1, last: 9 }, audience: 'client' } as const
  expect((await stores.archive.page(terminated.id, all)).map(({ entry }) => entry.type)).toEqual([
    'user.tool_confirmation',
    'session.error',
    'session.status_terminated',
  ])
  expect(await stores.archive.runs(running.id, 1)).toEqual([])

  const before = await dump(database)
  await sql`truncate archived_runs, archived_items`.execute(database)
  await sweepAll()
  expect(await dump(database)).toEqual(before)
  expect(warnings).toEqual([])
  await others.end()
})
