import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Canary } from './canary.ts'
import { startCanary } from './canary.ts'
import type { Config } from './config.ts'
import { cacheFolder } from './config.ts'
import type { DevOptions } from './dev/dev-options.ts'
import type { RunDevOptions } from './dev/run-dev.ts'
import { runDev } from './dev/run-dev.ts'
import { StartError } from './dev/start-error.ts'
import { HandsUnavailable } from './hands/hands.ts'
import type { Finding } from './hands/sandbox.ts'
import { createAesCodec } from './history/codec.ts'
import { createLog } from './log.ts'
import { connectDoors } from './doors.ts'
import { programOf } from './program-of.ts'
import { assembleProviders, chooseSandbox, endBuilders } from './sandboxes.ts'
import { openDatabase } from './store/postgres/database.ts'
import { migrate } from './store/postgres/migrate.ts'

type Voice = Pick<RunDevOptions, 'json' | 'print' | 'warn'> & { readonly env: NodeJS.ProcessEnv }

/** `longhand dev`, with a look at how fast its Temporal is. */
export async function runDevelopment(config: Config, { env, ...voice }: Voice): Promise<number> {
  let canary: Canary | undefined
  // Chosen once for all processes: a daemon that comes or goes meanwhile must not divide them.
  const { kind } = await chooseSandbox(config)
  try {
    return await runDev({
      ...devOptions({ ...config, sandbox: kind }, env),
      ...voice,
      async canaryStep({ temporal_address: address }) {
        const { connection, namespace } = config.temporal
        const codecs = config.codecKey ? [createAesCodec(config.codecKey)] : []
        canary ??= await startCanary({ connection: { ...connection, address }, namespace, codecs })
        await canary.step()
      },
    })
  } finally {
    await canary?.[Symbol.asyncDispose]()
  }
}

/** What `dev` runs: our own processes from source or from a build, like this one, on a migrated database. */
export function devOptions(config: Config, env: NodeJS.ProcessEnv): Omit<DevOptions, 'signal' | 'onEvent'> {
  return {
    config,
    env,
    cache: cacheFolder(env),
    api: programOf('api'),
    worker: programOf('worker'),
    demoModel: programOf('demo-model'),
    // Nothing runs on the database yet: the last moment to find out that the hands would have no place.
    prepareDatabase: async (url) => void (await Promise.all([migrateDatabase(url), requireSandbox(config)])),
    endSandboxes: () => endSandboxes(config),
  }
}

/** Says which kind of sandbox the configuration comes to, and tries out what that needs here, with all that limits it. */
export async function examineSandbox(config: Config): Promise<readonly Finding[]> {
  const { kind, because } = await chooseSandbox(config)
  const choice = { name: 'sandbox kind', ok: true, detail: `${kind}: ${because}` }
  const doors = connectDoors(config)
  try {
    return [choice, ...(await (await assembleProviders(config, kind, doors)).doctor(true))]
  } finally {
    // Begun for this look alone: where there are doors, a worker has a use for it.
    const names = await Promise.all([doors.names(), doors.builders.names()])
    if (names.flat().length === 0) await doors.halt()
  }
}

/** Rejects with `StartError` where no sandbox is possible. */
async function requireSandbox(config: Config): Promise<void> {
  const { kind } = await chooseSandbox(config)
  const findings = await (await assembleProviders(config, kind)).doctor()
  const fault = findings.find(({ ok }) => !ok)
  if (fault === undefined) return
  throw new StartError(
    `no sandbox is possible here: ${fault.name}: ${fault.detail}`,
    fault.remedy ?? 'See longhand doctor.',
  )
}

export async function migrateDatabase(url: string): Promise<void> {
  const database = await openDatabase(url, createLog('migrate'))
  try {
    await migrate(database)
  } finally {
    await database.destroy()
  }
}

/** `scripts/setup.mjs`, beside `src` and `dist` alike, which says on stderr what it does. Answers its exit code. */
export async function runSetup(args: readonly string[]): Promise<number> {
  const script = fileURLToPath(new URL('../scripts/setup.mjs', import.meta.url))
  const [code] = await once(spawn(process.execPath, [script, ...args], { stdio: 'inherit' }), 'close')
  return typeof code === 'number' ? code : 1
}

/** Sandboxes outlive a worker, but not the command that a person ended with Ctrl+C. */
async function endSandboxes(config: Config): Promise<void> {
  const kind = config.sandbox === 'docker' ? 'docker' : 'local'
  const doors = connectDoors(config)
  const provider = await assembleProviders(config, kind, doors)
  try {
    for (const row of await provider.list()) await provider.destroy(row)
    await endBuilders(config, doors)
    await doors.end()
  } catch (error) {
    // A sandbox that lives on gets its way to the network back from the next start, and has none until then.
    await doors.halt()
    if (!(error instanceof HandsUnavailable)) throw error
    // The next start on this data folder finds them.
    process.stderr.write(`sandboxes are left behind: ${error.message}\n`)
  }
}
