import { LogIncomplete, LogNotFound } from '../history/session-log.ts'
import type { SessionLog } from '../history/session-log.ts'
import type { FileStore } from '../store/files.ts'
import type { SessionResourceStore, UnsettledResource } from '../store/session-resources.ts'
import { attempt } from './attempt.ts'

const EVERY_MS = 60_000
/** Longer than the request that began with it may take. */
const UNSETTLED_MS = 60_000
/** What the log does not have by then it never will: no update is on its way for so long. */
const LOST_MS = 3_600_000
const AT_A_TIME = 100

export interface ResourceSweepPorts {
  readonly resources: Pick<SessionResourceStore, 'unsettled' | 'settle' | 'remove' | 'giveUp'>
  readonly files: Pick<FileStore, 'delete'>
  readonly log: Pick<SessionLog, 'read'>
  readonly warn: (details: object, message: string) => void
}

/**
 * Makes the index of resources what the logs say where a request that added or removed one died on its way. A file that
 * no log took up goes with its copy. Between two looks, a minute, it does nothing; `now` is in milliseconds.
 */
export function createResourceSweep(ports: ResourceSweepPorts): (now: number) => Promise<void> {
  let looked = -Infinity
  return async (now) => {
    if (now < looked + EVERY_MS) return
    looked = now
    for (const row of await ports.resources.unsettled(UNSETTLED_MS, AT_A_TIME)) {
      await attempt(ports, row.sessionId, () => settle(ports, row))
    }
  }
}

async function settle({ resources, files, log }: ResourceSweepPorts, row: UnsettledResource): Promise<void> {
  const { sessionId, workspaceId, resource, pending, age } = row
  if (await isLogged(log, row)) return resources.settle(sessionId, resource.id)
  if (pending === 'added' && age < LOST_MS) return
  if (pending === 'removed') return resources.remove(sessionId, resource.id)
  // Whoever has begun to add it anew has made it young again. The copy is found as a file of the session if this dies here.
  if (!(await resources.giveUp(sessionId, resource.id, LOST_MS))) return
  if (resource.type === 'file') await files.delete(workspaceId, resource.file_id)
}

async function isLogged(log: ResourceSweepPorts['log'], { sessionId, resource }: UnsettledResource): Promise<boolean> {
  try {
    return (await log.read(sessionId)).state.resources?.includes(resource.id) === true
  } catch (error) {
    if (error instanceof LogNotFound && !(error instanceof LogIncomplete)) return false
    throw error
  }
}
