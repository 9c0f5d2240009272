import { execFile } from 'node:child_process'
import { readFile, readdir, readlink } from 'node:fs/promises'
import { promisify } from 'node:util'
import { identifyProcess, isRunning } from '../../src/dev/process-identity.ts'
import type { Leftover } from './leftover.ts'

/** One of the runner's own, which it ends after the set-up's teardown. */
const runner = /node_modules\/vitest\//
const shown = 160

/**
 * Processes whose environment, arguments, folder or mounts name one of the marks: what a test has started inherits the
 * run's temporary folder, and what has an environment of its own works in one below it. None where there is no /proc.
 */
export async function findProcesses(marks: readonly string[]): Promise<readonly Leftover[]> {
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name)).map(Number)
  return (await Promise.all(pids.map((pid) => examine(pid, marks)))).filter((found) => found !== null)
}

async function examine(pid: number, marks: readonly string[]): Promise<Leftover | null> {
  const identity = identifyProcess(pid)
  if (pid === process.pid || identity === undefined) return null
  const read = (file: string) => readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '')
  const cwd = readlink(`/proc/${pid}/cwd`).catch(() => '')
  const [line, ...rest] = await Promise.all([read('cmdline'), read('environ'), read('mountinfo'), cwd])
  const isMarked = [line, ...rest].some((text) => marks.some((mark) => text.includes(mark)))
  if (!isMarked || (runner.test(line) && (await parentOf(pid)) === process.pid)) return null
  return {
    kind: 'process',
    what: `${pid}: ${line.replaceAll('\0', ' ').trim().slice(0, shown)}`,
    remove: async () => {
      if (isRunning(identity)) process.kill(pid, 'SIGKILL')
    },
  }
}

async function parentOf(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
}

/** Those that keep the folder from being removed; the last made is the first. */
export async function findMounts(folder: string): Promise<readonly Leftover[]> {
  const lines = (await readFile('/proc/self/mounts', 'utf8').catch(() => '')).split('\n')
  const places = lines.map((line) => line.split(' ')[1] ?? '').filter((place) => place.startsWith(`${folder}/`))
  return places.toReversed().map((place) => ({
    kind: 'mount',
    what: place,
    remove: async () => void (await promisify(execFile)('umount', ['-l', place])),
  }))
}
