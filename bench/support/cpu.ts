import { readdir, readFile } from 'node:fs/promises'

/** What `/proc` counts in: a hundredth of a second on every Linux that Node runs on. */
const tickMs = 10

interface Process {
  readonly pid: number
  readonly parent: number
  readonly cpuMs: number
}

/** Milliseconds of CPU that each process and what it has started have spent so far. Linux only. */
export async function readCpuMs<Name extends string>(
  pids: Readonly<Record<Name, number>>,
): Promise<Record<Name, number>> {
  const all = await listProcesses()
  const sum = (pid: number): number =>
    all.reduce(
      (total, each) => total + (each.pid === pid ? each.cpuMs : 0) + (each.parent === pid ? sum(each.pid) : 0),
      0,
    )
  const entries = Object.entries<number>(pids).map(([name, pid]) => [name, sum(pid)])
  // One for each name of `pids`.
  return Object.fromEntries(entries) as Record<Name, number>
}

async function listProcesses(): Promise<readonly Process[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const found = await Promise.all(
    pids.map(async (pid) => {
      // Gone between the two calls: it was none of ours.
      const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
      // The second field, in brackets, may hold anything: from behind it on, state is the first.
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      const cpuMs = (Number(fields[11]) + Number(fields[12])) * tickMs
      return { pid: Number(pid), parent: Number(fields[1]), cpuMs }
    }),
  )
  return found.filter(({ cpuMs }) => !Number.isNaN(cpuMs))
}
