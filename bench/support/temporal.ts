import { join } from 'node:path'
import type { ProcessSpec } from '../../src/dev/supervisor.ts'
import { findTemporalBinary, temporalProcess } from '../../src/dev/temporal.ts'

/** When SQLite waits for the disk: at every commit (`full`) or at checkpoints (`normal`). */
export type Synchronous = 'full' | 'normal'

/** The dynamic configuration: that of `longhand dev`, or what the server does by itself. */
export type Flags = 'tuned' | 'default'

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
  const isKept = (index: number): boolean => ![server.args[index], server.args[index - 1]].includes(dynamicConfig)
  const args = server.args
    .filter((_, index) => flags === 'tuned' || isKept(index))
    .map((argument) => argument.replace(/^synchronous=.*/, `synchronous=${synchronous}`))
  return { process: { ...server, args }, flags: args.filter((argument) => argument.includes('=')) }
}
