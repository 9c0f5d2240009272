import { fileURLToPath } from 'node:url'
import type { Canary } from './canary.ts'
import { startCanary } from './canary.ts'
import type { Config } from './config.ts'
import { cacheFolder } from './config.ts'
import type { DevOptions, Program } from './dev/dev-options.ts'
import type { RunDevOptions } from './dev/run-dev.ts'
import { runDev } from './dev/run-dev.ts'
import { StartError } from './dev/start-error.ts'
import { createLocalProvider } from './hands/local.ts'
import type { Finding } from './hands/sandbox.ts'
import { createLog } from './log.ts'
import { sandboxFolder } from './sandboxes.ts'
import { openDatabase } from './store/postgres/database.ts'
import { migrate } from './store/postgres/migrate.ts'

type Voice = Pick<RunDevOptions, 'json' | 'print' | 'warn'> & { readonly env: NodeJS.ProcessEnv }

/** `longhand dev`, with a look at how fast its Temporal is. */
export async function runDevelopment(config: Config, { env, ...voice }: Voice): Promise<number> {
  let canary: Canary | undefined
  try {
    return await runDev({
      ...devOptions(config, env),
      ...voice,
      async canaryStep({ temporal_address: address }) {
        canary ??= await startCanary(address, config.temporal.namespace)
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
    endSandboxes: () => endSandboxes(config.data),
  }
}

/** Tries out what the configured kind of sandbox needs here. */
export async function examineSandbox({ data, sandbox }: Config): Promise<readonly Finding[]> {
  if (sandbox === 'docker') {
    const remedy = 'Choose local, with --sandbox or LONGHAND_SANDBOX.'
    return [{ name: 'sandbox', ok: false, detail: 'docker sandboxes are not built yet', remedy }]
  }
  return createLocalProvider({ folder: sandboxFolder(data) }).doctor()
}

/** Rejects with `StartError` where no sandbox is possible. */
async function requireSandbox(config: Config): Promise<void> {
  const findings = await examineSandbox(config)
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

function programOf(name: string): Program {
  const isSource = import.meta.url.endsWith('.ts')
  const file = fileURLToPath(new URL(`./${name}.${isSource ? 'ts' : 'js'}`, import.meta.url))
  return { command: process.execPath, args: isSource ? ['--import', import.meta.resolve('tsx'), file] : [file] }
}

/** Sandboxes outlive a worker, but not the command that a person ended with Ctrl+C. */
async function endSandboxes(data: string): Promise<void> {
  const provider = createLocalProvider({ folder: sandboxFolder(data) })
  for (const row of await provider.list()) await provider.destroy(row)
}
