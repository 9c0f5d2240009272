import { availableParallelism, cpus, loadavg, release, totalmem, type } from 'node:os'

/** What a figure depends on besides the code. */
export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memoryGiB: number
  readonly system: string
  readonly node: string
}

export function readMachine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${release()}`,
    node: process.version,
  }
}

export function toLine(machine: Machine): string {
  return `${machine.cores} cores of ${machine.cpu}, ${machine.memoryGiB} GiB, ${machine.system}, Node ${machine.node}`
}

/** The 1-minute load average. */
export function readLoad(): number {
  return loadavg()[0] ?? Number.NaN
}

/** Milliseconds of CPU that the whole machine has spent since its start, whoever spent them. */
export function readBusyMs(): number {
  return cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0)
}
