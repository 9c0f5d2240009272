import type { Command } from 'commander'
import type { SandboxRegister } from './cli/sandboxes.ts'
import { evictSandboxes, listSandboxes } from './cli/sandboxes.ts'
import type { CommandSurroundings, DatabaseFlags } from './database-commands.ts'
import { onDatabase, settled } from './database-commands.ts'
import { createStores } from './store/postgres/stores.ts'

/** The commands for sandboxes of all hosts: they work on the server's database, and touch no sandbox themselves. */
export function addSandboxCommands(program: Command, { env, ending, print, warn }: CommandSurroundings): void {
  const sandboxes = program.command('sandboxes').description('Sandboxes: lists them, and has them put away.')
  async function run(flags: DatabaseFlags, work: (register: SandboxRegister) => Promise<number>): Promise<number> {
    return onDatabase(flags, env, (database) => {
      const { ledger: store } = createStores(database)
      return work({ store, json: flags.json ?? false, print, warn })
    })
  }

  settled(sandboxes.command('list').description('Lists the sandboxes of all hosts.')).action(
    ending((flags: DatabaseFlags) => run(flags, listSandboxes)),
  )
  settled(
    sandboxes
      .command('evict <session>')
      .description(
        'Has a session’s sandboxes copied and ended once they are idle, as if nobody had used them for long.',
      ),
  ).action(
    ending((session: string, flags: DatabaseFlags) => run(flags, (register) => evictSandboxes(register, session))),
  )
}
