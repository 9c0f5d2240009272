import type { Command } from 'commander'
import type { EnvironmentKeyRegister } from './cli/environment-keys.ts'
import { createEnvironmentKey, listEnvironmentKeys, revokeEnvironmentKey } from './cli/environment-keys.ts'
import type { KeyRegister } from './cli/keys.ts'
import { createKey, listKeys, revokeKey } from './cli/keys.ts'
import { createWorkspace, listWorkspaces } from './cli/workspaces.ts'
import type { CommandSurroundings, DatabaseFlags as Flags } from './database-commands.ts'
import { onDatabase, settled } from './database-commands.ts'
import { createStores } from './store/postgres/stores.ts'
import { mintId } from './wire/mint.ts'

/**
 * The commands of whoever runs the server: they work on its database, with no key and no api. The database is that of
 * `DATABASE_URL`, or of the `dev` that runs on the data folder; `--data` names that `dev`, whatever the environment says.
 */
export function addKeyCommands(program: Command, surroundings: CommandSurroundings): void {
  const { env, ending, print, warn } = surroundings
  const keys = program.command('keys').description('API keys: makes, lists and revokes them in the database.')
  const workspaces = program.command('workspaces').description('Workspaces: makes and lists them in the database.')
  async function run(flags: Flags, work: (register: KeyRegister) => Promise<number>): Promise<number> {
    return onDatabase(flags, env, (database) => {
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
  addEnvironmentKeyCommands(program, surroundings)
}

/** The commands for the keys of workers, on the same database. */
function addEnvironmentKeyCommands(program: Command, { env, ending, print, warn }: CommandSurroundings): void {
  const environments = program.command('environments').description('What environments have beside the API.')
  const keys = environments.command('keys').description('Keys of the workers of self-hosted environments.')

  async function run(flags: Flags, work: (register: EnvironmentKeyRegister) => Promise<number>): Promise<number> {
    return onDatabase(flags, env, (database) => {
      const { environmentKeys: store } = createStores(database)
      return work({ store, mintId, json: flags.json ?? false, print, warn })
    })
  }

  settled(keys.command('create <environment>').description('Makes a key and prints its secret, this once.'))
    .option('--name <name>', 'what the key is called', 'worker')
    .action(
      ending((environment: string, flags: Flags & { name: string }) =>
        run(flags, (register) => createEnvironmentKey(register, environment, flags.name)),
      ),
    )
  settled(keys.command('list').description('Lists the keys, revoked ones included, without their secrets.'))
    .option('--environment <environment>', 'those of this environment alone')
    .action(
      ending((flags: Flags & { environment?: string }) =>
        run(flags, (register) => listEnvironmentKeys(register, flags.environment)),
      ),
    )
  settled(keys.command('revoke <key>').description('Shuts a key out for ever, by its id or its name.'))
    .option('--environment <environment>', 'where to look for the name')
    .action(
      ending((key: string, flags: Flags & { environment?: string }) =>
        run(flags, (register) => revokeEnvironmentKey(register, key, flags.environment)),
      ),
    )
}
