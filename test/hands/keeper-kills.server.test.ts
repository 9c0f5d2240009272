import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createFolderContents } from '../../src/store/folder-contents.ts'
import { openDatabase } from '../../src/store/postgres/database.ts'
import { migrate } from '../../src/store/postgres/migrate.ts'
import { openPool } from '../store/use-postgres.ts'
import { silentLog } from '../support/silent-log.ts'
import type { TestDatabase } from '../support/postgres.ts'
import { createDatabase } from '../support/postgres.ts'
import type { KillPoint } from './keeper-kills.ts'
import { runKeeper } from './keeper-kills.ts'
import { openKeeperWorld } from './keeper-world.ts'
import { useLocalSandboxes } from './local-sandboxes.ts'

let contents = ''
let created: TestDatabase
beforeAll(async () => {
  contents = await mkdtemp(join(tmpdir(), 'longhand-kept-'))
  created = await createDatabase()
  await using database = await openDatabase(created.url, silentLog)
  await migrate(database)
})
afterAll(async () => {
  await created[Symbol.asyncDispose]()
  await rm(contents, { recursive: true })
})

describe('a keeper that is killed', () => {
  const sandboxes = useLocalSandboxes()

  test.each<KillPoint>([
    { step: 'write', when: 'before' },
    { step: 'write', when: 'amid' },
    { step: 'write', when: 'behind' },
    { step: 'exported', when: 'before' },
    { step: 'exported', when: 'behind' },
    { step: 'retire', when: 'before' },
    { step: 'retire', when: 'behind' },
    { step: 'destroy', when: 'before' },
    { step: 'destroy', when: 'behind' },
  ])('$when $step loses nothing, and leaves what the next one clears away', { timeout: 120_000 }, async (point) => {
    const { url } = created
    const database = await openPool(url)
    const folder = await mkdtemp(join(contents, 'copies-'))
    const world = await openKeeperWorld(database, { sandboxes, contents: createFolderContents(folder) })
    const fill = 'mkdir tree; echo kept > tree/file; head -c 3000000 /dev/urandom > tree/large'
    const before = await world.bash(`${fill}; sha256sum tree/*`)
    await world.pass(16)
    const task = { ...point, url, sandboxes: sandboxes.folder, contents: folder, host: world.host }
    expect(await runKeeper(task)).toBe('SIGKILL')

    await world.tend()
    await world.clearAway()
    expect(await world.listed()).toEqual([])
    const told = await world.bash('sha256sum tree/*')
    expect(told).toMatch(/^\[This is a new sandbox \(generation 2\); the one before it was put away/)
    expect(told.endsWith(before)).toBe(true)
    const { content } = (await world.stores.ledger.latestExport(world.sessionId, 'main')) ?? {}
    const later = new Date(Date.now() + 60_000)
    const spare = await world.stores.files.spare({ now: later, begunBefore: later })
    expect((await readdir(folder)).filter((name) => !spare.includes(name))).toEqual([content])
  })
})
