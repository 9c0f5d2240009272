import type { Acknowledgement, Heartbeat, WorkItem, WorkStop } from './work.ts'

/** An item with what only its queue needs to know. */
export interface StoredWork extends WorkItem {
  /** What the latest heartbeat expected to find; null when that was none. */
  readonly expectedHeartbeat: Date | null
  /** To how many polls this try of it was given, an unacknowledged one again and again; 0 where nobody has counted. */
  readonly given: number
}

export interface Step {
  readonly item: StoredWork
  readonly done: boolean
}

/** What a worker expects to find before its first heartbeat. */
const NO_HEARTBEAT = 'NO_HEARTBEAT'
/** How long an item is held that was acknowledged and never beaten for: as long as a worker may need until then. */
const UNTIL_BEAT_MS = 60_000
/** A request that is sent again comes within this time. */
const REPEATED_MS = 10_000

/** An item goes to whoever acknowledges it first; an acknowledgement whose answer was lost may be sent again. */
export function acknowledge(item: StoredWork, acknowledgement: Acknowledgement, now: Date): Step {
  if (isStale(item, acknowledgement.attempt)) return refused(item)
  if (item.state === 'queued' && item.polledAt !== null)
    return done({ ...item, state: 'starting', acknowledgedAt: now, leaseUntil: later(now, UNTIL_BEAT_MS) })
  return isAcknowledged(item, acknowledgement, now) ? done(item) : refused(item)
}

/**
 * Whether this is the acknowledgement that took the item. Of a try that was given to one poll alone, nobody else has the
 * token; and whoever comes with a key and says that it sends its request again is that poll's worker too.
 */
function isAcknowledged(item: StoredWork, acknowledgement: Acknowledgement, now: Date): boolean {
  const { attempt, isRetry, saysRetry = isRetry } = acknowledgement
  if (item.state !== 'starting' || item.latestHeartbeatAt !== null) return false
  if (!hasOneHolder(item)) return false
  return attempt === item.attempt || (saysRetry && isRecent(item.acknowledgedAt, now))
}

/**
 * The first heartbeat makes an item active. One whose lease has lapsed is extended while nobody else was given it. A
 * heartbeat that is sent again is taken for the one that was stored; it answers the same time. One whose answer never
 * came may be sent again as a new request, at any time, but for the first: that claims the item, which is held by then.
 */
export function beat(item: StoredWork, heartbeat: Heartbeat, now: Date): Step {
  const { expected, ttlMs } = heartbeat
  const { state, latestHeartbeatAt } = item
  const leaseUntil = later(now, ttlMs)
  // Whoever lost the item need not be told that it lost it when all have to stop.
  if (state === 'stopped' || (state === 'stopping' && isStale(item, heartbeat.attempt))) return done(item)
  if (state === 'queued' || isStale(item, heartbeat.attempt)) return refused(item)
  if (isStored(item, heartbeat, now)) return done({ ...item, leaseUntil })
  if (state !== 'stopping' && expected !== undefined && expected !== toText(latestHeartbeatAt)) return refused(item)
  return done({
    ...item,
    ...(state === 'starting' ? { state: 'active', startedAt: now } : {}),
    latestHeartbeatAt: new Date(Math.max(now.getTime(), (latestHeartbeatAt?.getTime() ?? 0) + 1)),
    expectedHeartbeat: latestHeartbeatAt,
    leaseUntil,
  })
}

/**
 * Whether the item's latest heartbeat is this one. The time that it expected was told to its holder alone; that none was
 * expected anybody may say.
 */
function isStored(item: StoredWork, { attempt, expected, isRetry }: Heartbeat, now: Date): boolean {
  if (item.latestHeartbeatAt === null || expected !== toText(item.expectedHeartbeat)) return false
  if (item.expectedHeartbeat !== null && attempt === item.attempt) return true
  return isRetry && isRecent(item.latestHeartbeatAt, now)
}

/** Whoever asked first is the one who stopped it. What nobody holds stops at once. */
export function stop(item: StoredWork, { attempt, force, by }: WorkStop, now: Date): Step {
  if (item.state === 'stopped' || isStale(item, attempt)) return refused(item)
  if (item.state === 'stopping' && !force) return done(item)
  const stopping = { ...item, stopRequestedAt: item.stopRequestedAt ?? now, stoppedBy: item.stoppedBy ?? by }
  if (!force && item.state !== 'queued') return done({ ...stopping, state: 'stopping' })
  return done({ ...stopping, state: 'stopped', stoppedAt: now, leaseUntil: null })
}

function hasOneHolder({ given }: StoredWork): boolean {
  return given === 1
}

/** Somebody else was given the item since this token was. */
function isStale(item: StoredWork, attempt: number | undefined): boolean {
  return attempt !== undefined && attempt < item.attempt
}

/** As workers are told, and tell. */
function toText(heartbeat: Date | null): string {
  return heartbeat?.toISOString() ?? NO_HEARTBEAT
}

function isRecent(at: Date | null, now: Date): boolean {
  return at !== null && now.getTime() - at.getTime() < REPEATED_MS
}

function later(now: Date, ms: number): Date {
  return new Date(now.getTime() + ms)
}

function done(item: StoredWork): Step {
  return { item, done: true }
}

function refused(item: StoredWork): Step {
  return { item, done: false }
}
