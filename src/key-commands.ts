import type { Command } from 'commander'
import type { KeyRegister } from './cli/keys.ts'
import { createKey, listKeys, revokeKey } from './cli/keys.ts'
import { createWorkspace, listWorkspaces } from './cli/workspaces.ts'
import type { Environment } from './config.ts'
import { readConfig } from './config.ts'
import { readDevState } from './dev/dev-state.ts'
import { findRunningPostgres } from './dev/running-postgres.ts'
import { StartError } from './dev/start-error.ts'
import { createLog } from './log.ts'
import type { Database } from './store/postgres/database.ts'
import { openDatabase } from './store/postgres/database.ts'
import { createStores } from './store/postgres/stores.ts'
import { mintId } from './wire/mint.ts'

interface Flags {
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

/**
 * The commands of whoever runs the server: they work on its database, with no key and no api. The database is that of
 * `DATABASE_URL`, or of the `dev` that runs on the data folder; `--data` names that `dev`, whatever the environment says.
 */
export function addKeyCommands(program: Command, { env, ending, print, warn }: CommandSurroundings): void {
  const keys = program.command('keys').description('API keys: makes, lists and revokes them in the database.')
  const workspaces = program.command('workspaces').description('Workspaces: makes and lists them in the database.')

  function settled(command: Command): Command {
    return command
      .option('--data <folder>', 'data folder of the running dev')
      .option('--config <file>', 'configuration file, TOML or JSON')
      .option('--json', 'one line of JSON')
  }
  async function run(flags: Flags, work: (register: KeyRegister) => Promise<number>): Promise<number> {
    return withDatabase(await findDatabase(flags, env), (database) => {
      const { keys: store } = createStores(database)
      return work({ store, mintId, json: flags.json ?? false, print, warn })
    })
  }

  settled(keys.command('create <name>').description('Makes a key and prints its secret, this once.'))
    .option('--workspace <workspace>', 'id or name of the workspace that it opens', 'default')
    .action(
      ending((name: string, flags: Flags & { workspace: string }) =>
        run(flags, (register) => createKey(register, name, flags.workspace)),
      ),
    )
  settled(keys.command('list').description('Lists the keys, revoked ones included, without their secrets.'))
    .option('--workspace <workspace>', 'those of this workspace alone, by its id or name')
    .action(
      ending((flags: Flags & { workspace?: string }) => run(flags, (register) => listKeys(register, flags.workspace))),
    )
  settled(keys.command('revoke <key>').description('Shuts a key out for ever, by its id or its name.'))
    .option('--workspace <workspace>', 'where to look for the name', 'default')
    .action(
      ending((key: string, flags: Flags & { workspace: string }) =>
        run(flags, (register) => revokeKey(register, key, flags.workspace)),
      ),
    )
  settled(workspaces.command('create <name>').description('Makes a workspace and prints its id.')).action(
    ending((name: string, flags: Flags) => run(flags, (register) => createWorkspace(register, name))),
  )
  settled(workspaces.command('list').description('Lists the workspaces.')).action(
    ending((flags: Flags) => run(flags, listWorkspaces)),
  )
}

async function withDatabase(url: string, work: (database: Database) => Promise<number>): Promise<number> {
  const database = await openDatabase(url, createLog('keys')).catch((cause: unknown) => {
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

async function findDatabase({ config: file, data }: Flags, env: Environment): Promise<string> {
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
