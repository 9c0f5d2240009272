import { mkdirSync } from 'node:fs'
import type { DevOptions } from './dev-options.ts'
import { deleteDevState, writeDevState } from './dev-state.ts'
import type { DevState } from './dev-state.ts'
import { lockFolder } from './folder-lock.ts'
import { startProcesses } from './processes.ts'
import type { Running } from './processes.ts'
import { StartError } from './start-error.ts'
import { Supervisor } from './supervisor.ts'

/** All processes of a data folder, running. Disposal ends them, in order, and leaves nothing but the folder. */
export interface Dev extends AsyncDisposable {
  /** The present state: process ids change with restarts. */
  state(): DevState
  /** Whether the model is the scripted one. */
  readonly scripted: boolean
  /** `api`, `worker`, `temporal`, `postgres` and `model`, as far as they are ours. */
  readonly supervisor: Pick<Supervisor, 'pid' | 'hold' | 'release'>
}

/**
 * Starts Postgres, Temporal, `api` and `worker` on loopback and on a data folder, and resolves when all serve. Throws
 * `StartError` with the remedy; nothing runs then.
 */
export async function startDev(options: DevOptions): Promise<Dev> {
  const { config, signal } = options
  createDataFolder(config.data)
  const lock = await lockFolder(config.data)
  let running: Running | undefined
  let published = Promise.resolve()
  const supervisor = new Supervisor({
    onEvent(event) {
      if (event.type === 'ready') publish()
      options.onEvent?.(event)
    },
  })
  function publish(): void {
    if (running === undefined) return
    const state = describe(running, supervisor)
    published = published.then(() => writeDevState(state))
  }
  const onAbort = () => void supervisor.stop()
  signal?.addEventListener('abort', onAbort, { once: true })
  async function stop(): Promise<void> {
    signal?.removeEventListener('abort', onAbort)
    await supervisor.stop()
    await options.endSandboxes?.()
    await published
    await deleteDevState(config.data)
    await lock[Symbol.asyncDispose]()
  }
  try {
    signal?.throwIfAborted()
    if (supervisor.reaperPid !== undefined) await lock.setReaper(supervisor.reaperPid)
    const started = await startProcesses(options, supervisor)
    running = started
    publish()
    await published
    const { scripted } = started
    return { state: () => describe(started, supervisor), scripted, supervisor, [Symbol.asyncDispose]: stop }
  } catch (error) {
    await stop()
    throw error
  }
}

function createDataFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
  } catch (cause) {
    throw new StartError(`the data folder ${folder} cannot be made`, 'Name another with --data or LONGHAND_DATA.', {
      cause,
    })
  }
}

function describe(running: Running, supervisor: Supervisor): DevState {
  const pid = (name: string) => supervisor.pid(name) ?? null
  return {
    base_url: running.baseUrl,
    api_key: running.apiKey,
    temporal_address: running.temporalAddress,
    temporal_ui: running.temporalUi,
    data: running.data,
    pids: { api: pid('api'), worker: pid('worker'), temporal: pid('temporal'), postgres: pid('postgres') },
  }
}
