import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync, statfsSync } from 'node:fs'
import { dirname } from 'node:path'
import type { DevSettings } from './dev-options.ts'
import { readDevState } from './dev-state.ts'
import { isPortFree } from './ports.ts'
import { findPostgresBinaries } from './postgres-binaries.ts'
import { probePostgres, probeTemporal } from './probes.ts'
import { StartError } from './start-error.ts'
import { findTemporalBinary } from './temporal.ts'

/**
 * One thing `longhand doctor` looked at. `detail` says what is there, or what is wrong; `remedy` what to do then, or,
 * where all works, what would be better.
 */
export interface Finding {
  readonly name: string
  readonly ok: boolean
  readonly detail: string
  readonly remedy?: string
}

export interface CheckOptions {
  readonly config: DevSettings
  /** Folder of `temporal.json`. */
  readonly cache: string
}

const oldestNode = [20, 20] as const
const leastFreeBytes = 1024 ** 3
/** Seconds. */
const day = 24 * 60 * 60
const leastRetention = 3 * day

/** Looks at what `dev`, `api` and `worker` need, without starting any of it. Sandboxes are the hands' own business. */
export async function runChecks({ config, cache }: CheckOptions): Promise<Finding[]> {
  return [
    checkNode(process.versions.node),
    await checkTemporal(config, cache),
    await attempt('Postgres', () => checkPostgres(config)),
    checkModel(config),
    await checkPort(config),
    await attempt('data', async () => checkDataFolder(config.data)),
  ]
}

function checkNode(version: string): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const ok = major > oldestNode[0] || (major === oldestNode[0] && minor >= oldestNode[1])
  const remedy = `Install Node ${oldestNode.join('.')} or newer.`
  return { name: 'Node', ok, detail: version, ...(!ok && { remedy }) }
}

async function checkTemporal(config: DevSettings, cache: string): Promise<Finding> {
  if (!config.temporal.external) return attempt('Temporal', () => checkDevServer(cache))
  let remedy: string | undefined
  const finding = await attempt('Temporal', async () => {
    const { address, retention } = await probeTemporal(config.temporal)
    if (retention < leastRetention)
      remedy =
        `Keep them for ${leastRetention / day} days or more (temporal operator namespace update --retention 30d -n ` +
        `${config.temporal.namespace}): what is not archived by then, because Postgres is away that long, is lost.`
    return `answers at ${address}, keeps closed runs for ${describeTime(retention)}`
  })
  return { ...finding, ...(remedy !== undefined && { remedy }) }
}

async function checkDevServer(cache: string): Promise<string> {
  const binary = await findTemporalBinary(cache)
  const { status, stdout } = spawnSync(binary, ['--version'], { encoding: 'utf8' })
  if (status !== 0) throw new StartError(`${binary} does not start`, 'Run longhand setup (node scripts/setup.mjs).')
  return `dev server, ${stdout.trim()}`
}

function describeTime(seconds: number): string {
  const [n, unit] = seconds % day === 0 ? [seconds / day, 'day'] : [Math.round(seconds / 360) / 10, 'hour']
  return `${n} ${unit}${n === 1 ? '' : 's'}`
}

async function checkPostgres(config: DevSettings): Promise<string> {
  if (config.databaseUrl !== undefined) {
    await probePostgres(config.databaseUrl)
    return `answers at ${new URL(config.databaseUrl).host}`
  }
  const binaries = await findPostgresBinaries()
  const { status, stdout, stderr } = spawnSync(`${binaries}/bin/initdb`, ['--version'], { encoding: 'utf8', cwd: '/' })
  if (status !== 0) throw new StartError(`the packaged Postgres does not start: ${stderr.trim()}`, 'Set DATABASE_URL.')
  return `packaged, ${stdout.trim()}`
}

// No key is a choice, not a fault: `dev` has a scripted model.
function checkModel(config: DevSettings): Finding {
  if (config.modelBackend !== 'anthropic')
    return { name: 'model', ok: true, detail: `${config.modelBackend}, with the credentials of that cloud` }
  const key = config.modelApiKey === undefined ? 'no key: dev uses the scripted model' : 'a key is set'
  const detail = config.modelBaseUrl === undefined ? key : `${key}, at ${config.modelBaseUrl}`
  return { name: 'model', ok: true, detail }
}

async function checkPort({ port, data }: DevSettings): Promise<Finding> {
  if (port === 0 || (await isPortFree(port))) return { name: 'port', ok: true, detail: `${port} is free` }
  const state = await readDevState(data)
  if (state !== undefined && new URL(state.base_url).port === String(port)) {
    return { name: 'port', ok: true, detail: `${port}, where dev is running` }
  }
  const remedy = 'Stop what listens there, or choose another with --port.'
  return { name: 'port', ok: false, detail: `${port} on 127.0.0.1 is taken`, remedy }
}

function checkDataFolder(data: string): string {
  let folder = data
  while (!existsSync(folder)) folder = dirname(folder)
  try {
    accessSync(folder, constants.W_OK)
  } catch (cause) {
    throw new StartError(`${folder} is not writable`, 'Name another with --data or LONGHAND_DATA.', { cause })
  }
  const { bavail, bsize } = statfsSync(folder)
  const free = `${Math.floor((bavail * bsize) / 1024 ** 2)} MiB free`
  if (bavail * bsize < leastFreeBytes)
    throw new StartError(`${data}: only ${free}`, 'Make room, or name another with --data.')
  return `${data}, ${free}`
}

async function attempt(name: string, check: () => Promise<string>): Promise<Finding> {
  try {
    return { name, ok: true, detail: await check() }
  } catch (error) {
    if (!(error instanceof StartError)) throw error
    return { name, ok: false, detail: error.message, remedy: error.remedy }
  }
}
