import type { WorkItem, WorkStats } from '../store/work.ts'
import type { Work, WorkHeartbeat, WorkLeaseState, WorkQueueStats, WorkSecret } from '../wire/types.ts'

/** An item as clients see it. */
export function toWork(item: WorkItem, secret: string | null = null): Work {
  return {
    id: item.id,
    type: 'work',
    environment_id: item.environmentId,
    data: { type: 'session', id: item.sessionId },
    state: item.state,
    secret,
    metadata: { ...item.metadata },
    created_at: item.createdAt.toISOString(),
    acknowledged_at: toTime(item.acknowledgedAt),
    started_at: toTime(item.startedAt),
    latest_heartbeat_at: toTime(item.latestHeartbeatAt),
    stop_requested_at: toTime(item.stopRequestedAt),
    stopped_at: toTime(item.stoppedAt),
  }
}

/** What a poller gets beside the item; workers take the token out of it. */
export function toSecret(token: string): string {
  const secret: WorkSecret = { sessions_token: token }
  return Buffer.from(JSON.stringify(secret)).toString('base64url')
}

/** @param ttl milliseconds that the heartbeat asked for. */
export function toHeartbeat(item: WorkItem, ttl: number): WorkHeartbeat {
  return {
    type: 'work_heartbeat',
    last_heartbeat: item.latestHeartbeatAt?.toISOString() ?? '',
    lease_extended: item.state !== 'stopped',
    state: item.state,
    ttl_seconds: toSeconds(ttl),
  }
}

/** The lease that a heartbeat did not extend. @param ttl milliseconds, of leases that nobody holds. */
export function toLeaseState(item: WorkItem, ttl: number): WorkLeaseState {
  const { latestHeartbeatAt, acknowledgedAt, leaseUntil, state } = item
  const since = latestHeartbeatAt ?? acknowledgedAt
  return {
    last_heartbeat: toTime(latestHeartbeatAt),
    lease_extended: false,
    state,
    ttl_seconds: toSeconds(since && leaseUntil ? leaseUntil.getTime() - since.getTime() : ttl),
  }
}

export function toStats({ depth, pending, oldestQueuedAt, workersPolling }: WorkStats): WorkQueueStats {
  return {
    type: 'work_queue_stats',
    depth,
    pending,
    oldest_queued_at: toTime(oldestQueuedAt),
    workers_polling: workersPolling,
  }
}

function toTime(at: Date | null): string | null {
  return at?.toISOString() ?? null
}

function toSeconds(ms: number): number {
  return Math.round(ms / 1_000)
}
