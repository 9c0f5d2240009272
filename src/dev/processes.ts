import { createHash } from 'node:crypto'
import { mkdirSync, renameSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { DevOptions, DevSettings, Program } from './dev-options.ts'
import { findFreePorts, isPortFree, keepPorts } from './ports.ts'
import { preparePostgres } from './postgres.ts'
import { probePostgres, probeTemporal } from './probes.ts'
import { awaitReady } from './ready.ts'
import { keepSecret } from './secret-file.ts'
import { StartError } from './start-error.ts'
import type { Supervisor } from './supervisor.ts'
import { findTemporalBinary, temporalProcess } from './temporal.ts'

/** What was started, as far as restarts do not change it. */
export interface Running {
  readonly data: string
  readonly baseUrl: string
  readonly apiKey: string
  readonly temporalAddress: string
  readonly temporalUi: string | null
  readonly scripted: boolean
}

interface Ports {
  readonly temporal: number
  readonly temporal_ui: number
  readonly postgres: number
  readonly model: number
}

const maxLogBytes = 10 * 1024 * 1024

/** Starts all that `dev` runs under the supervisor, databases first; resolves when everything serves. */
export async function startProcesses(options: DevOptions, supervisor: Supervisor): Promise<Running> {
  const { config } = options
  const { data } = config
  const port = await choosePort(config.port)
  const ports = await keepPorts(join(data, 'ports.json'), ['temporal', 'temporal_ui', 'postgres', 'model'])
  const apiKey = config.apiKey ?? (await keepSecret(join(data, 'api-key'), 'lh_'))

  const databases = [
    startPostgres({ config, env: options.env, ports, supervisor }),
    startTemporal({ config, env: options.env, ports, supervisor, cache: options.cache }),
  ] as const
  const [databaseUrl, temporalAddress] = await Promise.all(databases).catch(async (error: unknown) => {
    // One that fails leaves the other still at work in the folder, on files that no supervised process has yet.
    await supervisor.stop()
    await Promise.allSettled(databases)
    throw error
  })
  await options.prepareDatabase?.(databaseUrl)
  const model = await startModel({ options, ports, supervisor, apiKey })
  const env = {
    ...inherited(options.env),
    ...settings(config),
    ...model.env,
    DATABASE_URL: databaseUrl,
    LONGHAND_PORT: String(port),
    LONGHAND_API_KEY: apiKey,
    LONGHAND_SECRETS_KEY: await keepSecretsKey(config),
    ...(!config.temporal.external && { TEMPORAL_ADDRESS: temporalAddress, TEMPORAL_NAMESPACE: 'default' }),
  }
  const own = (name: 'api' | 'worker') => supervisor.start(ownProcess({ name, program: options[name], env, data }))
  await Promise.all([own('api'), own('worker')])
  return {
    data,
    baseUrl: `http://127.0.0.1:${port}`,
    apiKey,
    temporalAddress,
    temporalUi: config.temporal.external ? null : `http://127.0.0.1:${ports.temporal_ui}`,
    scripted: model.scripted,
  }
}

/** 32 bytes in base64, of the text that the data folder keeps when no key is configured. */
async function keepSecretsKey({ data, secretsKey }: DevSettings): Promise<string> {
  const key =
    secretsKey ??
    createHash('sha256')
      .update(await keepSecret(join(data, 'secrets-key'), ''))
      .digest()
  return Buffer.from(key).toString('base64')
}

async function choosePort(wanted: number): Promise<number> {
  if (wanted === 0) return (await findFreePorts(['api'])).api
  if (await isPortFree(wanted)) return wanted
  throw new StartError(
    `port ${wanted} on 127.0.0.1 is taken`,
    'Stop what listens there, or choose another with --port.',
  )
}

interface Database {
  readonly config: DevSettings
  readonly env: NodeJS.ProcessEnv
  readonly ports: Ports
  readonly supervisor: Supervisor
}

async function startPostgres({ config, env, ports, supervisor }: Database): Promise<string> {
  if (config.databaseUrl !== undefined) {
    await probePostgres(config.databaseUrl)
    return config.databaseUrl
  }
  const { data } = config
  const logFile = openLog(data, 'postgres')
  const server = await preparePostgres({ folder: data, port: ports.postgres, logFile, path: env['PATH'] })
  await supervisor.start(server.process)
  return server.url
}

async function startTemporal({ config, env, ports, supervisor, cache }: Database & { cache: string }): Promise<string> {
  if (config.temporal.external) return (await probeTemporal(config.temporal)).address
  const { data } = config
  mkdirSync(join(data, 'temporal'), { recursive: true, mode: 0o700 })
  const spec = temporalProcess({
    binary: await findTemporalBinary(cache),
    database: join(data, 'temporal', 'temporal.db'),
    port: ports.temporal,
    uiPort: ports.temporal_ui,
    logFile: openLog(data, 'temporal'),
    // Its own settings come by flags alone, and it has no need of our keys.
    env: inherited(env, ['PATH', 'HOME']),
  })
  await supervisor.start(spec)
  return `127.0.0.1:${ports.temporal}`
}

interface Model {
  readonly scripted: boolean
  readonly env: NodeJS.ProcessEnv
}

interface ModelOptions {
  readonly options: DevOptions
  readonly ports: Ports
  readonly supervisor: Supervisor
  readonly apiKey: string
}

async function startModel({ options, ports, supervisor, apiKey }: ModelOptions): Promise<Model> {
  const { config, demoModel } = options
  // A shell that has evaluated `longhand env` holds our own key under the provider's name.
  const key = config.modelApiKey === apiKey ? undefined : config.modelApiKey
  const own = {
    ...(key && { LONGHAND_MODEL_API_KEY: key }),
    ...(config.modelBaseUrl && { LONGHAND_MODEL_BASE_URL: config.modelBaseUrl }),
    ...(config.modelNames.size > 0 && { LONGHAND_MODEL_NAMES: toPairs(config.modelNames) }),
    ...(config.modelWebTools === 'off' && { LONGHAND_MODEL_WEB_TOOLS: 'off' }),
    LONGHAND_MODEL_BACKEND: config.modelBackend,
  }
  const isCloud = config.modelBackend !== 'anthropic'
  if (key !== undefined || config.modelBaseUrl !== undefined || isCloud || demoModel === undefined)
    return { scripted: false, env: own }
  const env = { ...inherited(options.env), PORT: String(ports.model) }
  await supervisor.start(ownProcess({ name: 'model', program: demoModel, env, data: config.data }))
  const url = `http://127.0.0.1:${ports.model}`
  return { scripted: true, env: { LONGHAND_MODEL_API_KEY: 'scripted', LONGHAND_MODEL_BASE_URL: url } }
}

interface OwnProcess {
  readonly name: string
  readonly program: Program
  readonly env: NodeJS.ProcessEnv
  readonly data: string
}

function ownProcess({ name, program, env, data }: OwnProcess): Parameters<Supervisor['start']>[0] {
  return { name, ...program, env, logFile: openLog(data, name), ipc: true, ready: awaitReady }
}

function settings(config: DevSettings): NodeJS.ProcessEnv {
  return {
    LONGHAND_DATA: config.data,
    ...(config.blobs && { LONGHAND_BLOBS: config.blobs }),
    LONGHAND_SANDBOX: config.sandbox,
    LONGHAND_SANDBOX_IMAGE: config.sandboxImage,
    ...(config.sandboxRuntime && { LONGHAND_SANDBOX_RUNTIME: config.sandboxRuntime }),
    ...(config.sandboxCa && { LONGHAND_SANDBOX_CA: config.sandboxCa }),
    ...(config.dockerData && { LONGHAND_DOCKER_DATA: config.dockerData }),
    LONGHAND_ROLES: config.roles.join(','),
    LONGHAND_SANDBOX_IDLE: String(config.sandboxIdle),
    LONGHAND_WORKSPACE_EXPORT: String(config.workspaceExport),
    LONGHAND_PROVISIONING: config.provisioning,
    ...(config.host && { LONGHAND_HOST: config.host }),
    LONGHAND_GITHUB_URL: config.githubUrl,
    LONGHAND_RUN_EVENTS: String(config.runEvents),
    LONGHAND_WORKSPACE_REQUESTS: String(config.workspaceRequests),
    LONGHAND_WORKSPACE_SESSIONS: String(config.workspaceSessions),
    LONGHAND_WORK_LEASE: String(config.workLease),
    LONGHAND_WORK_IDLE: String(config.workIdle),
    LONGHAND_HOURLY_RATE: String(config.hourlyRate),
    ...(config.priceFile && { LONGHAND_PRICES: config.priceFile }),
    ...(config.codecKey && { LONGHAND_CODEC_KEY: Buffer.from(config.codecKey).toString('base64') }),
  }
}

function toPairs(names: ReadonlyMap<string, string>): string {
  return [...names].map(([name, there]) => `${name}=${there}`).join(',')
}

const CLOUD_VARIABLE = /^ANTHROPIC_(?:AWS|BEDROCK|FOUNDRY|GOOGLE_CLOUD|VERTEX)_/

// Our settings are passed on by name, whatever they came from; a provider's variables must not steer a client of ours.
// Those of the clouds have no names among ours.
function inherited(env: NodeJS.ProcessEnv, names = Object.keys(env)): NodeJS.ProcessEnv {
  const foreign = names.filter((name) => !/^(?:LONGHAND|ANTHROPIC)_/.test(name) || CLOUD_VARIABLE.test(name))
  return Object.fromEntries(foreign.map((name) => [name, env[name]]))
}

function openLog(data: string, name: string): string {
  const folder = join(data, 'logs')
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const file = join(folder, `${name}.log`)
  const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0
  if (size > maxLogBytes) renameSync(file, `${file}.1`)
  return file
}
