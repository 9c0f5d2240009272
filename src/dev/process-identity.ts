import { readFileSync } from 'node:fs'

/** A process that can be recognised again although ids are reused: its id and, on Linux, its start time in ticks. */
export interface ProcessIdentity {
  readonly pid: number
  readonly start: string | null
}

/** The identity of a live process, `undefined` when there is none with that id or only its zombie. */
export function identifyProcess(pid: number): ProcessIdentity | undefined {
  if (!answersSignals(pid)) return undefined
  if (process.platform !== 'linux') return { pid, start: null }
  const stat = readStat(pid)
  if (stat === undefined) return undefined
  // The command name, in parentheses, may hold anything: count the fields behind its end.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return fields[0] === 'Z' ? undefined : { pid, start: fields[19] ?? null }
}

/** Whether this very process still runs. */
export function isRunning(identity: ProcessIdentity): boolean {
  return identifyProcess(identity.pid)?.start === identity.start
}

function answersSignals(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

function readStat(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8')
  } catch {
    return undefined
  }
}
