import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Connection } from '@temporalio/client'
import { msToTs } from '@temporalio/common/lib/time.js'
import { StartError } from './start-error.ts'
import type { ProcessSpec } from './supervisor.ts'

/** Where a dev server keeps its state and listens, all on loopback. */
export interface TemporalOptions {
  readonly binary: string
  /** The database file; it must survive for sessions to survive. */
  readonly database: string
  readonly port: number
  readonly uiPort: number
  readonly logFile: string
  readonly env: NodeJS.ProcessEnv
}

const retention = '30 days'
const namespace = 'default'

// Without these every step of a session waits for a 50 ms slot of the one shard's queue. Values are JSON.
const dynamicConfig = [
  'history.transferProcessorMaxPollRPS=2000',
  'history.timerProcessorMaxPollRPS=2000',
  'history.timerProcessorMaxTimeShift="50ms"',
  'history.visibilityProcessorMaxPollRPS=200',
  'system.enableActivityEagerExecution=true',
  'matching.numTaskqueueReadPartitions=1',
  'matching.numTaskqueueWritePartitions=1',
  // One long poll per watched session.
  'frontend.namespaceCount=10000',
  // Both are needed to push a cancel to the worker at once; servers before 1.32 ignore them.
  'system.enableCancelActivityWorkerCommand=true',
  'frontend.WorkerCommandsEnabled=true',
  // Decisions ride in memos of up to 16 KiB: the default of 2 KB would warn at every one.
  'limit.memoSize.warn=65536',
]

// `full`: what the server acknowledged survives a power cut as far as the disk keeps what it synced.
const pragmas = ['journal_mode=wal', 'synchronous=full']

/** The arguments of `temporal` for the dev server. */
export function temporalArguments({
  database,
  port,
  uiPort,
}: Pick<TemporalOptions, 'database' | 'port' | 'uiPort'>): string[] {
  const network = ['--ip', '127.0.0.1', '--port', String(port), '--ui-port', String(uiPort)]
  const storage = ['--db-filename', database, ...pragmas.flatMap((pragma) => ['--sqlite-pragma', pragma])]
  const config = dynamicConfig.flatMap((entry) => ['--dynamic-config-value', entry])
  return ['server', 'start-dev', '--log-level', 'error', ...network, ...storage, ...config]
}

/** The dev server as a process; ready once its namespace keeps closed runs for 30 days. */
export function temporalProcess(options: TemporalOptions): ProcessSpec {
  return {
    name: 'temporal',
    command: options.binary,
    args: temporalArguments(options),
    env: options.env,
    logFile: options.logFile,
    ready: (_child, signal) => keepClosedRuns(`127.0.0.1:${options.port}`, signal),
  }
}

/** The binary that `scripts/setup.mjs` found or made, by `temporal.json` in the cache folder. */
export async function findTemporalBinary(cache: string): Promise<string> {
  const file = join(cache, 'temporal.json')
  const remedy = 'Run longhand setup (node scripts/setup.mjs), or set TEMPORAL_ADDRESS to a cluster of yours.'
  let content: string
  try {
    content = await readFile(file, 'utf8')
  } catch (cause) {
    throw new StartError('no Temporal dev server has been set up', remedy, { cause })
  }
  const value: unknown = JSON.parse(content)
  if (typeof value === 'object' && value !== null && 'path' in value && typeof value.path === 'string')
    return value.path
  throw new StartError(`${file} does not name the Temporal dev server`, remedy)
}

async function connectTemporal(address: string, signal: AbortSignal): Promise<Connection> {
  return retry(signal, () => Connection.connect({ address, connectTimeout: '2s' }))
}

async function keepClosedRuns(address: string, signal: AbortSignal): Promise<void> {
  const connection = await connectTemporal(address, signal)
  try {
    // The default namespace appears a moment after the port.
    await retry(signal, () =>
      connection.withDeadline(Date.now() + 2_000, () =>
        connection.workflowService.updateNamespace({
          namespace,
          config: { workflowExecutionRetentionTtl: msToTs(retention) },
        }),
      ),
    )
  } finally {
    await connection.close()
  }
}

const retryMs = 50

async function retry<T>(signal: AbortSignal, attempt: () => Promise<T>): Promise<T> {
  for (;;) {
    signal.throwIfAborted()
    try {
      return await attempt()
    } catch (error) {
      await delay(retryMs, undefined, { signal }).catch(() => {
        throw error
      })
    }
  }
}
