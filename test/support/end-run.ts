import { rmSync } from 'node:fs'
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { findContainers, findImages, findVolumes } from './leftover-containers.ts'
import { findMounts, findProcesses } from './leftover-processes.ts'
import type { Leftover } from './leftover.ts'
import type { TestRun } from './test-run.ts'
import { listFolder, readMade } from './test-run.ts'

/** What ends by itself after its test, as a connection's other side does, is given this long. Milliseconds. */
const PATIENCE = 15_000
const LOOK_MS = 250

/** What there is of a run at this moment, in the order in which it can be removed. Touches nothing. */
export async function findLeftovers(run: TestRun): Promise<readonly Leftover[]> {
  const made = readMade(run)
  const containers = made.filter(({ kind }) => kind === 'container').map(({ name }) => name)
  const found = [
    findContainers(run, made),
    findVolumes(run, made),
    findImages(made),
    findProcesses([run.folder, ...containers]),
    findMounts(run.folder),
    findFolders(run),
  ]
  return (await Promise.all(found)).flat()
}

/**
 * Ends a run: rejects with a list if anything is left of it, which is cleared away then, as is the run's folder.
 */
export async function endRun(run: TestRun, patience: number = PATIENCE): Promise<void> {
  const deadline = Date.now() + patience
  let left = await findLeftovers(run)
  while (left.length > 0 && Date.now() < deadline) {
    await delay(LOOK_MS)
    left = await findLeftovers(run)
  }
  const failures = await clear(left)
  await rm(run.folder, { recursive: true, force: true, maxRetries: 5 })
  if (left.length === 0) return
  const list = left.map(({ kind, what }) => `  ${kind} ${what}`)
  const end = failures.length === 0 ? ['It was cleared away now.'] : ['Not all could be cleared away:', ...failures]
  throw new Error(['After the tests there was left behind:', ...list, ...end].join('\n'))
}

/** One after the other: a folder cannot be removed before the processes that work in it. Answers what went wrong. */
async function clear(left: readonly Leftover[]): Promise<readonly string[]> {
  const failures: string[] = []
  for (const { kind, what, remove } of left)
    await remove().catch((error: unknown) => failures.push(`  ${kind} ${what}: ${String(error)}`))
  return failures
}

async function findFolders(run: TestRun): Promise<readonly Leftover[]> {
  const describe = async (name: string): Promise<Leftover> => {
    const path = join(run.folder, name)
    const inside = await readdir(path).catch(() => [])
    return {
      kind: 'folder',
      what: `${name} (${inside.slice(0, 5).join(', ')})`,
      remove: async () => rmSync(path, { recursive: true, force: true, maxRetries: 5 }),
    }
  }
  return Promise.all(listFolder(run).map(describe))
}
