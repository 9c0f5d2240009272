import { setTimeout as sleep } from 'node:timers/promises'
import { LogIncomplete, LogNotFound } from '../history/session-log.ts'
import type { SessionLog } from '../history/session-log.ts'
import { toWireUsage } from '../session/wire-usage.ts'
import type { SessionRow, SessionStore } from '../store/sessions.ts'
import { attempt } from './attempt.ts'

/** A row that says creating or running and was not written for this long is looked at. */
const STALE_MS = 60_000
/** A worker tells of an end before the log has it, but for not longer than a task and its repetition take. */
const END_MS = 10_000
const EVERY_MS = 10_000
/** How long a request can be repeated under its idempotency key. */
const INGRESS_MS = 48 * 60 * 60_000

export interface SweeperPorts {
  readonly sessions: SessionStore
  readonly log: SessionLog
  /** Runs the work in one process of the cluster at a time; false when another one is at it. */
  readonly exclusively: (work: () => Promise<void>) => Promise<boolean>
  /** Ends and removes what a deleted session has in Temporal; nothing there is fine. */
  readonly removeWorkflow: (session: string) => Promise<void>
  /** Forgets requests that no client repeats any more. */
  readonly pruneIngress: (before: Date) => Promise<void>
  /** Archives runs that ended without their workflow having done so, at the given time; a part of them at a time. */
  readonly archiveEnded: (now: number) => Promise<void>
  /** Invites workers again to sessions that wait for one whom nobody will send. */
  readonly staffSessions: (now: number) => Promise<void>
  /** Makes the index of resources what the logs say, once a minute. */
  readonly settleResources: (now: number) => Promise<void>
  /** Destroys the sandboxes of a deleted session that are on this host; none is fine. */
  readonly removeSandboxes: (session: string) => Promise<void>
  /** Removes a deleted session's blobs; none is fine. */
  readonly removeBlobs: (session: string) => Promise<void>
  /** Deleted sessions that have blobs, once every few minutes; none at other times. */
  readonly lateBlobs: (now: number) => Promise<readonly string[]>
  /** Removes the bytes that no file has, once every few minutes. */
  readonly removeSpareContents: (now: number) => Promise<void>
  readonly warn: (details: object, message: string) => void
}

/** One loop per worker process, one of them at work: finishes what a dead process left half done. */
export function startSweeper(ports: SweeperPorts): { stop(): Promise<void> } {
  const stopped = new AbortController()
  async function run(): Promise<void> {
    while (!stopped.signal.aborted) {
      try {
        await ports.exclusively(() => sweep(ports, Date.now()))
      } catch (error) {
        ports.warn({ err: error }, 'sweep failed; it is tried again')
      }
      await sleep(EVERY_MS, undefined, { signal: stopped.signal }).catch(() => undefined)
    }
  }
  const running = run()
  return {
    async stop() {
      stopped.abort()
      await running
    },
  }
}

/** One pass; a session that fails is left for the next one and keeps no other from being swept. */
export async function sweep(ports: SweeperPorts, now: number): Promise<void> {
  const before = new Date(now - STALE_MS)
  for (const row of await ports.sessions.stale({ creating: before, running: before, ended: new Date(now - END_MS) })) {
    await attempt(ports, row.id, () => refold(ports, row, before))
  }
  await ports.pruneIngress(new Date(now - INGRESS_MS))
  for (const id of await ports.sessions.uncleared()) {
    await attempt(ports, id, async () => {
      await ports.removeWorkflow(id)
      await ports.removeSandboxes(id)
      await ports.removeBlobs(id)
      await ports.sessions.clear(id)
    })
  }
  await ports.staffSessions(now)
  await ports.settleResources(now)
  await ports.archiveEnded(now)
  for (const id of await ports.lateBlobs(now)) await attempt(ports, id, () => ports.removeBlobs(id))
  await ports.removeSpareContents(now)
}

/** The row as its log says. A row whose workflow was never started belongs to a request that was never answered. */
async function refold({ sessions, log }: SweeperPorts, row: SessionRow, before: Date): Promise<void> {
  try {
    const { state, archivedAt } = await log.read(row.id)
    const { status, title, metadata, budget = null } = state
    await sessions.repair(row.id, {
      configurationId: state.configuration ?? row.configurationId,
      status,
      title,
      metadata,
      budget,
      archivedAt: archivedAt === null ? null : new Date(archivedAt),
      usage: toWireUsage(state),
    })
  } catch (error) {
    // One whose log is not whole may well be running.
    if (!(error instanceof LogNotFound) || error instanceof LogIncomplete) throw error
    if (row.status === 'creating') await sessions.abandon(row.id, before)
    else await sessions.repair(row.id, { ...row, status: 'terminated' })
  }
}
