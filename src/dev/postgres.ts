import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chown, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Client, DatabaseError } from 'pg'
import { choosePostgresAccount } from './postgres-account.ts'
import type { PostgresAccount } from './postgres-account.ts'
import { findPostgresBinaries } from './postgres-binaries.ts'
import { keepSecret } from './secret-file.ts'
import { StartError } from './start-error.ts'
import type { ProcessSpec } from './supervisor.ts'

export interface PostgresOptions {
  /** The data folder: the cluster goes into `postgres`, its password into `postgres-password`. */
  readonly folder: string
  readonly port: number
  readonly logFile: string
  /** The search path for programs. */
  readonly path: string | undefined
  /** `false` spares the disk and loses the cluster with the power: for tests. */
  readonly durable?: boolean
  /** Chosen for the folder if not given. */
  readonly account?: PostgresAccount
}

export interface EmbeddedPostgres {
  /** With the password: never to be logged. */
  readonly url: string
  readonly process: ProcessSpec
}

const database = 'longhand'
const superuser = 'longhand'

/** Makes the cluster if there is none yet, and describes its server: on loopback, with a password, no socket file. */
export async function preparePostgres(options: PostgresOptions): Promise<EmbeddedPostgres> {
  const { folder, port, logFile, path, durable = true } = options
  const home = join(folder, 'postgres')
  const account = options.account ?? choosePostgresAccount({ binaries: await findPostgresBinaries(), home })
  const password = await keepSecret(join(folder, 'postgres-password'), '')
  const cluster = join(account.home, 'data')
  // Nothing else of ours: a library path or a locale from outside changes what a cluster is.
  const env = { PATH: path, LC_ALL: 'C', TZ: 'UTC' }
  if (!existsSync(cluster)) await initialise({ account, password, env, durable })

  const settings = [
    'listen_addresses=127.0.0.1',
    `port=${port}`,
    'unix_socket_directories=',
    'shared_buffers=64MB',
    'max_connections=200',
    'logging_collector=off',
    ...(durable ? [] : ['fsync=off']),
  ]
  const [command, ...args] = [...account.prefix, join(account.binaries, 'bin', 'postgres'), '-D', cluster]
  return {
    url: postgresUrl({ password, port }),
    process: {
      name: 'postgres',
      command,
      args: [...args, ...settings.flatMap((setting) => ['-c', setting])],
      env,
      cwd: '/',
      ...(account.user && { user: account.user }),
      logFile,
      // Postgres' fast shutdown; SIGTERM would wait for every client to leave.
      stopSignal: 'SIGINT',
      ready: (_child, signal) => ensureDatabase(postgresUrl({ password, port, name: 'postgres' }), signal),
    },
  }
}

/** URL of a database on the embedded server; ours where no name is given. */
export function postgresUrl(place: {
  readonly password: string
  readonly port: number
  readonly name?: string
}): string {
  const { password, port, name = database } = place
  return `postgres://${superuser}:${password}@127.0.0.1:${port}/${name}`
}

interface Initialisation {
  readonly account: PostgresAccount
  readonly password: string
  readonly env: NodeJS.ProcessEnv
  readonly durable: boolean
}

// Under another name until it is whole, so that a start cut short is simply done again.
async function initialise({ account, password, env, durable }: Initialisation): Promise<void> {
  const cluster = join(account.home, 'data')
  const temporary = `${cluster}.new`
  const passwordFile = join(account.home, 'initial-password')
  await rm(temporary, { recursive: true, force: true })
  await writeFile(passwordFile, password, { mode: 0o600 })
  if (account.user !== undefined) await chown(passwordFile, account.user.uid, account.user.gid)
  try {
    await runInitdb({
      account,
      env,
      args: ['-D', temporary, `--pwfile=${passwordFile}`, ...(durable ? [] : ['--no-sync'])],
    })
  } finally {
    await rm(passwordFile, { force: true })
  }
  await rename(temporary, cluster)
}

interface Initdb extends Pick<Initialisation, 'account' | 'env'> {
  readonly args: readonly string[]
}

function runInitdb({ account, env, args }: Initdb): Promise<void> {
  const fixed = ['-U', superuser, '--auth=scram-sha-256', '--encoding=UTF8', '--locale=C', '--no-instructions']
  const [command = '', ...rest] = [...account.prefix, join(account.binaries, 'bin', 'initdb'), ...fixed, ...args]
  return new Promise((resolve, reject) => {
    const child = spawn(command, rest, {
      ...account.user,
      cwd: '/',
      env,
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    let errors = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      errors += text
    })
    child.once('error', reject)
    child.once('close', (code) => {
      if (code === 0) return resolve()
      const remedy = 'Set DATABASE_URL to a PostgreSQL 15 or newer, or mend what initdb names.'
      reject(new StartError(`initdb failed: ${errors.trim().split('\n').at(-1) ?? ''}`, remedy))
    })
  })
}

const retryMs = 25
const wrongPassword = '28P01'

async function ensureDatabase(url: string, signal: AbortSignal): Promise<void> {
  for (;;) {
    signal.throwIfAborted()
    const client = new Client({ connectionString: url, connectionTimeoutMillis: 2_000 })
    // A server that goes away is seen by the supervisor; here the failed query tells.
    client.on('error', () => undefined)
    try {
      await client.connect()
      const { rowCount } = await client.query('select 1 from pg_database where datname = $1', [database])
      if (rowCount === 0) await client.query(`create database ${database}`)
      return
    } catch (error) {
      if (error instanceof DatabaseError && error.code === wrongPassword) {
        throw new StartError(
          'Postgres refuses the password in postgres-password',
          'Restore that file or move the data folder away.',
          {
            cause: error,
          },
        )
      }
      await delay(retryMs, undefined, { signal }).catch(() => {
        throw error
      })
    } finally {
      await client.end().catch(() => undefined)
    }
  }
}
