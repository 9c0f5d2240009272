import { setTimeout as pause } from 'node:timers/promises'
import type { Exec } from './exec.ts'
import { beginInTime } from './in-time.ts'
import type { Sandbox } from './sandbox.ts'

/** Starts a process that starts another. */
const probe = ['sh', '-c', '(:) && echo able']
/** What crowd.sh does, from outside, where there are `$0` processes and threads. It starts none. */
const clearing = `set -- /proc/[0-9]*/task/[0-9]*
[ $# -ge "$0" ] || exit
echo > /run/longhand/clearing
echo > /run/longhand/untold
kill -9 -1`
const rounds = 5
const roundMs = 200

/** Whether a process that is started in there can start another. Rejects with `HandsUnavailable` when it cannot tell. */
export async function hasRoom(exec: Exec): Promise<boolean> {
  const { stdout } = await beginInTime((signal) => exec(probe, { signal }), 'begins nothing')
  return Buffer.from(stdout).toString() === 'able\n'
}

export interface Clearing {
  /** Starts what ends the agent's processes, which has to find room itself. */
  readonly exec: Exec
  /** Default: `exec`. */
  readonly check?: Exec
  /** Processes and threads in there below which they are not what is in the way, and are left alone. */
  readonly least: number
}

/** Ends the agent's processes, which leave no room for another: false when there is none behind that either. */
export async function clearWay({ exec, check = exec, least }: Clearing): Promise<boolean> {
  for (let round = 0; round < rounds; round++) {
    // A shell inside may be at it, or done in a moment.
    await pause(roundMs)
    if (await hasRoom(check)) return true
    const words = ['sh', '-c', clearing, String(least)]
    await beginInTime((signal) => exec(words, { signal }), 'ends nothing')
    if (await hasRoom(check)) return true
  }
  return false
}

/** The same sandbox; `notes` tells of it what is to be told before the outcome of what ran in it. */
export function watchClearing(sandbox: Sandbox): {
  readonly sandbox: Sandbox
  readonly notes: () => readonly string[]
} {
  let isCleared = false
  return {
    notes: () => (isCleared ? [cleared] : []),
    sandbox: {
      cancel: (id) => sandbox.cancel(id),
      busy: () => sandbox.busy(),
      running: () => sandbox.running(),
      read: (request) => sandbox.read(request),
      write: (request) => sandbox.write(request),
      keep: (id) => sandbox.keep(id),
      async run(request) {
        const result = await sandbox.run(request)
        isCleared ||= result.isCleared
        return result
      },
    },
  }
}

const cleared =
  'The processes of earlier calls had left no room for another one: before this call everything that ran in the sandbox was ended. Its files are still there; start fewer processes at once.'
