import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import type { Selection } from '../../../src/history/archive.ts'
import { SessionBuried } from '../../../src/store/buried.ts'
import { createStores } from '../../../src/store/postgres/stores.ts'
import { archiveResetsSuite } from '../../suites/archive-resets.ts'
import type { ArchiveScene } from '../../suites/log-archive.ts'
import { logArchiveSuite } from '../../suites/log-archive.ts'
import { buildArchivedItem, buildArchivedRun } from '../../support/archive-builders.ts'
import { createSession } from '../builders.ts'
import { useDatabase } from '../use-postgres.ts'

const open = useDatabase()
const all: Selection = { order: 'asc', limit: 20, runs: { first: 1, last: 999 }, audience: 'client' }

describe.each([
  ['in PostgreSQL', null],
  ['in PostgreSQL, sealed', Buffer.alloc(32, 7)],
])('%s', (_, key) => {
  async function openScene(): Promise<ArchiveScene> {
    const stores = createStores(await open(), key)
    return {
      archive: stores.archive,
      newSession: async () => (await createSession(stores, 'default')).id,
      bury: async (session) => void (await stores.sessions.bury('default', session)),
    }
  }

  logArchiveSuite(openScene)
  archiveResetsSuite(openScene)
})

describe('archived rows', () => {
  test('stand in the workspace of their session', async () => {
    const database = await open()
    const stores = createStores(database)
    await stores.keys.createWorkspace('w1', 'w1')
    const { id } = await createSession(stores, 'w1')
    await stores.archive.write(id, buildArchivedRun(), [buildArchivedItem({ run: 1, event: 5, index: 0 })])
    for (const table of ['archived_runs', 'archived_items'] as const) {
      const rows = await database.selectFrom(table).select('workspace_id').where('session_id', '=', id).execute()
      expect(rows).toEqual([{ workspace_id: 'w1' }])
    }
  })

  test('are not written for a session that never was', async () => {
    const { archive } = createStores(await open())
    await expect(archive.write('sesn_none', buildArchivedRun(), [])).rejects.toThrow(
      'expected a session sesn_none, found none',
    )
  })

  test('go with what else a deleted session had, however many runs they are', async () => {
    const stores = createStores(await open())
    const { id } = await createSession(stores, 'default')
    const other = await createSession(stores, 'default')
    for (let run = 1; run <= 120; run++) {
      await stores.archive.write(id, buildArchivedRun({ run }), [buildArchivedItem({ run, event: 5, index: 0 })])
    }
    await stores.archive.write(other.id, buildArchivedRun(), [buildArchivedItem({ run: 1, event: 5, index: 0 })])
    await stores.sessions.clear(id)
    expect(await stores.archive.runs(id, 1)).toHaveLength(120)
    await stores.sessions.bury('default', id)
    await stores.sessions.clear(id)
    expect(await stores.archive.runs(id, 1)).toEqual([])
    expect(await stores.archive.page(id, all)).toEqual([])
    expect(await stores.archive.page(other.id, all)).toHaveLength(1)
  })
})

describe('a sealed archive', () => {
  const secret = 'what nobody else may read'
  const item = buildArchivedItem(
    { run: 1, event: 5, index: 0 },
    { entry: { type: 'agent.message', id: 'sevt_1', content: [{ type: 'text', text: secret }] } },
  )

  test('shows the database neither entries nor states, and opens under its key alone', async () => {
    const database = await open()
    const key = Buffer.alloc(32, 1)
    const sealed = createStores(database, key)
    const { id } = await createSession(sealed, 'default')
    const run = buildArchivedRun()
    await sealed.archive.write(id, { ...run, state: { ...run.state!, title: secret } }, [item])
    const { rows } = await sql<{ text: string }>`
      select r::text || i::text as text from archived_runs r join archived_items i using (session_id)
      where session_id = ${id}
    `.execute(database)
    expect(rows[0]?.text).toContain(id)
    expect(rows[0]?.text).not.toContain('nobody')
    const without = createStores(database).archive
    await expect(without.page(id, all)).rejects.toThrow('under LONGHAND_CODEC_KEY, which is not set here')
    await expect(createStores(database, Buffer.alloc(32, 2)).archive.page(id, all)).rejects.toThrow('authenticate')
  })

  test('does not take a row for another one', async () => {
    const database = await open()
    const { archive, ...stores } = createStores(database, Buffer.alloc(32, 1))
    const { id } = await createSession({ archive, ...stores }, 'default')
    await archive.write(id, buildArchivedRun(), [item])
    await sql`update archived_items set event = 6 where session_id = ${id}`.execute(database)
    await expect(archive.page(id, all)).rejects.toThrow('authenticate')
  })

  test('still reads what was written before there was a key', async () => {
    const database = await open()
    const plain = createStores(database)
    const { id } = await createSession(plain, 'default')
    await plain.archive.write(id, buildArchivedRun(), [item])
    const { archive } = createStores(database, Buffer.alloc(32, 1))
    expect(await archive.page(id, all)).toEqual([item])
    expect(await archive.newest(id)).toEqual(buildArchivedRun())
  })
})

describe('writers of an archive at once', () => {
  const places = Array.from({ length: 300 }, (_, i) => ({ run: 1, event: 2 + Math.floor(i / 3), index: i % 3 }))
  const items = places.map((place) => buildArchivedItem(place))
  const whole = buildArchivedRun({ lastEvent: 101 })
  const half = { ...whole, lastEvent: 51, closed: false }
  const early = items.filter(({ position }) => position.event <= 51)

  test('leave one run, whole and closed', async () => {
    const stores = [createStores(await open()), createStores(await open())]
    const rounds = 30
    for (let round = 0; round < rounds; round++) {
      const { id } = await createSession(stores[0]!, 'default')
      await Promise.all([
        stores[0]!.archive.write(id, whole, items),
        stores[1]!.archive.write(id, half, early),
        stores[1]!.archive.write(id, whole, items.toReversed()),
      ])
      expect(await stores[0]!.archive.runs(id, 1)).toEqual([whole])
      expect(await stores[1]!.archive.page(id, { ...all, limit: 999 })).toEqual(items)
    }
    console.log(`archive: n = ${rounds} races of 3 writers of one run over 2 pools`)
  })

  test('leave the state of the newest run alone', async () => {
    const stores = [createStores(await open()), createStores(await open())]
    const rounds = 30
    for (let round = 0; round < rounds; round++) {
      const { id } = await createSession(stores[0]!, 'default')
      const runs = [3, 1, 4, 2]
      await Promise.all(runs.map((run, i) => stores[i % 2]!.archive.write(id, buildArchivedRun({ run }), [])))
      const states = (await stores[0]!.archive.runs(id, 1)).map(({ state }) => state === null)
      expect(states).toEqual([true, true, true, false])
    }
    console.log(`archive: n = ${rounds} races of 4 runs over 2 pools`)
  })

  test('leave nothing behind when one of them deletes the session', async () => {
    const stores = [createStores(await open()), createStores(await open())]
    const rounds = 60
    let refused = 0
    for (let round = 0; round < rounds; round++) {
      const { id } = await createSession(stores[0]!, 'default')
      const [writing, burying] = await Promise.allSettled([
        stores[0]!.archive.write(id, whole, items),
        stores[1]!.sessions.bury('default', id),
      ])
      expect(burying).toMatchObject({ value: true })
      const left = (await stores[0]!.archive.runs(id, 1)).length
      const won = writing.status === 'fulfilled'
      expect({ left, reason: won || writing.reason instanceof SessionBuried }).toEqual({
        left: won ? 1 : 0,
        reason: true,
      })
      if (!won) refused += 1
      await stores[1]!.sessions.clear(id)
      expect(await stores[0]!.archive.runs(id, 1)).toEqual([])
      expect(await stores[0]!.archive.page(id, all)).toEqual([])
    }
    console.log(`archive: n = ${rounds} races of a write with a deletion, ${refused} refused`)
  })
})

describe('runs that an archive lacks', () => {
  test('are those of sessions that are there which are not kept to their end, in the order given', async () => {
    const stores = createStores(await open())
    const [one, two, gone] = await Promise.all([1, 2, 3].map(() => createSession(stores, 'default')))
    await stores.archive.write(one!.id, buildArchivedRun({ id: 'whole' }), [])
    await stores.archive.write(one!.id, buildArchivedRun({ run: 2, id: 'half', closed: false }), [])
    await stores.sessions.bury('default', gone!.id)
    const ended = [
      { session: two!.id, id: 'never' },
      { session: one!.id, id: 'whole' },
      { session: gone!.id, id: 'buried' },
      { session: 'sesn_elsewhere', id: 'unknown' },
      { session: one!.id, id: 'half' },
    ]
    expect(await stores.archive.missing(ended)).toEqual([ended[0], ended[4]])
    expect(await stores.archive.missing([])).toEqual([])
  })
})
