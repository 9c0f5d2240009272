import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { identifyProcess, isRunning } from './process-identity.ts'
import type { ProcessIdentity } from './process-identity.ts'

/** What `longhand dev --json` prints when it is ready. What is not ours to run has no process id and no UI. */
export interface DevState {
  readonly base_url: string
  readonly api_key: string
  readonly temporal_address: string
  readonly temporal_ui: string | null
  readonly data: string
  readonly pids: {
    readonly api: number | null
    readonly worker: number | null
    readonly temporal: number | null
    readonly postgres: number | null
  }
}

const fileName = 'dev.json'

/** Leaves the state in its data folder, readable by its owner alone, for the commands that talk to a running `dev`. */
export async function writeDevState(state: DevState): Promise<void> {
  const file = join(state.data, fileName)
  const content = JSON.stringify({ owner: identifyProcess(process.pid), state })
  await writeFile(`${file}.new`, content, { mode: 0o600 })
  await rename(`${file}.new`, file)
}

/** The state of the `dev` that runs on this data folder, `undefined` when none does. */
export async function readDevState(data: string): Promise<DevState | undefined> {
  try {
    // Written by `writeDevState` of the same version or one with the same fields.
    const { owner, state } = JSON.parse(await readFile(join(data, fileName), 'utf8')) as {
      owner: ProcessIdentity
      state: DevState
    }
    return isRunning(owner) ? state : undefined
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

export async function deleteDevState(data: string): Promise<void> {
  await rm(join(data, fileName), { force: true })
}
