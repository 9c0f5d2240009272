import type { LogView } from '../history/tracked.ts'
import { isAtBudget } from '../session/budget.ts'
import { isInterrupted } from '../session/check.ts'
import { isQueueSilent, isRequiringAction, isWaiting } from '../session/state.ts'
import type { LogState } from '../session/state.ts'
import { toWireUsage } from '../session/wire-usage.ts'
import type { Configuration, SessionRow } from '../store/sessions.ts'
import type { Session, SessionStatus } from '../wire/types.ts'

/**
 * The session a client sees: what it was created with from the store, everything that changes from the fold of its
 * log. Without a log, as in lists, the row's own hints stand in.
 */
export function toSession(
  row: SessionRow,
  { agent, resources = [] }: Pick<Configuration, 'agent'> & Partial<Pick<Session, 'resources'>>,
  view: LogView | null,
): Session {
  const archivedAt = view ? archivedAtOf(row, view) : row.archivedAt
  const state = view?.state
  return {
    id: row.id,
    type: 'session',
    agent,
    environment_id: row.environmentId,
    status: state ? presentStatus(state) : row.status === 'creating' ? 'idle' : row.status,
    title: state ? state.title : row.title,
    metadata: { ...(state ? state.metadata : row.metadata) },
    created_at: row.createdAt.toISOString(),
    updated_at: new Date(
      Math.max(row.createdAt.getTime(), view ? view.changedAt : row.updatedAt.getTime()),
    ).toISOString(),
    archived_at: archivedAt?.toISOString() ?? null,
    usage: state ? toWireUsage(state) : (row.usage ?? {}),
    stats:
      view && state ? { active_seconds: state.usage.active_seconds, duration_seconds: durationOf(view) } : statsOf(row),
    budget: state ? (state.budget ?? null) : row.budget,
    outcome_evaluations: [],
    resources,
    vault_ids: [],
    deployment_id: null,
  }
}

/**
 * A message, or the last answer that was missing, that was accepted and that no worker has taken up yet is work under
 * way. What waits for answers is none while they are missing, unless an interrupt is about to close it.
 */
export function presentStatus(state: LogState): SessionStatus {
  if (state.status !== 'idle' || isAtBudget(state)) return state.status
  const isAwaited =
    isRequiringAction(state) && !isInterrupted(state)
      ? !state.calls.some(isWaiting)
      : !isQueueSilent({ ...state, queue: state.queue.filter(({ type }) => type !== 'user.interrupt') })
  return isAwaited ? 'running' : 'idle'
}

/** When a client archived the session. Of one that had ended by itself, whose log takes no more, the row alone says so. */
function archivedAtOf(row: Pick<SessionRow, 'archivedAt'>, { archivedAt, state }: LogView): Date | null {
  if (archivedAt !== null) return new Date(archivedAt)
  return state.status === 'terminated' ? row.archivedAt : null
}

/** Seconds since the session began, frozen when it ended; what raced with an archive stands behind its end. */
function durationOf(view: LogView): number {
  const end = view.state.status === 'terminated' ? (view.archivedAt ?? view.changedAt) : Date.now()
  return Math.max(0, Math.round(end - view.startedAt) / 1000)
}

/** From the row alone, which does not know when a session ended: it may have been archived long after. */
function statsOf({ status, createdAt, usage }: SessionRow): Session['stats'] {
  const age = { duration_seconds: Math.max(0, Date.now() - createdAt.getTime()) / 1000 }
  const active = usage?.active_seconds
  return { ...(active === undefined ? {} : { active_seconds: active }), ...(status === 'terminated' ? {} : age) }
}
