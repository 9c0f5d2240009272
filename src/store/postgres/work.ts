import type { Step, StoredWork } from '../work-steps.ts'
import { acknowledge, beat, stop } from '../work-steps.ts'
import type { WorkItem, WorkKey, WorkListing, WorkOutcome, WorkQueue } from '../work.ts'
import type { Database } from './database.ts'
import { isBehind } from './keyset.ts'
import { claim, enqueue, polled, readStats, verifyToken } from './work-claim.ts'
import type { Clock } from './work-rows.ts'
import { createClock, toChange, toStored } from './work-rows.ts'
import { endOf, forget, tidy, uninvited, worthALook } from './work-upkeep.ts'

export interface WorkQueueOptions {
  /** Milliseconds that are added to the database's clock, for tests. */
  readonly ahead?: () => number
}

/** The queue in PostgreSQL. Whoever acts on an item holds its row: two workers with one item are told apart there. */
export function createWorkQueue(database: Database, { ahead = () => 0 }: WorkQueueOptions = {}): WorkQueue {
  const clock = createClock(ahead)
  const step = (key: WorkKey, take: (item: StoredWork, now: Date) => Step): Promise<WorkOutcome> =>
    takeStep(database, clock, { ...key, take })
  return {
    enqueue: (invitation) => enqueue(database, clock, invitation),
    claim: (environmentId, given) => claim(database, clock, { ...given, environmentId }),
    polled: (environmentId, worker) => polled(database, clock, [environmentId, worker]),
    ack: (key, acknowledgement) => step(key, (item, now) => acknowledge(item, acknowledgement, now)),
    beat: (key, heartbeat) => step(key, (item, now) => beat(item, heartbeat, now)),
    stop: (key, given) => step(key, (item, now) => stop(item, given, now)),
    endOf: (sessionId) => endOf(database, clock, sessionId),
    read: (key) => read(database, key),
    list: (environmentId, listing) => list(database, environmentId, listing),
    update: (key, change) => update(database, key, change),
    stats: (environmentId) => readStats(database, clock, environmentId),
    verifyToken: (secret) => verifyToken(database, clock, secret),
    worthALook: (limit) => worthALook(database, limit),
    uninvited: (limit) => uninvited(database, clock, limit),

    async settle(id) {
      await database.updateTable('work_items').set({ looked_at: clock() }).where('id', '=', id).execute()
    },

    tidy: () => tidy(database, clock),
    forget: () => forget(database, clock),
  }
}

interface TakeStep extends WorkKey {
  readonly take: (item: StoredWork, now: Date) => Step
}

/** The time is asked for once the row is held: of two steps the later one has the later time. */
function takeStep(database: Database, clock: Clock, { environmentId, id, take }: TakeStep): Promise<WorkOutcome> {
  return database.transaction().execute(async (transaction) => {
    const row = await chosen(transaction, { environmentId, id }).forNoKeyUpdate().executeTakeFirst()
    if (row === undefined) return null
    const { now } = await transaction.selectNoFrom(clock().as('now')).executeTakeFirstOrThrow()
    const stored = toStored(row)
    const { item, done } = take(stored, now)
    if (item !== stored) await transaction.updateTable('work_items').set(toChange(item)).where('id', '=', id).execute()
    return { item, done }
  })
}

function chosen(database: Database, { environmentId, id }: WorkKey) {
  return database.selectFrom('work_items').selectAll().where('id', '=', id).where('environment_id', '=', environmentId)
}

async function read(database: Database, key: WorkKey): Promise<WorkItem | null> {
  const row = await chosen(database, key).executeTakeFirst()
  return row === undefined ? null : toStored(row)
}

async function list(
  database: Database,
  environmentId: string,
  { limit, from }: WorkListing,
): Promise<readonly WorkItem[]> {
  let query = database.selectFrom('work_items').selectAll().where('environment_id', '=', environmentId)
  if (from !== undefined) query = query.where(isBehind(from, 'desc'))
  const rows = await query.orderBy('created_at', 'desc').orderBy('id', 'desc').limit(limit).execute()
  return rows.map(toStored)
}

function update(
  database: Database,
  key: WorkKey,
  change: (metadata: WorkItem['metadata']) => WorkItem['metadata'],
): Promise<WorkItem | null> {
  return database.transaction().execute(async (transaction) => {
    const row = await chosen(transaction, key).forNoKeyUpdate().executeTakeFirst()
    if (row === undefined) return null
    const metadata = change(row.metadata)
    const values = { metadata: JSON.stringify(metadata) }
    await transaction.updateTable('work_items').set(values).where('id', '=', key.id).execute()
    return toStored({ ...row, metadata })
  })
}
