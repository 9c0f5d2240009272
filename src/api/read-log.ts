import { setTimeout as sleep } from 'node:timers/promises'
import type { SessionLog } from '../history/session-log.ts'
import { LogNotFound } from '../history/session-log.ts'
import type { LogView } from '../history/tracked.ts'
import type { SessionRow } from '../store/sessions.ts'
import { ApiError } from '../wire/errors.ts'
import type { ApiContext, Caller } from './context.ts'

/** A crashed worker's task hides an accepted signal for as long as this: the workflow task's time-out and a little. */
const HIDDEN_MS = 3_500
/** Acknowledgements older than this were in history long ago. */
const RECENT_MS = 15_000
const LOOK_AGAIN_MS = 50

/**
 * @throws ApiError 404, the same for a missing id, a deleted session, one of another workspace and, where a worker asks,
 * one of another environment.
 */
export async function readRow(context: ApiContext, caller: Caller, id: string): Promise<SessionRow> {
  const row = await context.sessions.read(caller.workspaceId, id)
  const isForeign = caller.type !== 'key' && row?.environmentId !== caller.environmentId
  if (!row || isForeign) throw new ApiError('not_found', `No session ${id}.`)
  return row
}

/**
 * The session's log, caught up, with everything in it that any api process has acknowledged: what is missing is looked
 * for again until it shows.
 */
export async function readLog(context: ApiContext, row: SessionRow): Promise<LogView> {
  const until = Date.now() + HIDDEN_MS
  for (;;) {
    const accepted = await context.ingress.acceptedIds(row.id, RECENT_MS)
    const view = await catchUp(context, row.id)
    const missing = await missingFrom(context, view, accepted)
    if (missing.length === 0) return view
    if (Date.now() > until)
      throw new ApiError('unavailable', `Acknowledged events are not readable yet: ${missing.join(', ')}`)
    await sleep(LOOK_AGAIN_MS)
  }
}

/**
 * Ends the streams of a deleted session with its last event and forgets its log. What cannot be read any more ends
 * without that event.
 */
export async function endLog(log: SessionLog, session: string): Promise<void> {
  // Streams are told by whoever reads first, and their own watcher may still be waiting.
  if (log.known(session)) await log.read(session).catch(() => undefined)
  log.forget(session)
}

async function catchUp({ log }: ApiContext, session: string): Promise<LogView> {
  try {
    return await log.read(session)
  } catch (error) {
    throw toUnread(session, error)
  }
}

/** Why a log could not be read: because it is lost, which no retry changes, or because Temporal is away. */
export function toUnread(session: string, cause: unknown): ApiError {
  if (!(cause instanceof LogNotFound))
    return new ApiError('unavailable', 'Temporal does not answer; try again.', { cause })
  const message = `The log of ${session} is neither in Temporal nor in the archive: the session can only be deleted.`
  return new ApiError('api_error', message, { code: 'log_lost', shouldRetry: false, cause })
}

/** Which of these user events the log has not. It remembers the ids of the last ones itself. */
export async function missingFrom(
  { log }: ApiContext,
  view: LogView,
  ids: readonly string[],
): Promise<readonly string[]> {
  const seen = new Set(view.state.seen)
  const missing: string[] = []
  for (const id of ids) if (!seen.has(id) && (await log.find(view, id)) === null) missing.push(id)
  return missing
}
