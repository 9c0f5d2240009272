import { proxyActivities, workflowInfo } from '@temporalio/workflow'
import type { SessionActivities } from '../activities/index.ts'
import type { EarlierRun } from '../session/carry.ts'
import { archiveRunOptions } from './options.ts'

/** Has runs copied into the archive, beside the turn and never in front of it. */
export interface Archivist {
  /** Runs not known to be in the archive, oldest first. */
  readonly unarchived: readonly EarlierRun[]
  /** Copies what is left, one run after another. */
  archive(): Promise<void>
  /** The same for this run too, as far as it has come. */
  finish(): Promise<void>
}

export function createArchivist(earlier: readonly EarlierRun[], present: number): Archivist {
  const { workflowId: session, runId, taskQueue } = workflowInfo()
  let unarchived = earlier
  let working = Promise.resolve()

  async function copy({ run, id }: EarlierRun): Promise<void> {
    const { archiveRun } = proxyActivities<SessionActivities>(archiveRunOptions(taskQueue, run))
    await archiveRun({ session, run, id })
  }

  /** A run leaves the list by the copy's result alone; one that cannot be copied stays in it, for the next run to try. */
  async function work(): Promise<void> {
    for (const run of unarchived) {
      try {
        await copy(run)
        unarchived = unarchived.filter((other) => other !== run)
      } catch {
        continue
      }
    }
  }

  return {
    get unarchived() {
      return unarchived
    },
    archive() {
      working = working.then(work)
      return working
    },
    finish() {
      working = working.then(work).then(() => copy({ run: present, id: runId }))
      // What could not be copied now is the sweeper's.
      return working.catch(() => undefined)
    },
  }
}
