import { readFileSync } from 'node:fs'
import { Command, Option } from 'commander'
import { runApprovalDemo } from './cli/approval-demo.ts'
import type { Ask } from './cli/ask-person.ts'
import { askPerson } from './cli/ask-person.ts'
import { connectClient } from './cli/connect.ts'
import { askConsent } from './cli/consent.ts'
import { runDemo } from './cli/demo.ts'
import { runDoctor } from './cli/doctor.ts'
import { printEnvironment } from './cli/env.ts'
import { EXIT } from './cli/exit.ts'
import { foldLine } from './cli/fold-line.ts'
import { runLiveDemo } from './cli/live.ts'
import { MODEL } from './cli/provisions.ts'
import { runTask } from './cli/run.ts'
import type { Flags } from './config.ts'
import { ConfigError, cacheFolder, readConfig, requireServerConfig } from './config.ts'
import { openDemoStage } from './demo-stage.ts'
import { runChecks } from './dev/checks.ts'
import type { DevState } from './dev/dev-state.ts'
import { readDevState } from './dev/dev-state.ts'
import { StartError } from './dev/start-error.ts'
import { examineHosts } from './host-doctor.ts'
import { describeLiveModel } from './live-model.ts'
import { addKeyCommands } from './key-commands.ts'
import { createLog } from './log.ts'
import { examineSandbox, migrateDatabase, runDevelopment, runSetup } from './programs.ts'
import { examineRemains } from './remains-doctor.ts'
import { addSandboxCommands } from './sandbox-commands.ts'

const print = (line: string): void => void process.stdout.write(`${line}\n`)
const warn = (line: string): void => void process.stderr.write(`${line}\n`)
/** For lines in columns: folded where a terminal is narrower than they are. */
const printFolded = (line: string): void => foldLine(line, process.stdout.columns).forEach(print)
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
  .option('--ask', 'the agent that run keeps asks you before each command and each change of a file')
  .option('--json', 'one line of JSON per event')
  .action(ending(playTask))

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
      const checks = [
        () => runChecks({ config, cache: cacheFolder(process.env) }),
        () => examineSandbox(config),
        () => examineRemains(config),
        () => examineHosts(config, createLog('doctor')),
      ]
      return runDoctor({ checks, json, print })
    }),
  )

program
  .command('demo')
  .description(
    'Shows a session that loses its worker and its sandbox and goes on, and an agent that fails to steal a token.',
  )
  .option('--keep', 'leave the server up afterwards, until Ctrl+C')
  .option('--sandbox <kind>', 'auto, docker or local')
  .option('--ask', 'a command waits for your word while the worker dies; needs a terminal')
  .option('--live <task>', 'a task of yours with the model that is configured: it spends, and asks before it does')
  .option('--model <id>', `model of a live demo (default ${MODEL})`)
  .option('--yes', 'go ahead with a live demo without being asked')
  .action(ending(playDemo))

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

program
  .command('setup')
  .description(
    'Gets what is missing here: the Temporal dev server, bubblewrap. dev and demo of a package get the former.',
  )
  .option('--no-install', 'install no package of the system')
  .addOption(
    new Option('--image <name>', 'build the sandbox image with languages and package managers').choices(['full']),
  )
  .action(
    ending(({ install, image }: { install: boolean; image?: 'full' }) =>
      runSetup([...(install ? [] : ['--no-install']), ...(image ? [`--image=${image}`] : [])]),
    ),
  )

addKeyCommands(program, { env: process.env, ending, print, warn })
addSandboxCommands(program, { env: process.env, ending, print, warn })

await program.parseAsync()

interface RunFlags extends Settings {
  readonly agent?: string
  readonly model?: string
  readonly ask?: boolean
  readonly json?: boolean
}

async function playTask(task: string, flags: RunFlags): Promise<number> {
  const { agent, model, ask: isAsking, json = false } = flags
  if (isAsking && agent !== undefined)
    throw new ConfigError('--ask goes with the agent that run keeps: one of yours asks as its permission policies say')
  const client = connectClient({ env: flags.data ? {} : process.env, server: await runningServer(flags) })
  const write = process.stdout.isTTY ? (text: string): void => void process.stdout.write(text) : undefined
  const signal = interrupted('SIGINT')
  return runTask({ client, task, agent, model, isAsking, ask: atTerminal(), json, write, print, warn, signal })
}

/** Asks the person at the terminal; null where there is none. */
function atTerminal(): Ask | null {
  return process.stdin.isTTY && process.stdout.isTTY ? askPerson : null
}

interface DemoFlags extends Pick<Settings, 'sandbox'> {
  readonly keep?: boolean
  readonly ask?: boolean
  readonly live?: string
  readonly model?: string
  readonly yes?: boolean
}

async function playDemo({
  keep = false,
  ask: isAsking,
  sandbox,
  live,
  model = MODEL,
  yes = false,
}: DemoFlags): Promise<number> {
  if (live === undefined && (yes || model !== MODEL)) throw new ConfigError('--yes and --model go with --live')
  if (live !== undefined && isAsking) throw new ConfigError('--ask and --live are two demos: choose one')
  if (live?.trim() === '') throw new ConfigError('the task is empty: say in words what is to be done')
  const config = readConfig({ port: '0', sandbox }, process.env)
  const ask = atTerminal()
  const described = live === undefined ? '' : describeLiveModel(config, model)
  if (live !== undefined) {
    const refused = await askConsent({ task: live, model: described, yes, ask, print: printFolded, warn })
    if (refused !== null) return refused
  }
  if (isAsking && ask === null) {
    warn('Nothing was started: this demo asks a person, and there is no terminal to ask at.')
    return EXIT.waits
  }
  const signal = interrupted('SIGINT', 'SIGTERM', 'SIGHUP')
  try {
    await using stage = await openDemoStage({ config, env: process.env, live: live !== undefined, signal })
    const options = { stage, keep, print: printFolded, signal }
    // Awaited here: the stage is taken down when this function is left.
    if (isAsking && ask !== null) return await runApprovalDemo({ ...options, ask })
    return live === undefined ? await runDemo(options) : await runLiveDemo({ ...options, task: live, model, described })
  } catch (error) {
    if (signal.aborted) return EXIT.interrupted
    throw error
  }
}

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
