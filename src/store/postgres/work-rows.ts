import type { RawBuilder, Selectable } from 'kysely'
import { sql } from 'kysely'
import type { StoredWork } from '../work-steps.ts'
import type { Schema } from './schema.ts'

export type WorkRow = Selectable<Schema['work_items']>

/** The time of the store, to the millisecond that it keeps. */
export type Clock = () => RawBuilder<Date>

/** @param ahead milliseconds that are added to what the database says, for tests. */
export function createClock(ahead: () => number): Clock {
  return () => sql<Date>`(clock_timestamp() + ${ahead()}::double precision * interval '1 millisecond')::timestamptz(3)`
}

export function toStored(row: WorkRow): StoredWork {
  return {
    id: row.id,
    workspaceId: row.workspace_id,
    environmentId: row.environment_id,
    sessionId: row.session_id,
    state: row.state,
    metadata: row.metadata,
    createdAt: row.created_at,
    polledAt: row.polled_at,
    acknowledgedAt: row.acknowledged_at,
    startedAt: row.started_at,
    latestHeartbeatAt: row.latest_heartbeat_at,
    expectedHeartbeat: row.expected_heartbeat,
    leaseUntil: row.lease_until,
    stopRequestedAt: row.stop_requested_at,
    stoppedAt: row.stopped_at,
    stoppedBy: row.stopped_by,
    attempt: row.attempt,
    given: row.given,
  }
}

/** What a step of an item may change. */
export function toChange(item: StoredWork) {
  return {
    state: item.state,
    acknowledged_at: item.acknowledgedAt,
    started_at: item.startedAt,
    latest_heartbeat_at: item.latestHeartbeatAt,
    expected_heartbeat: item.expectedHeartbeat,
    lease_until: item.leaseUntil,
    stop_requested_at: item.stopRequestedAt,
    stopped_at: item.stoppedAt,
    stopped_by: item.stoppedBy,
  }
}
