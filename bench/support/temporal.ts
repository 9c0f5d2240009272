import { join } from 'node:path'
import type { ProcessSpec } from '../../src/dev/supervisor.ts'
import { findTemporalBinary, temporalProcess } from '../../src/dev/temporal.ts'

/** When SQLite waits for the disk: at every commit (`full`) or at checkpoints (`normal`). */
export type Synchronous = 'full' | 'normal'

/** The dynamic configuration: that of `longhand dev`, the same without pushed cancellations, or what the server does by itself. */
export type Flags = 'tuned' | 'unpushed' | 'default'

export interface BenchTemporalOptions {
  /** Folder of `temporal.json`. */
  readonly cache: string
  /** Gets the database and the log. */
  readonly folder: string
  readonly port: number
  readonly uiPort: number
  readonly synchronous: Synchronous
  readonly flags: Flags
}

export interface BenchTemporal {
  readonly process: ProcessSpec
  /** What its arguments set: pragmas and dynamic configuration. */
  readonly flags: readonly string[]
}

const dynamicConfig = '--dynamic-config-value'
const pushing = /^(system\.enableCancelActivityWorkerCommand|frontend\.WorkerCommandsEnabled)=/

/** The Temporal dev server of `longhand dev`, but for the two settings that are compared. */
export async function benchTemporal(options: BenchTemporalOptions): Promise<BenchTemporal> {
  const { cache, folder, port, uiPort, synchronous, flags } = options
  const server = temporalProcess({
    binary: await findTemporalBinary(cache),
    database: join(folder, 'temporal.db'),
    logFile: join(folder, 'temporal.log'),
    env: process.env,
    port,
    uiPort,
  })
  const isKept = (index: number): boolean => {
    const isName = server.args[index] === dynamicConfig
    if (!isName && server.args[index - 1] !== dynamicConfig) return true
    const value = server.args[isName ? index + 1 : index] ?? ''
    return flags === 'tuned' || (flags === 'unpushed' && !pushing.test(value))
  }
  const args = server.args
    .filter((_, index) => isKept(index))
    .map((argument) => argument.replace(/^synchronous=.*/, `synchronous=${synchronous}`))
  return { process: { ...server, args }, flags: args.filter((argument) => argument.includes('=')) }
}
