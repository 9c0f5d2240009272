import { LogIncomplete, LogNotFound } from '../history/session-log.ts'
import type { SessionLog } from '../history/session-log.ts'
import type { Call, LogState } from '../session/state.ts'
import type { Unstaffed, WorkQueue } from '../store/work.ts'
import { mintId } from '../wire/mint.ts'
import { attempt } from './attempt.ts'

/** What goes through all sessions is done so often. */
const EVERY_MS = 5 * 60_000
/** Sessions that are looked at in one sweep, of each kind. */
const AT_A_TIME = 100
/** Whoever leaves a session's calls open again and again is invited ever later: by so much more each time, at most so late. */
const STEP_MS = 5_000
const LATEST_MS = 5 * 60_000
/** Longer than the next statement takes. */
const NOT_YET_MS = 60 * 60_000

export interface StaffSweepPorts {
  readonly work: Pick<
    WorkQueue,
    'worthALook' | 'uninvited' | 'enqueue' | 'settle' | 'stop' | 'endOf' | 'tidy' | 'forget'
  >
  readonly log: Pick<SessionLog, 'read'>
  readonly warn: (details: object, message: string) => void
}

/**
 * Invites workers again to sessions that wait for one whom nobody will send: its worker left with calls open, as at a
 * restart of workers, or the queue was lost. What whoever runs the environment has stopped stays so until a client speaks.
 * `now` is in milliseconds.
 */
export function createStaffSweep(ports: StaffSweepPorts): (now: number) => Promise<void> {
  let looked = -Infinity
  return async (now) => {
    const isDue = now >= looked + EVERY_MS
    await ports.work.tidy()
    if (isDue) await ports.work.forget()
    const left = await ports.work.worthALook(AT_A_TIME)
    const lost = isDue ? await ports.work.uninvited(AT_A_TIME) : []
    let done = 0
    for (const unstaffed of [...left, ...lost]) {
      await attempt(ports, unstaffed.sessionId, async () => {
        const isDone = await staff(ports, unstaffed)
        if (isDone && unstaffed.item === null) done += 1
      })
    }
    // A queue that was lost whole is made again without a pause; those with which nothing is to be done have one.
    if (isDue && (done === 0 || lost.length < AT_A_TIME)) looked = now
  }
}

/** Whether something was to be done. */
async function staff({ work, log }: StaffSweepPorts, { sessionId, item }: Unstaffed): Promise<boolean> {
  const state = await readState(log, sessionId)
  if (state?.status === 'running' || state?.status === 'rescheduling') return false
  if (state?.status === 'terminated') await work.endOf(sessionId)
  else if (state?.calls.some(mayBeWorkers)) {
    const attempts = item?.attempt ?? 0
    const afterMs = Math.min(Math.max(0, attempts - 1) * STEP_MS, LATEST_MS)
    await work.enqueue({ sessionId, id: mintId('work'), afterMs, attempt: attempts + 1 })
    return true
  }
  if (item) await work.settle(item.id)
  else await withdraw(work, sessionId)
  return true
}

/** Custom tools are a worker's too, or another client's; a confirmation that is awaited brings its own invitation. */
function mayBeWorkers({ standing }: Call): boolean {
  return standing === 'remote' || standing === 'custom'
}

/** Null for a session that is nowhere: what its row says is mended by the sweep itself. */
async function readState(log: StaffSweepPorts['log'], session: string): Promise<LogState | null> {
  try {
    return (await log.read(session)).state
  } catch (error) {
    if (error instanceof LogNotFound && !(error instanceof LogIncomplete)) return null
    throw error
  }
}

/** An invitation that nobody gets says that the session was looked at. */
async function withdraw(work: StaffSweepPorts['work'], sessionId: string): Promise<void> {
  const item = await work.enqueue({ sessionId, id: mintId('work'), afterMs: NOT_YET_MS })
  if (item) await work.stop(item, { force: true, by: 'server' })
}
