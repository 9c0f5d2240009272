import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import { connectClient } from './cli/connect.ts'
import { runDemo } from './cli/demo.ts'
import { runDoctor } from './cli/doctor.ts'
import { printEnvironment } from './cli/env.ts'
import { EXIT } from './cli/exit.ts'
import { runTask } from './cli/run.ts'
import type { Flags } from './config.ts'
import { ConfigError, cacheFolder, readConfig, requireServerConfig } from './config.ts'
import { openDemoStage } from './demo-stage.ts'
import { runChecks } from './dev/checks.ts'
import type { DevState } from './dev/dev-state.ts'
import { readDevState } from './dev/dev-state.ts'
import { StartError } from './dev/start-error.ts'
import { examineSandbox, migrateDatabase, runDevelopment } from './programs.ts'

const print = (line: string): void => void process.stdout.write(`${line}\n`)
const warn = (line: string): void => void process.stderr.write(`${line}\n`)
// A reader that has seen enough (`… | head -1`) does not end what it reads from.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
})

type Settings = Pick<Flags, 'config' | 'data' | 'port' | 'sandbox'>

const program = new Command('longhand')
  .description('A self-hosted server for Claude Managed Agents: every session is a Temporal workflow.')
  .version(readVersion(), '--version', 'print the version')
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? EXIT.done : EXIT.usage))

command('dev', 'Runs everything on this machine: Postgres, Temporal with its Web UI, api and worker.')
  .option('--port <port>', 'port of the api, 0 for a free one (default 8787)')
  .option('--sandbox <kind>', 'auto, docker or local')
  .option('--json', 'print one line of JSON when ready')
  .action(
    ending(({ json = false, ...flags }: Settings & { json?: boolean }) =>
      runDevelopment(readConfig(settingsOf(flags), process.env), { env: process.env, json, print, warn }),
    ),
  )

command('run <task>', 'Creates a session for a task, shows it as it goes, and ends when it is idle.')
  .option('--agent <id>', 'an agent of yours instead of the one that run keeps')
  .option('--model <id>', 'model of the agent that run keeps')
  .option('--json', 'one line of JSON per event')
  .action(
    ending(async (task: string, flags: Settings & { agent?: string; model?: string; json?: boolean }) => {
      const client = connectClient({ env: flags.data ? {} : process.env, server: await runningServer(flags) })
      const { agent, model, json = false } = flags
      return runTask({ client, task, agent, model, json, print, warn, signal: interrupted('SIGINT') })
    }),
  )

command('env', 'Prints the shell line that points official clients at the running server.')
  .option('--temporal', "point Temporal's clients at its Temporal, too: not for the shell that starts dev")
  .action(
    ending(async ({ temporal = false, ...flags }: Settings & { temporal?: boolean }) =>
      printEnvironment({ server: await runningServer(flags), temporal, print, warn }),
    ),
  )

command('doctor', 'Looks at what is needed here and says what to do about what is missing.')
  .option('--port <port>', 'port that the api would take')
  .option('--sandbox <kind>', 'auto, docker or local')
  .option('--json', 'one JSON array')
  .action(
    ending(({ json = false, ...flags }: Settings & { json?: boolean }) => {
      const config = readConfig(settingsOf(flags), process.env)
      const checks = [() => runChecks({ config, cache: cacheFolder(process.env) }), () => examineSandbox(config)]
      return runDoctor({ checks, json, print })
    }),
  )

program
  .command('demo')
  .description('Shows a session that loses its worker in the middle of a command and goes on.')
  .option('--keep', 'leave the server up afterwards, until Ctrl+C')
  .action(
    ending(async ({ keep = false }: { keep?: boolean }) => {
      const signal = interrupted('SIGINT', 'SIGTERM', 'SIGHUP')
      try {
        await using stage = await openDemoStage({
          config: readConfig({ port: '0' }, process.env),
          env: process.env,
          signal,
        })
        // Awaited here: the stage is taken down when this function is left.
        return await runDemo({ stage, keep, print, signal })
      } catch (error) {
        if (signal.aborted) return EXIT.interrupted
        throw error
      }
    }),
  )

program
  .command('migrate')
  .description('Brings the database of DATABASE_URL to the newest schema.')
  .option('--config <file>', 'configuration file, TOML or JSON')
  .action(
    ending(async (flags: Settings) => {
      await migrateDatabase(requireServerConfig(readConfig(settingsOf(flags), process.env)).databaseUrl)
      return EXIT.done
    }),
  )

await program.parseAsync()

/** A command with the settings that all who look at a data folder take. */
function command(usage: string, description: string): Command {
  return program
    .command(usage)
    .description(description)
    .option('--data <folder>', 'data folder')
    .option('--config <file>', 'configuration file, TOML or JSON')
}

/** An action that answers an exit code; what a person can mend is told in one line, with the code that goes with it. */
function ending<Args extends unknown[]>(action: (...args: Args) => Promise<number>): (...args: Args) => Promise<void> {
  return async (...args) => {
    try {
      process.exitCode = await action(...args)
    } catch (error) {
      if (!(error instanceof ConfigError) && !(error instanceof StartError)) throw error
      warn(error instanceof StartError ? `${error.message}. ${error.remedy}` : error.message)
      process.exitCode = error.exitCode
    }
  }
}

/** Aborts at the first of these signals; a second one ends the process at once. */
function interrupted(...signals: readonly NodeJS.Signals[]): AbortSignal {
  const stopping = new AbortController()
  for (const signal of signals) process.once(signal, () => stopping.abort())
  return stopping.signal
}

function settingsOf({ config, data, port, sandbox }: Settings): Flags {
  return { config, data, port, sandbox }
}

function runningServer(flags: Settings): Promise<DevState | undefined> {
  return readDevState(readConfig(settingsOf(flags), process.env).data)
}

function readVersion(): string {
  // Beside `src` and `dist` alike, and written by us.
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    version: string
  }
  return version
}
