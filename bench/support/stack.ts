import { mkdtemp, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { Connection } from '@temporalio/client'
import { findFreePorts } from '../../src/dev/ports.ts'
import { awaitReady } from '../../src/dev/ready.ts'
import { Supervisor } from '../../src/dev/supervisor.ts'
import { benchTemporal } from './temporal.ts'
import type { Flags, Synchronous } from './temporal.ts'

export interface StackOptions {
  readonly synchronous: Synchronous
  /** `tuned` if not given. */
  readonly flags?: Flags
  /** A TypeScript file that gets the address as its argument and calls `announceReady`. */
  readonly worker: string
}

/** A Temporal dev server on a database file of its own, started as `longhand dev` starts it, with one worker process. */
export interface Stack {
  /** Reads history pages of any size that the server sends. */
  readonly connection: Connection
  /** The server's settings that bear on speed: pragmas and dynamic configuration. */
  readonly settings: readonly string[]
}

/** Runs `use` against a stack that exists for that long: afterwards its processes and its database are gone. */
export async function withStack<T>(
  { synchronous, flags = 'tuned', worker }: StackOptions,
  use: (stack: Stack) => Promise<T>,
): Promise<T> {
  const cache = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'longhand')
  // Not the folder for temporary files: where that is in memory, waiting for the disk would cost nothing.
  const folder = await mkdtemp(join(cache, 'bench-'))
  try {
    await using supervisor = new Supervisor()
    const { port, uiPort } = await findFreePorts(['port', 'uiPort'])
    const address = `127.0.0.1:${port}`
    const shared = { env: process.env, logFile: join(folder, 'log') }
    const temporal = await benchTemporal({ cache, folder, port, uiPort, synchronous, flags })
    await supervisor.start(temporal.process)
    const command = { command: process.execPath, args: ['--import', 'tsx', worker, address] }
    await supervisor.start({ ...shared, ...command, name: 'worker', ipc: true, ready: awaitReady })
    await using connection = await connect(address)
    return await use({ connection: connection.value, settings: temporal.flags })
  } finally {
    await rm(folder, { recursive: true })
  }
}

async function connect(address: string): Promise<AsyncDisposable & { readonly value: Connection }> {
  // Without this argument pages of more than 4 MiB fail.
  const channelArgs = { 'grpc.max_receive_message_length': 64 * 2 ** 20 }
  const value = await Connection.connect({ address, channelArgs })
  return { value, [Symbol.asyncDispose]: () => value.close() }
}
