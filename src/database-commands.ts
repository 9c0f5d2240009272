import type { Command } from 'commander'
import type { Environment } from './config.ts'
import { readConfig } from './config.ts'
import { readDevState } from './dev/dev-state.ts'
import { findRunningPostgres } from './dev/running-postgres.ts'
import { StartError } from './dev/start-error.ts'
import { createLog } from './log.ts'
import type { Database } from './store/postgres/database.ts'
import { openDatabase } from './store/postgres/database.ts'

/** Of every command that works on the server's database. */
export interface DatabaseFlags {
  readonly config?: string
  readonly data?: string
  readonly json?: boolean
}

export interface CommandSurroundings {
  readonly env: Environment
  /** Makes an action of a function that answers an exit code. */
  readonly ending: <Args extends unknown[]>(
    action: (...args: Args) => Promise<number>,
  ) => (...args: Args) => Promise<void>
  readonly print: (line: string) => void
  readonly warn: (line: string) => void
}

/** With the options of such commands. */
export function settled(command: Command): Command {
  return command
    .option('--data <folder>', 'data folder of the running dev')
    .option('--config <file>', 'configuration file, TOML or JSON')
    .option('--json', 'one line of JSON')
}

/**
 * Works on the database of `DATABASE_URL`, or of the `dev` that runs on the data folder; `--data` names that `dev`,
 * whatever the environment says. Rejects with `StartError` when there is none.
 */
export async function onDatabase(
  flags: DatabaseFlags,
  env: Environment,
  work: (database: Database) => Promise<number>,
): Promise<number> {
  return withDatabase(await findDatabase(flags, env), work)
}

async function withDatabase(url: string, work: (database: Database) => Promise<number>): Promise<number> {
  const database = await openDatabase(url, createLog('commands')).catch((cause: unknown) => {
    const message = cause instanceof Error ? cause.message : String(cause)
    throw new StartError(message, 'Start it, or name another with DATABASE_URL or --data.', { cause })
  })
  try {
    return await work(database)
  } catch (cause) {
    if (!isUnknownToDatabase(cause)) throw cause
    throw new StartError('the database is not on the schema of this version', 'Run longhand migrate.', { cause })
  } finally {
    await database.destroy()
  }
}

async function findDatabase({ config: file, data }: DatabaseFlags, env: Environment): Promise<string> {
  const config = readConfig({ config: file, data }, env)
  if (data === undefined && config.databaseUrl !== undefined) return config.databaseUrl
  // A dev that was named may run on your own PostgreSQL; without one, the environment's is not what was meant.
  const own = (await readDevState(config.data)) === undefined ? undefined : config.databaseUrl
  const url = (await findRunningPostgres(config.data)) ?? own
  if (url !== undefined) return url
  throw new StartError(
    `no longhand dev runs on ${config.data}`,
    'Start one with npm start, name its folder with --data, or set DATABASE_URL.',
  )
}

/** PostgreSQL's codes for a table and for a column that are not there. */
function isUnknownToDatabase(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === '42P01' || error.code === '42703')
}
