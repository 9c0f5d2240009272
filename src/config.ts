import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { loadClientConnectConfig } from '@temporalio/envconfig'
import type { ClientConnectConfig } from '@temporalio/envconfig'
import { parse } from 'smol-toml'
import { DEFAULT_QUOTAS } from './api/quota.ts'
import { PUBLIC_GITHUB } from './egress/repository-route.ts'
import { DEFAULT_IMAGE } from './hands/docker/image.ts'
import type { Provisioning } from './session/policy.ts'
import type { Kind } from './setting-kinds.ts'
import {
  absolutePath,
  atLeast,
  baseUrl,
  choice,
  hostName,
  modelUrl,
  parseBlobs,
  parseCount,
  parseKey,
  parseNames,
  parsePort,
  url,
  whole,
} from './setting-kinds.ts'

/** Where a session's hands may run; `auto` is docker if its daemon answers and has the image, else local. */
export type SandboxChoice = 'auto' | 'docker' | 'local'

const backends = ['anthropic', 'aws', 'bedrock', 'foundry', 'google-cloud', 'vertex'] as const
/** What serves the models: Anthropic's API or one like it at another address, or a cloud by the SDK's sibling package. */
export type ModelBackend = (typeof backends)[number]

const roles = ['brain', 'hands'] as const
/** `brain`: sessions' workflows, model calls and the sweeper. `hands`: the sandboxes of a host and the calls in them. */
export type Role = (typeof roles)[number]

/** How to reach Temporal. `external` tells a cluster that was configured from the default address of nothing at all. */
export interface TemporalConfig {
  readonly external: boolean
  readonly namespace: string
  readonly connection: ClientConnectConfig['connectionOptions']
}

/** Every setting of every process; what is `undefined` was not set and has no default. */
export interface Config {
  /** The model's key; without one `dev` uses the scripted demo model. */
  readonly modelApiKey: string | undefined
  readonly modelBaseUrl: string | undefined
  readonly modelBackend: ModelBackend
  /** What models are called at the back end, by their names in agents. */
  readonly modelNames: ReadonlyMap<string, string>
  /** Whether web tools are left to the model's API: where the back end is known to have them, or nowhere. */
  readonly modelWebTools: 'auto' | 'off'
  readonly databaseUrl: string | undefined
  /** Absolute path of the data folder. */
  readonly data: string
  /** Where bytes are that are too large for payloads and rows, if not in the data folder: an absolute path, or `s3://…`. */
  readonly blobs: string | undefined
  readonly port: number
  /** The key that clients present. */
  readonly apiKey: string | undefined
  readonly sandbox: SandboxChoice
  /** Image of Docker sandboxes: a name or an id that the daemon has. */
  readonly sandboxImage: string
  /** Container runtime of Docker sandboxes whose environment asks for none; undefined: the daemon's own. */
  readonly sandboxRuntime: string | undefined
  /** Absolute path of certificates, in PEM, that sandboxes trust beside their system's. */
  readonly sandboxCa: string | undefined
  /** Path of the data folder on the host of the Docker daemon, where that is not the same; undefined: it is. */
  readonly dockerData: string | undefined
  /** What a worker does; one that has no hands touches no sandbox and no Docker. */
  readonly roles: readonly Role[]
  /** Name of this host among those that have sandboxes; made of its identity if not given. */
  readonly host: string | undefined
  /** Minutes without a call after which an idle session's sandbox is put away; 0: never. */
  readonly sandboxIdle: number
  /** Bytes of a workspace that are copied at most, to be put into the next sandbox; 0: none is copied. */
  readonly workspaceExport: number
  /** When new sessions get their sandbox, where their environment does not say. */
  readonly provisioning: 'lazy' | Provisioning
  /** 32 bytes for the payload codec (AES-256-GCM). */
  readonly codecKey: Uint8Array | undefined
  /** 32 bytes under which users' secrets are sealed; without them the server takes none. */
  readonly secretsKey: Uint8Array | undefined
  /** Where the repositories of github.com are, without a slash at the end: that itself, or a server of the operator's own. */
  readonly githubUrl: string
  /** History events, and signals, after which a session's workflow goes over to another run. */
  readonly runEvents: number
  /** Requests a second that one api process takes of a workspace. */
  readonly workspaceRequests: number
  /** Sessions of a workspace that may run at once. */
  readonly workspaceSessions: number
  /** Seconds that a worker of a self-hosted environment holds an item after a heartbeat. */
  readonly workLease: number
  /** Seconds that such a session is idle before its worker is let go. */
  readonly workIdle: number
  /** Absolute path of the operator's own list prices, which go before the public ones. */
  readonly priceFile: string | undefined
  /** Cents for an hour of a session's running time. */
  readonly hourlyRate: number
  readonly temporal: TemporalConfig
}

/** What the `api` and `worker` processes cannot do without. */
export interface ServerConfig extends Config {
  readonly databaseUrl: string
}

export type Environment = Readonly<Record<string, string | undefined>>

/** A setting that is unknown, malformed or missing. The message names it and says what is expected, never its value. */
export class ConfigError extends Error {
  readonly exitCode = 2
}

interface Setting<T> extends Kind<T> {
  /** Environment variables, the first that is set wins. */
  readonly env: readonly [string, ...string[]]
  /** Key in the configuration file. */
  readonly key: string
}

const text = { expected: 'a text that is not empty', parse: (value: string) => value || undefined }
const filePath = { expected: 'a file', parse: (value: string) => value && resolve(value) }
const count = { expected: 'a whole number of at least 1', parse: parseCount }
const settings = {
  modelApiKey: { env: ['LONGHAND_MODEL_API_KEY', 'ANTHROPIC_API_KEY'], key: 'model_api_key', ...text },
  modelBaseUrl: { env: ['LONGHAND_MODEL_BASE_URL'], key: 'model_base_url', ...modelUrl() },
  modelBackend: { env: ['LONGHAND_MODEL_BACKEND'], key: 'model_backend', ...choice(backends) },
  modelNames: { env: ['LONGHAND_MODEL_NAMES'], key: 'model_names', expected: 'name=name,…', parse: parseNames },
  modelWebTools: { env: ['LONGHAND_MODEL_WEB_TOOLS'], key: 'model_web_tools', ...choice(['auto', 'off']) },
  databaseUrl: { env: ['DATABASE_URL'], key: 'database_url', ...url('postgres:', 'postgresql:') },
  data: { env: ['LONGHAND_DATA'], key: 'data', expected: 'a folder', parse: (value) => value && resolve(value) },
  blobs: { env: ['LONGHAND_BLOBS'], key: 'blobs', expected: 'a folder or s3://bucket/prefix?…', parse: parseBlobs },
  port: { env: ['LONGHAND_PORT'], key: 'port', expected: 'a port, 0 to 65535', parse: parsePort },
  apiKey: { env: ['LONGHAND_API_KEY'], key: 'api_key', ...text },
  sandbox: { env: ['LONGHAND_SANDBOX'], key: 'sandbox', ...choice(['auto', 'docker', 'local']) },
  sandboxImage: { env: ['LONGHAND_SANDBOX_IMAGE'], key: 'sandbox_image', ...text },
  sandboxRuntime: { env: ['LONGHAND_SANDBOX_RUNTIME'], key: 'sandbox_runtime', ...text },
  sandboxCa: { env: ['LONGHAND_SANDBOX_CA'], key: 'sandbox_ca', ...filePath },
  dockerData: { env: ['LONGHAND_DOCKER_DATA'], key: 'docker_data', ...absolutePath() },
  roles: { env: ['LONGHAND_ROLES'], key: 'roles', expected: 'brain, hands or brain,hands', parse: parseRoles },
  host: { env: ['LONGHAND_HOST'], key: 'host', ...hostName() },
  sandboxIdle: { env: ['LONGHAND_SANDBOX_IDLE'], key: 'sandbox_idle', ...whole('minutes, 0 for never', 6) },
  workspaceExport: { env: ['LONGHAND_WORKSPACE_EXPORT'], key: 'workspace_export', ...whole('bytes, 0 for none', 12) },
  provisioning: { env: ['LONGHAND_PROVISIONING'], key: 'provisioning', ...choice(['lazy', 'parallel', 'first']) },
  codecKey: { env: ['LONGHAND_CODEC_KEY'], key: 'codec_key', expected: '32 bytes in base64', parse: parseKey },
  secretsKey: { env: ['LONGHAND_SECRETS_KEY'], key: 'secrets_key', expected: '32 bytes in base64', parse: parseKey },
  githubUrl: { env: ['LONGHAND_GITHUB_URL'], key: 'github_url', ...baseUrl() },
  runEvents: { env: ['LONGHAND_RUN_EVENTS'], key: 'run_events', ...atLeast(20) },
  workspaceRequests: { env: ['LONGHAND_WORKSPACE_REQUESTS'], key: 'workspace_requests', ...count },
  workspaceSessions: { env: ['LONGHAND_WORKSPACE_SESSIONS'], key: 'workspace_sessions', ...count },
  workLease: { env: ['LONGHAND_WORK_LEASE'], key: 'work_lease', ...atLeast(2) },
  workIdle: { env: ['LONGHAND_WORK_IDLE'], key: 'work_idle', ...count },
  priceFile: { env: ['LONGHAND_PRICES'], key: 'prices', ...filePath },
  hourlyRate: { env: ['LONGHAND_HOURLY_RATE'], key: 'hourly_rate', ...whole('cents', 6) },
} satisfies { [Name in Exclude<keyof Config, 'temporal'>]: Setting<NonNullable<Config[Name]>> }

type SettingName = keyof typeof settings

/** Settings given on the command line, by the names of `Config`; `config` is the path of the configuration file. */
export type Flags = { readonly [Name in SettingName | 'config']?: string | undefined }

const fileVariable = 'LONGHAND_CONFIG'
const defaultPort = 8787
const defaultRunEvents = 1000
/** Minutes and bytes. */
export const defaultSandbox = { idle: 15, copied: 1024 * 1024 * 1024 } as const
/** Seconds. The SDK's workers beat three times within the one, and leave an idle session by themselves before the other. */
const defaultWork = { lease: 90, idle: 120 } as const

/**
 * Reads the configuration: flag, then environment, then file, then default. The file is TOML, or JSON when its name ends
 * so; `--config` or `LONGHAND_CONFIG` names it, else `longhand/config.toml` in the XDG configuration folder is read if
 * there is one. Throws `ConfigError` for what it does not know or cannot read.
 */
export function readConfig(flags: Flags, env: Environment): Config {
  const variables = new Set<string>([fileVariable, ...Object.values(settings).flatMap(({ env: names }) => names)])
  const unknown = Object.keys(env).find((name) => name.startsWith('LONGHAND_') && !variables.has(name))
  if (unknown !== undefined) throw new ConfigError(`unknown environment variable ${unknown}`)

  const file = readFile(flags.config ?? env[fileVariable], env)
  function read<T>(name: SettingName, setting: Setting<T>): T | undefined {
    const [source, value] = findValue({ name, setting, flags, env, file })
    if (value === undefined) return undefined
    const parsed = setting.parse(value)
    if (parsed === undefined) throw new ConfigError(`${source} must be ${setting.expected}`)
    return parsed
  }
  return {
    modelApiKey: read('modelApiKey', settings.modelApiKey),
    modelBaseUrl: read('modelBaseUrl', settings.modelBaseUrl),
    modelBackend: read('modelBackend', settings.modelBackend) ?? 'anthropic',
    modelNames: read('modelNames', settings.modelNames) ?? new Map(),
    modelWebTools: read('modelWebTools', settings.modelWebTools) ?? 'auto',
    databaseUrl: read('databaseUrl', settings.databaseUrl),
    data: read('data', settings.data) ?? join(xdgFolder(env, 'XDG_DATA_HOME', '.local/share'), 'longhand'),
    blobs: read('blobs', settings.blobs),
    port: read('port', settings.port) ?? defaultPort,
    apiKey: read('apiKey', settings.apiKey),
    sandbox: read('sandbox', settings.sandbox) ?? 'auto',
    sandboxImage: read('sandboxImage', settings.sandboxImage) ?? DEFAULT_IMAGE,
    sandboxRuntime: read('sandboxRuntime', settings.sandboxRuntime),
    sandboxCa: read('sandboxCa', settings.sandboxCa),
    dockerData: read('dockerData', settings.dockerData),
    roles: read('roles', settings.roles) ?? roles,
    host: read('host', settings.host),
    sandboxIdle: read('sandboxIdle', settings.sandboxIdle) ?? defaultSandbox.idle,
    workspaceExport: read('workspaceExport', settings.workspaceExport) ?? defaultSandbox.copied,
    provisioning: read('provisioning', settings.provisioning) ?? 'lazy',
    codecKey: read('codecKey', settings.codecKey),
    secretsKey: read('secretsKey', settings.secretsKey),
    githubUrl: read('githubUrl', settings.githubUrl) ?? PUBLIC_GITHUB,
    runEvents: read('runEvents', settings.runEvents) ?? defaultRunEvents,
    workspaceRequests: read('workspaceRequests', settings.workspaceRequests) ?? DEFAULT_QUOTAS.requests,
    workspaceSessions: read('workspaceSessions', settings.workspaceSessions) ?? DEFAULT_QUOTAS.running,
    workLease: read('workLease', settings.workLease) ?? defaultWork.lease,
    workIdle: read('workIdle', settings.workIdle) ?? defaultWork.idle,
    priceFile: read('priceFile', settings.priceFile),
    hourlyRate: read('hourlyRate', settings.hourlyRate) ?? 0,
    temporal: readTemporal(env),
  }
}

/** Narrows to what `api` and `worker` need; throws `ConfigError` naming what is missing. */
export function requireServerConfig(config: Config): ServerConfig {
  const { databaseUrl } = config
  if (databaseUrl === undefined)
    throw new ConfigError('DATABASE_URL is not set: api and worker need a PostgreSQL server')
  return { ...config, databaseUrl }
}

/** The folder of what can be fetched again, shared by all checkouts of a user. */
export function cacheFolder(env: Environment): string {
  return join(xdgFolder(env, 'XDG_CACHE_HOME', '.cache'), 'longhand')
}

interface Sources {
  readonly name: SettingName
  readonly setting: Setting<unknown>
  readonly flags: Flags
  readonly env: Environment
  readonly file: ConfigFile
}

function findValue({ name, setting, flags, env, file }: Sources): [source: string, value: string | undefined] {
  const flag = flags[name]
  if (flag !== undefined) return [`--${setting.key.replaceAll('_', '-')}`, flag]
  // An empty variable is the shell's way to unset one for a single command.
  const variable = setting.env.find((candidate) => env[candidate])
  if (variable !== undefined) return [variable, env[variable]]
  return [`${setting.key} in ${file.path}`, file.values[setting.key]]
}

interface ConfigFile {
  readonly path: string
  readonly values: Readonly<Record<string, string>>
}

function readFile(named: string | undefined, env: Environment): ConfigFile {
  const path = named ?? join(xdgFolder(env, 'XDG_CONFIG_HOME', '.config'), 'longhand', 'config.toml')
  const content = readText(path, named !== undefined)
  const keys = new Set<string>(Object.values(settings).map(({ key }) => key))
  const values: Record<string, string> = {}
  for (const [key, value] of Object.entries(parseFile(path, content))) {
    if (!keys.has(key)) throw new ConfigError(`unknown key ${key} in ${path}`)
    if (typeof value !== 'string' && typeof value !== 'number') {
      throw new ConfigError(`${key} in ${path} must be a text or a number`)
    }
    values[key] = String(value)
  }
  return { path, values }
}

function readText(path: string, required: boolean): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (!required && error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw new ConfigError(`cannot read the configuration file ${path}`, { cause: error })
  }
}

/** What a file of settings holds: TOML, or JSON when its name ends so. Throws `ConfigError` where that is no object. */
export function parseFile(path: string, content: string | undefined): object {
  if (content === undefined) return {}
  const json = path.endsWith('.json')
  try {
    const parsed: unknown = json ? JSON.parse(content) : parse(content)
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed
  } catch (error) {
    throw new ConfigError(`${path} is not valid ${json ? 'JSON' : 'TOML'}`, { cause: error })
  }
  throw new ConfigError(`${path} must hold an object`)
}

function readTemporal(env: Environment): TemporalConfig {
  try {
    const { connectionOptions, namespace } = loadClientConnectConfig({ overrideEnvVars: definedOnly(env) })
    return {
      external: connectionOptions.address !== undefined,
      namespace: namespace ?? 'default',
      connection: connectionOptions,
    }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new ConfigError(`the Temporal configuration cannot be read: ${reason}`, { cause: error })
  }
}

function definedOnly(env: Environment): Record<string, string> {
  const defined: Record<string, string> = {}
  for (const [name, value] of Object.entries(env)) if (value !== undefined) defined[name] = value
  return defined
}

function xdgFolder(env: Environment, variable: string, fallback: string): string {
  return env[variable] || join(env['HOME'] || homedir(), fallback)
}

function parseRoles(value: string): readonly Role[] | undefined {
  const named = value.split(',').map((name) => roles.find((role) => role === name.trim()))
  return named.every((role) => role !== undefined) ? roles.filter((role) => named.includes(role)) : undefined
}
