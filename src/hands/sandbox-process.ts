import { readdir, readFile, readlink } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { HandsUnavailable } from './hands.ts'

/** A process that no other process can be mistaken for, not even after its pid was given away again. */
export interface ProcessIdentity {
  readonly pid: number
  /** Field 22 of /proc/PID/stat: clock ticks between the host's boot and the start of the process. */
  readonly startTime: string
  /** The host's own boot id. */
  readonly hostBoot: string
}

const killPatience = 5_000
const killPoll = 5
/** For that all of /proc is looked through. */
const continuePoll = 1_000

/** The identity of a living process; null when there is none with this pid. */
export async function identify(pid: number): Promise<ProcessIdentity | null> {
  const startTime = await readStartTime(pid)
  return startTime === null ? null : { pid, startTime, hostBoot: await readHostBoot() }
}

export async function isRunning({ pid, startTime, hostBoot }: ProcessIdentity): Promise<boolean> {
  return (await readStartTime(pid)) === startTime && (await readHostBoot()) === hostBoot
}

/** Whether its namespaces can still be entered: a process loses them some time before it is gone. */
export async function isEnterable(identity: ProcessIdentity): Promise<boolean> {
  const link = await readlink(`/proc/${identity.pid}/ns/ipc`).catch(() => null)
  return link !== null && isRunning(identity)
}

/** Whether process `pid` lives in the pid namespace with this inode number. */
export async function isInPidNamespace(pid: number, inode: number): Promise<boolean> {
  return (await namespaceOf(pid, 'pid')) === `pid:[${inode}]`
}

/** SIGKILL, then waits until the process is gone; one that is gone already is success. */
export async function endProcess(identity: ProcessIdentity): Promise<void> {
  const deadline = Date.now() + killPatience
  const namespace = await namespaceOf(identity.pid, 'pid')
  let continueAt = 0
  while (await isRunning(identity)) {
    try {
      process.kill(identity.pid, 'SIGKILL')
    } catch (error) {
      if (!(error instanceof Error) || !('code' in error) || error.code !== 'ESRCH') throw error
    }
    if (Date.now() > deadline) throw new HandsUnavailable(`process ${identity.pid} does not end after SIGKILL`)
    await pause(killPoll)
    if (namespace === null || Date.now() < continueAt || !(await isRunning(identity))) continue
    await continueEntrants(namespace)
    continueAt = Date.now() + continuePoll
  }
}

/**
 * SIGCONT to every process outside that has started others in this pid namespace. nsenter stops itself when what it has
 * started is stopped, and process 1 is not gone before nsenter has taken note of its child's end.
 */
async function continueEntrants(namespace: string): Promise<void> {
  const names = await readdir('/proc')
  for (const pid of names.filter((name) => /^[0-9]+$/.test(name)).map(Number)) {
    if ((await namespaceOf(pid, 'pid_for_children')) !== namespace) continue
    if ((await namespaceOf(pid, 'pid')) === namespace) continue
    try {
      process.kill(pid, 'SIGCONT')
    } catch {
      // It has ended, or is not ours to continue.
    }
  }
}

/** Null for a process that is gone or may not be looked at; one that is about to go has no `pid_for_children` already. */
function namespaceOf(pid: number, kind: 'pid' | 'pid_for_children'): Promise<string | null> {
  return readlink(`/proc/${pid}/ns/${kind}`).catch(() => null)
}

/** Null for a process that is gone or only waits to be reaped. */
async function readStartTime(pid: number): Promise<string | null> {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => null)
  if (stat === null) return null
  // The second field is the program's name in brackets and may hold anything, brackets and spaces included.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return fields[0] === 'Z' || fields[0] === 'X' ? null : (fields[19] ?? null)
}

async function readHostBoot(): Promise<string> {
  return (await readFile('/proc/sys/kernel/random/boot_id', 'latin1')).trim()
}
