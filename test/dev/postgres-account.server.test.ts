import { spawnSync } from 'node:child_process'
import { cpSync, existsSync } from 'node:fs'
import { chmod, chown, mkdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Client } from 'pg'
import { describe, expect, test } from 'vitest'
import { choosePostgresAccount, moveToShared } from '../../src/dev/postgres-account.ts'
import type { PostgresAccount } from '../../src/dev/postgres-account.ts'
import { findPostgresBinaries } from '../../src/dev/postgres-binaries.ts'
import { preparePostgres } from '../../src/dev/postgres.ts'
import { findFreePorts } from '../../src/dev/ports.ts'
import { Supervisor } from '../../src/dev/supervisor.ts'
import { temporaryFolder } from '../support/programs.ts'

const isRoot = process.getuid?.() === 0
// `daemon`, on every Debian: no user has to be made for the test.
const somebody = { uid: 1, gid: 1 }
const nameless = { uid: 54_321, gid: 54_321 }
const program = join(import.meta.dirname, 'postgres-program.ts')
const root = join(import.meta.dirname, '../..')
// A checkout below a closed home is out of reach for another user, whoever starts this.
const canRead = isRoot && spawnSync('test', ['-r', program], { ...somebody, cwd: '/' }).status === 0

interface Place {
  readonly binaries: string
  /** Of the given owner and mode, in a folder that everybody can pass. */
  readonly folder: string
}

async function place(owner: number, mode: number): Promise<Place> {
  const base = await temporaryFolder()
  await chmod(base, 0o755)
  cpSync(await findPostgresBinaries(), join(base, 'binaries'), { recursive: true, verbatimSymlinks: true })
  const folder = join(base, 'data')
  await mkdir(folder)
  await chmod(folder, mode)
  await chown(folder, owner, owner)
  return { binaries: join(base, 'binaries'), folder }
}

function choose({ binaries, folder }: Place): PostgresAccount {
  return choosePostgresAccount({ binaries, home: join(folder, 'postgres') })
}

interface Answer {
  readonly rows: unknown[]
  /** As whom the server ran. */
  readonly uid: number
}

/** Starts a server, asks it, and ends it. */
async function ask({ folder }: Place, account: PostgresAccount, statement: string): Promise<Answer> {
  const { port } = await findFreePorts(['port'])
  const logFile = join(folder, 'postgres.log')
  const { url, process: spec } = await preparePostgres({
    folder,
    port,
    logFile,
    path: process.env['PATH'],
    account,
    durable: false,
  })
  await using supervisor = new Supervisor()
  await supervisor.start(spec)
  const { uid } = await stat(`/proc/${supervisor.pid('postgres')}`)
  const client = new Client({ connectionString: url })
  await client.connect()
  const { rows } = await client.query(statement)
  await client.end()
  return { rows, uid }
}

/** The Node that runs this, beside the folder if it is out of reach for the user where it is. */
function nodeFor(user: typeof somebody, folder: string): string {
  if (spawnSync(process.execPath, ['--version'], { ...user, cwd: '/' }).status === 0) return process.execPath
  const copy = join(folder, '..', 'node')
  cpSync(process.execPath, copy)
  return copy
}

describe.runIf(canRead)('an ordinary user', () => {
  test.each([
    ['a name', somebody],
    ['a number alone', nameless],
  ])('with %s runs Postgres as it is', async (_what, user) => {
    const { folder } = await place(user.uid, 0o700)
    const env = { PATH: process.env['PATH'], HOME: folder, TMPDIR: folder }
    const args = ['--import', 'tsx', program, folder]
    const { stdout, stderr } = spawnSync(nodeFor(user, folder), args, { ...user, cwd: root, env, encoding: 'utf8' })
    expect([stdout, stderr]).toEqual([`{"rows":[{"answers":true}],"uid":${user.uid}}\n`, ''])
  })
})

describe.runIf(isRoot)('the account of Postgres for root', () => {
  test('is uid 65534 where that user can reach everything', async () => {
    const where = await place(0, 0o755)
    const account = choose(where)
    expect(account).toMatchObject({ how: 'user', user: { uid: 65_534, gid: 65_534 } })
    expect(await ask(where, account, 'select 1 as one')).toEqual({ rows: [{ one: 1 }], uid: 65_534 })
  })

  test('is the owner of the data folder when that is not root', async () => {
    const where = await place(somebody.uid, 0o700)
    const account = choose(where)
    expect(account).toMatchObject({ how: 'user', user: somebody })
    expect(await ask(where, account, 'select 1 as one')).toEqual({ rows: [{ one: 1 }], uid: somebody.uid })
  })

  test('is a user namespace where the folder is closed to others', async () => {
    const where = await place(0, 0o700)
    const account = choose(where)
    expect(account).toMatchObject({ how: 'namespace', user: undefined })
    expect(await ask(where, account, 'select 1 as one')).toEqual({ rows: [{ one: 1 }], uid: 0 })
  })

  test('takes what another account has left', async () => {
    const where = await place(0, 0o700)
    await ask(where, choose(where), 'create table kept as select 42 as answer')
    await chmod(where.folder, 0o755)
    const account = choose(where)
    expect(account.how).toBe('user')
    expect(await ask(where, account, 'select answer from kept')).toEqual({ rows: [{ answer: 42 }], uid: 65_534 })
  })

  test('moves to a shared folder where nothing else works', async () => {
    const where = await place(0, 0o700)
    await ask(where, choose(where), 'create table kept as select 42 as answer')
    const home = join(where.folder, 'postgres')
    const shared = join(where.folder, '..', 'shared')
    const account = moveToShared({ binaries: where.binaries, home, shared })
    if (account === undefined) throw new Error('the shared folder is out of reach')
    expect(existsSync(home)).toBe(false)
    expect(await ask(where, account, 'select answer from kept')).toEqual({ rows: [{ answer: 42 }], uid: 65_534 })
    expect(moveToShared({ binaries: where.binaries, home, shared })).toEqual(account)
  })
})
