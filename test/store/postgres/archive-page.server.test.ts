import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import type { Selection } from '../../../src/history/archive.ts'
import type { Database } from '../../../src/store/postgres/database.ts'
import { createStores } from '../../../src/store/postgres/stores.ts'
import { buildArchivedItem, buildArchivedRun } from '../../support/archive-builders.ts'
import { createSession } from '../builders.ts'
import { useDatabase } from '../use-postgres.ts'

const open = useDatabase()
const RUNS = 77
const PER_RUN = 1_300

/** Stores a log of 100,100 items as its activities would: the session's id. A quarter are private, a few are rare. */
async function storeLog(database: Database): Promise<string> {
  const stores = createStores(database)
  const { id } = await createSession(stores, 'default')
  for (let run = 1; run <= RUNS; run++) {
    const items = Array.from({ length: PER_RUN }, (_, i) => {
      const place = { run, event: 2 + i, index: 0 }
      const rare = i === 700 && run % 10 === 0
      if (rare) return buildArchivedItem(place, { entry: { type: 'user.interrupt', id: `sevt_${run}` } })
      return buildArchivedItem(place, i % 4 === 0 ? { audience: 'model' } : {})
    })
    await stores.archive.write(id, buildArchivedRun({ run }), items)
  }
  return id
}

/** Rows of archived items that the server has looked at so far, through whatever plan. */
async function looked(database: Database): Promise<number> {
  await sql`select pg_stat_force_next_flush()`.execute(database)
  const { rows } = await sql<{ n: string }>`
    select seq_tup_read + idx_tup_fetch as n from pg_stat_user_tables where relname = 'archived_items'
  `.execute(database)
  return Number(rows[0]?.n)
}

function timeOf(run: number): number {
  return buildArchivedItem({ run, event: 600, index: 0 }).at
}

const all: Selection = { order: 'asc', limit: 20, runs: { first: 1, last: 999 }, audience: 'client' }
const selections: Readonly<Record<string, Partial<Selection>>> = {
  first: {},
  deep: { behind: { run: 76, event: 1_200, index: 0 } },
  'last, backwards': { order: 'desc' },
  'deep, backwards': { order: 'desc', behind: { run: 2, event: 40, index: 0 } },
  'late runs': { runs: { first: 70, last: 77 } },
  'from a late moment': { at: { least: timeOf(75) } },
  'from an early moment, backwards': { order: 'desc', at: { least: timeOf(2) } },
  'up to an early moment, backwards': { order: 'desc', at: { most: timeOf(3) } },
  'a rare type': { types: ['user.interrupt'], limit: 3, behind: { run: 40, event: 1, index: 0 } },
  'no such type': { types: ['session.error'] },
  'several types': { types: ['user.interrupt', 'agent.message'], behind: { run: 76, event: 2, index: 0 } },
}

describe('a page of the archive in PostgreSQL', () => {
  test('costs as much wherever it lies, whatever the server knows of the table', { timeout: 120_000 }, async () => {
    const database = await open()
    await sql`alter table archived_items set (autovacuum_enabled = off)`.execute(database)
    const session = await storeLog(database)
    const { archive } = createStores(database)
    const worst: Record<string, number> = {}
    for (const prepare of [sql`select 1`, sql`analyze archived_items`]) {
      await prepare.execute(database)
      for (const [name, change] of Object.entries(selections)) {
        const selection = { ...all, ...change }
        const before = await looked(database)
        const page = await archive.page(session, selection)
        worst[name] = Math.max(worst[name] ?? 0, (await looked(database)) - before)
        expect(page).toHaveLength(name === 'no such type' ? 0 : selection.limit)
      }
    }
    console.log(`archive of ${RUNS * PER_RUN} items, rows looked at for a page of 20:`, worst)
    // What it has, the private ones between them, and the first one beyond: nothing in it grows with the log.
    expect(Object.entries(worst).filter(([, rows]) => rows > 60)).toEqual([])
    // The count counts: a query that looks at the whole log shows.
    const before = await looked(database)
    await sql`select count(entry::text) from archived_items`.execute(database)
    expect((await looked(database)) - before).toBeGreaterThanOrEqual(RUNS * PER_RUN)
  })
})
