import { isRequiringAction } from '../session/state.ts'
import type { SessionRow } from '../store/sessions.ts'
import type { WorkItem } from '../store/work.ts'
import type { ApiContext } from './context.ts'
import { readLog } from './read-log.ts'

/**
 * The item whose worker has just shown that it lives, asked to stop when its session has nothing for it: it has ended,
 * or it is idle for long and waits for nobody. Workers see that by themselves, except of a session that was idle before
 * they came. Never rejects: the lease is stored, and a worker that is not told so loses it, with the call that it runs.
 * What cannot be found out or done now is at the next heartbeat.
 */
export async function releaseSpare(context: ApiContext, item: WorkItem): Promise<WorkItem> {
  if (item.state !== 'active') return item
  try {
    const row = await context.sessions.find(item.sessionId)
    if (row && !hasEnded(row) && !(await isSpare(context, item, row))) return item
    const stopped = await context.work.stop(item, { force: false, by: 'server' })
    return stopped?.item ?? item
  } catch {
    return item
  }
}

function hasEnded({ status, archivedAt }: SessionRow): boolean {
  return status === 'terminated' || archivedAt !== null
}

/** The row is a hint, and saves reading the log at most heartbeats. */
async function isSpare(context: ApiContext, item: WorkItem, row: SessionRow): Promise<boolean> {
  const { startedAt, latestHeartbeatAt } = item
  // By the store's clock, as the rows are: this process may believe in another time.
  const before = (latestHeartbeatAt?.getTime() ?? 0) - context.workTimes.idle
  if (row.status !== 'idle' || row.updatedAt.getTime() > before || (startedAt?.getTime() ?? 0) > before) return false
  const { state, changedAt } = await readLog(context, row)
  return state.status === 'idle' && !isRequiringAction(state) && changedAt <= before
}
