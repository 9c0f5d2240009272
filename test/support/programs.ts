import { mkdtemp, rm } from 'node:fs/promises'
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

/** Resolves when none of the processes is left; the test's own time-out is the limit. */
export async function untilGone(pids: readonly number[]): Promise<void> {
  while (pids.some((pid) => identifyProcess(pid) !== undefined)) await delay(20)
}
