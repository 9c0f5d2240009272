import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import Anthropic from '@anthropic-ai/sdk'
import { Client, Connection } from '@temporalio/client'
import { cacheFolder, readConfig } from '../../src/config.ts'
import { startDev } from '../../src/dev/dev.ts'
import type { Dev } from '../../src/dev/dev.ts'
import type { Program } from '../../src/dev/dev-options.ts'
import { findFreePorts } from '../../src/dev/ports.ts'
import { Supervisor } from '../../src/dev/supervisor.ts'
import { devOptions } from '../../src/programs.ts'
import { benchTemporal } from './temporal.ts'
import type { Flags, Synchronous } from './temporal.ts'

export interface ServiceOptions {
  readonly modelUrl: string
  /** `full` if not given. */
  readonly synchronous?: Synchronous
  /** `tuned` if not given. */
  readonly flags?: Flags
  /** `local` if not given. */
  readonly sandbox?: 'local' | 'docker'
  /** Instead of the worker of `longhand dev`. */
  readonly worker?: Program
  /** More environment for api and worker. */
  readonly env?: NodeJS.ProcessEnv
}

/** The whole service as `longhand dev` runs it: api, worker, Temporal and Postgres as processes on a folder of their own. */
export interface Service extends AsyncDisposable {
  readonly sdk: Anthropic
  /** A client of its Temporal server. */
  readonly temporal: Client
  /** Its connection, which takes history pages of any size. */
  readonly connection: Connection
  readonly dev: Dev
  /** The present process ids. */
  pids(): Readonly<Record<Part, number>>
  /** Settings of its Temporal server that bear on speed. */
  readonly flags: readonly string[]
}

/** What a service consists of. */
export const parts = ['api', 'worker', 'temporal', 'postgres'] as const
type Part = (typeof parts)[number]

/** The key that the service presents to the model: any is taken. */
const modelApiKey = 'bench'

/** Disposal ends the processes and removes what they kept. */
export async function startService(options: ServiceOptions): Promise<Service> {
  const closers: (() => Promise<unknown>)[] = []
  const dispose = async (): Promise<void> => {
    for (const close of closers.splice(0).toReversed()) await close()
  }
  try {
    const running = await start(options, (close) => closers.push(close))
    return { ...running, [Symbol.asyncDispose]: dispose }
  } catch (error) {
    await dispose()
    throw error
  }
}

async function start(
  options: ServiceOptions,
  defer: (close: () => Promise<unknown>) => void,
): Promise<Omit<Service, typeof Symbol.asyncDispose>> {
  const { modelUrl, synchronous = 'full', flags = 'tuned', sandbox = 'local', worker } = options
  const cache = cacheFolder(process.env)
  // Not the folder for temporary files: where that is in memory, waiting for the disk would cost nothing.
  const data = await mkdtemp(join(cache, 'bench-'))
  defer(() => rm(data, { recursive: true, force: true }))
  const supervisor = new Supervisor()
  defer(() => supervisor.stop())
  const { port, uiPort } = await findFreePorts(['port', 'uiPort'])
  const address = `127.0.0.1:${port}`
  const temporal = await benchTemporal({ cache, folder: data, port, uiPort, synchronous, flags })
  await supervisor.start(temporal.process)

  // A configuration file or a provider's variables of the person who measures must not steer what is measured.
  const env = { ...ownEnvironment(process.env), ...options.env, XDG_CONFIG_HOME: data, TEMPORAL_ADDRESS: address }
  const config = readConfig({ data, sandbox, port: '0', modelApiKey, modelBaseUrl: modelUrl }, env)
  const dev = await startDev({ ...devOptions(config, env), ...(worker && { worker }) })
  defer(async () => dev[Symbol.asyncDispose]())
  const { base_url: baseURL, api_key: apiKey } = dev.state()
  const connection = await Connection.connect({ address, channelArgs: { 'grpc.max_receive_message_length': 1 << 26 } })
  defer(() => connection.close())
  return {
    sdk: new Anthropic({ baseURL, apiKey, authToken: null, maxRetries: 0 }),
    temporal: new Client({ connection }),
    connection,
    dev,
    pids: () => toPids((part) => (part === 'temporal' ? supervisor : dev.supervisor).pid(part)),
    flags: temporal.flags,
  }
}

function toPids(find: (part: Part) => number | undefined): Record<Part, number> {
  const entries = parts.map((part) => [part, find(part)])
  const missing = entries.find(([, pid]) => pid === undefined)
  if (missing) throw new Error(`${missing[0]} does not run`)
  // One number for each part.
  return Object.fromEntries(entries) as Record<Part, number>
}

function ownEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const foreign = /^(LONGHAND_|ANTHROPIC_|TEMPORAL_|DATABASE_URL$)/
  return Object.fromEntries(Object.entries(env).filter(([name]) => !foreign.test(name)))
}
