import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { onTestFinished } from 'vitest'
import { identifyProcess } from '../../src/dev/process-identity.ts'

/** A folder that goes with the test. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'longhand-test-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** Throws where there is none: 0 as an id is the whole group of whoever asks. */
export function killProcess(pid: number | null | undefined): void {
  if (!pid) throw new Error(`expected a process to kill, got ${pid}`)
  process.kill(pid, 'SIGKILL')
}

/** Every process that has kept the doors of this data folder, by the log that each writes when it begins; last one last. */
export async function egressPids(data: string): Promise<readonly number[]> {
  const lines = (await readFile(join(data, 'logs', 'egress.log'), 'utf8')).trim().split('\n')
  const said = lines.map((line) => JSON.parse(line) as { pid: number; msg: string })
  return said.filter(({ msg }) => msg === 'the egress process is ready').map(({ pid }) => pid)
}

/** Resolves when none of the processes is left; the test's own time-out is the limit. */
export async function untilGone(pids: readonly number[]): Promise<void> {
  while (pids.some((pid) => identifyProcess(pid) !== undefined)) await delay(20)
}
