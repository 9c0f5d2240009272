import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  cpSync,
  existsSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { StartError } from './start-error.ts'

/** As whom Postgres runs, from which binaries and on which folder: it refuses to run as root. */
export interface PostgresAccount {
  readonly how: 'self' | 'user' | 'namespace'
  /** Folder with `bin`, `lib` and `share`. */
  readonly binaries: string
  /** Folder of the cluster, owned by the account, mode 0700. */
  readonly home: string
  readonly user: { readonly uid: number; readonly gid: number } | undefined
  /** Put in front of a command. */
  readonly prefix: readonly string[]
}

export interface AccountOptions {
  readonly binaries: string
  /** Where the cluster should be; its parent exists. */
  readonly home: string
  /** Where root may keep what another user must reach. */
  readonly shared?: string
}

const nobody = 65_534
const mapped: [string, ...string[]] = ['unshare', '-U', `--map-user=${nobody}`, `--map-group=${nobody}`]

/**
 * Chooses the account. An ordinary user runs Postgres itself. Root takes the first that works: the owner of the data
 * folder, or uid 65534, where that user can reach the binaries and the folder; a user namespace in which root appears
 * as 65534; uid 65534 with binaries and cluster in a folder that everybody can pass. No system user is ever created.
 * Whoever it is needs a name in the system's list of users: `initdb` looks it up.
 */
export function choosePostgresAccount({
  binaries,
  home,
  shared = '/var/lib/longhand',
}: AccountOptions): PostgresAccount {
  if (process.getuid?.() !== 0) return asOurselves(binaries, home)
  const candidates = [
    () => asUser(binaries, home),
    () => inNamespace(binaries, home),
    () => moveToShared({ binaries, home, shared }),
  ]
  for (const candidate of candidates) {
    const account = candidate()
    if (account !== undefined) return account
  }
  throw new StartError(
    'Postgres does not run as root, and no other user can reach its files',
    'Start longhand as an ordinary user, or set DATABASE_URL to a PostgreSQL 15 or newer.',
  )
}

function asOurselves(binaries: string, home: string): PostgresAccount {
  mkdirSync(home, { recursive: true, mode: 0o700 })
  const self = { how: 'self', binaries, home, user: undefined, prefix: [] } as const
  if (spawnSync('id', ['-un']).status === 0) return self
  // A user by number alone, as some containers have it, borrows a name.
  if (works(mapped, binaries)) return { ...self, how: 'namespace', prefix: mapped }
  throw new StartError(
    `Postgres does not run as user ${process.getuid?.()}, who has no name here`,
    'Give the user a name in /etc/passwd, or set DATABASE_URL to a PostgreSQL 15 or newer.',
  )
}

function asUser(binaries: string, home: string): PostgresAccount | undefined {
  const owner = statSync(dirname(home))
  const user = owner.uid === 0 ? { uid: nobody, gid: nobody } : { uid: owner.uid, gid: owner.gid }
  if (!canReach(user, binaries, dirname(home))) return undefined
  own(home, user.uid, user.gid)
  return { how: 'user', binaries, home, user, prefix: [] }
}

function inNamespace(binaries: string, home: string): PostgresAccount | undefined {
  if (!works(mapped, binaries)) return undefined
  own(home, 0, 0)
  return { how: 'namespace', binaries, home, user: undefined, prefix: mapped }
}

interface Move {
  readonly binaries: string
  readonly home: string
  readonly shared: string
}

/** Uid 65534 in `shared`, which everybody can pass: binaries are copied there, a cluster at `home` moves along. */
export function moveToShared({ binaries, home, shared }: Move): PostgresAccount | undefined {
  const user = { uid: nobody, gid: nobody }
  mkdirSync(shared, { recursive: true, mode: 0o755 })
  const copy = join(shared, `postgres-${digest(binaries)}`)
  if (!existsSync(copy)) {
    const temporary = `${copy}.${process.pid}.new`
    cpSync(binaries, temporary, { recursive: true, verbatimSymlinks: true })
    chmodSync(temporary, 0o755)
    renameSync(temporary, copy)
  }
  if (!canReach(user, copy, shared)) return undefined
  const cluster = join(shared, `cluster-${digest(home)}`)
  // A cluster that was made while its place could be reached moves along.
  if (existsSync(join(home, 'data')) && !existsSync(cluster)) {
    cpSync(home, `${cluster}.new`, { recursive: true })
    // Not every Node copies the modes of folders, and Postgres does not start on a cluster that is open to others.
    chmodSync(join(`${cluster}.new`, 'data'), 0o700)
    renameSync(`${cluster}.new`, cluster)
    rmSync(home, { recursive: true })
  }
  own(cluster, user.uid, user.gid)
  return { how: 'user', binaries: copy, home: cluster, user, prefix: [] }
}

function works(prefix: readonly [string, ...string[]], binaries: string): boolean {
  const script = 'id -un && exec "$0" --version'
  const [command, ...args] = [...prefix, '/bin/sh', '-c', script, join(binaries, 'bin', 'postgres')]
  return spawnSync(command, args, { cwd: '/' }).status === 0
}

function canReach(user: { uid: number; gid: number }, binaries: string, folder: string): boolean {
  const script = 'id -un && test -x "$0/bin/postgres" && test -r "$0/share" && test -x "$1"'
  return spawnSync('/bin/sh', ['-c', script, binaries, folder], { ...user, cwd: '/' }).status === 0
}

// Postgres starts only on a cluster that its own user owns, and an earlier start may have had another.
function own(folder: string, uid: number, gid: number): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  if (lstatSync(folder).uid === uid) return
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }))
    lchownSync(join(folder, name), uid, gid)
  lchownSync(folder, uid, gid)
}

function digest(path: string): string {
  return createHash('sha256').update(path).digest('hex').slice(0, 16)
}
