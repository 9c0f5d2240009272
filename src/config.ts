import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { loadClientConnectConfig } from '@temporalio/envconfig'
import type { ClientConnectConfig } from '@temporalio/envconfig'
import { parse } from 'smol-toml'
import { DEFAULT_QUOTAS } from './api/quota.ts'
import { DEFAULT_IMAGE } from './hands/docker/image.ts'

/** Where a session's hands may run; `auto` is docker if its daemon answers and has the image, else local. */
export type SandboxChoice = 'auto' | 'docker' | 'local'

const backends = ['anthropic', 'aws', 'bedrock', 'foundry', 'google-cloud', 'vertex'] as const
/** What serves the models: Anthropic's API or one like it at another address, or a cloud by the SDK's sibling package. */
export type ModelBackend = (typeof backends)[number]

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
  readonly port: number
  /** The key that clients present. */
  readonly apiKey: string | undefined
  readonly sandbox: SandboxChoice
  /** Image of Docker sandboxes: a name or an id that the daemon has. */
  readonly sandboxImage: string
  /** 32 bytes for the payload codec (AES-256-GCM). */
  readonly codecKey: Uint8Array | undefined
  /** History events, and signals, after which a session's workflow goes over to another run. */
  readonly runEvents: number
  /** Requests a second that one api process takes of a workspace. */
  readonly workspaceRequests: number
  /** Sessions of a workspace that may run at once. */
  readonly workspaceSessions: number
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

interface Setting<T> {
  /** Environment variables, the first that is set wins. */
  readonly env: readonly [string, ...string[]]
  /** Key in the configuration file. */
  readonly key: string
  readonly expected: string
  /** `undefined` when the text is not what `expected` says. */
  readonly parse: (text: string) => T | undefined
}

const text = { expected: 'a text that is not empty', parse: (value: string) => value || undefined }
const count = { expected: 'a whole number of at least 1', parse: parseCount }
const settings = {
  modelApiKey: { env: ['LONGHAND_MODEL_API_KEY', 'ANTHROPIC_API_KEY'], key: 'model_api_key', ...text },
  modelBaseUrl: { env: ['LONGHAND_MODEL_BASE_URL'], key: 'model_base_url', ...modelUrl() },
  modelBackend: { env: ['LONGHAND_MODEL_BACKEND'], key: 'model_backend', ...choice(backends) },
  modelNames: { env: ['LONGHAND_MODEL_NAMES'], key: 'model_names', expected: 'name=name,…', parse: parseNames },
  modelWebTools: { env: ['LONGHAND_MODEL_WEB_TOOLS'], key: 'model_web_tools', ...choice(['auto', 'off']) },
  databaseUrl: { env: ['DATABASE_URL'], key: 'database_url', ...url('postgres:', 'postgresql:') },
  data: { env: ['LONGHAND_DATA'], key: 'data', expected: 'a folder', parse: (value) => value && resolve(value) },
  port: { env: ['LONGHAND_PORT'], key: 'port', expected: 'a port, 0 to 65535', parse: parsePort },
  apiKey: { env: ['LONGHAND_API_KEY'], key: 'api_key', ...text },
  sandbox: { env: ['LONGHAND_SANDBOX'], key: 'sandbox', ...choice(['auto', 'docker', 'local']) },
  sandboxImage: { env: ['LONGHAND_SANDBOX_IMAGE'], key: 'sandbox_image', ...text },
  codecKey: { env: ['LONGHAND_CODEC_KEY'], key: 'codec_key', expected: '32 bytes in base64', parse: parseCodecKey },
  runEvents: { env: ['LONGHAND_RUN_EVENTS'], key: 'run_events', ...atLeast(20) },
  workspaceRequests: { env: ['LONGHAND_WORKSPACE_REQUESTS'], key: 'workspace_requests', ...count },
  workspaceSessions: { env: ['LONGHAND_WORKSPACE_SESSIONS'], key: 'workspace_sessions', ...count },
  priceFile: { env: ['LONGHAND_PRICES'], key: 'prices', expected: 'a file', parse: (value) => value && resolve(value) },
  hourlyRate: { env: ['LONGHAND_HOURLY_RATE'], key: 'hourly_rate', expected: 'whole cents', parse: parseCents },
} satisfies { [Name in Exclude<keyof Config, 'temporal'>]: Setting<NonNullable<Config[Name]>> }

type SettingName = keyof typeof settings

/** Settings given on the command line, by the names of `Config`; `config` is the path of the configuration file. */
export type Flags = { readonly [Name in SettingName | 'config']?: string | undefined }

const fileVariable = 'LONGHAND_CONFIG'
const defaultPort = 8787
const defaultRunEvents = 1000

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
    port: read('port', settings.port) ?? defaultPort,
    apiKey: read('apiKey', settings.apiKey),
    sandbox: read('sandbox', settings.sandbox) ?? 'auto',
    sandboxImage: read('sandboxImage', settings.sandboxImage) ?? DEFAULT_IMAGE,
    codecKey: read('codecKey', settings.codecKey),
    runEvents: read('runEvents', settings.runEvents) ?? defaultRunEvents,
    workspaceRequests: read('workspaceRequests', settings.workspaceRequests) ?? DEFAULT_QUOTAS.requests,
    workspaceSessions: read('workspaceSessions', settings.workspaceSessions) ?? DEFAULT_QUOTAS.running,
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

/** Without a user and password: what a connection fails on is told to clients of the session. */
function modelUrl(): Pick<Setting<string>, 'expected' | 'parse'> {
  const { expected, parse: parseUrl } = url('http:', 'https:')
  const isOpen = (value: string): boolean => new URL(value).username === '' && new URL(value).password === ''
  return {
    expected: `${expected}, without user and password`,
    parse: (value) => (parseUrl(value) !== undefined && isOpen(value) ? value : undefined),
  }
}

function url(...protocols: string[]): Pick<Setting<string>, 'expected' | 'parse'> {
  return {
    expected: `a URL starting with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`,
    parse: (value) => (URL.canParse(value) && protocols.includes(new URL(value).protocol) ? value : undefined),
  }
}

/** Less would end runs before they have done anything. */
function atLeast(least: number): Pick<Setting<number>, 'expected' | 'parse'> {
  return {
    expected: `a whole number of at least ${least}`,
    parse: (value) => ((parseCount(value) ?? 0) < least ? undefined : parseCount(value)),
  }
}

function parseCount(value: string): number | undefined {
  return /^[1-9]\d{0,8}$/.test(value) ? Number(value) : undefined
}

function parseCents(value: string): number | undefined {
  return /^\d{1,6}$/.test(value) ? Number(value) : undefined
}

function parsePort(value: string): number | undefined {
  const port = Number(value)
  return /^\d+$/.test(value) && port <= 65_535 ? port : undefined
}

function choice<const T extends string>(names: readonly T[]): Pick<Setting<T>, 'expected' | 'parse'> {
  return {
    expected: `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`,
    parse: (value) => names.find((name) => name === value),
  }
}

function parseNames(value: string): ReadonlyMap<string, string> | undefined {
  const pairs = value.split(',').map((pair) => /^\s*([^=\s]+)\s*=\s*([^\s]+)\s*$/.exec(pair))
  return pairs.every((pair) => pair !== null)
    ? new Map(pairs.map(([, name = '', there = '']) => [name, there]))
    : undefined
}

function parseCodecKey(value: string): Uint8Array | undefined {
  const bytes = Buffer.from(value, 'base64')
  return bytes.length === 32 && bytes.toString('base64') === value ? bytes : undefined
}
