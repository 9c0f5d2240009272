import type { DeleteQueryBuilder, DeleteResult, Selectable, Transaction } from 'kysely'
import { sql } from 'kysely'
import type { HandRecipes } from '../../wire/session-hands.ts'
import type { Configuration, FoldedRow, SessionRow, SessionStore, StatusHint } from '../sessions.ts'
import { EnvironmentGone } from '../buried.ts'
import { refusingBuried } from './burial.ts'
import { refusingViolation } from './constraint.ts'
import type { Database } from './database.ts'
import { CONFIGURATION, buildSessionList, readConfigurations, toConfiguration } from './session-list.ts'
import { relaxedUnless } from './relaxed.ts'
import type { Schema } from './schema.ts'

/**
 * The index of sessions in PostgreSQL. A deleted session's row becomes a tombstone in another table, so that no read
 * has to look for it. `create` rejects with `SessionBuried` for an id that was deleted.
 */
export function createSessionStore(database: Database): SessionStore {
  return {
    create: (row, configuration) =>
      refusingViolation(
        'sessions_environment',
        refusingBuried(row.id, create(database, row, configuration)),
        (cause) => new EnvironmentGone(row.environmentId, { cause }),
      ),

    async read(workspaceId, id) {
      const row = await database
        .selectFrom('sessions')
        .selectAll()
        .where('id', '=', id)
        .where('workspace_id', '=', workspaceId)
        .where('status', '<>', 'creating')
        .executeTakeFirst()
      return row === undefined ? null : toRow(row)
    },

    async find(id) {
      const row = await database.selectFrom('sessions').selectAll().where('id', '=', id).executeTakeFirst()
      return row === undefined ? null : toRow(row)
    },

    async configuration(sessionId, id) {
      const query = database
        .selectFrom('sessions')
        .innerJoin('configurations', 'configurations.session_id', 'sessions.id')
        .select(CONFIGURATION)
        .where('sessions.id', '=', sessionId)
      const named = id === undefined ? sql.ref<string>('sessions.configuration_id') : id
      const row = await query.where('configurations.id', '=', named).executeTakeFirst()
      return row ? toConfiguration(row) : null
    },

    async addConfiguration(row, configuration) {
      await refusingBuried(row.id, insertConfiguration(database, row, configuration))
    },

    configurations: (sessionIds) => readConfigurations(database, sessionIds),

    async list(workspaceId, listing) {
      const rows = await buildSessionList(database, workspaceId, listing).execute()
      return (listing.backward === true ? rows.toReversed() : rows).map(toRow)
    },

    repair: (id, fold) => repair(database, id, fold),
    archiveEnded: (id) => archiveEnded(database, id),
    hint: (hints) => hint(database, hints),

    countRunning: (workspaceId, most) => countRunning(database, workspaceId, most),
    stale: (before) => stale(database, before),
    bury: (workspaceId, id) => bury(database, id, (rows) => rows.where('workspace_id', '=', workspaceId)),

    async abandon(id, before) {
      await bury(database, id, (rows) => rows.where('status', '=', 'creating').where('updated_at', '<', before))
    },

    async buried(ids) {
      const query = database.selectFrom('tombstones').select('session_id')
      const rows = await query.where('session_id', '=', sql<string>`any(${ids}::text[])`).execute()
      return rows.map((row) => row.session_id)
    },

    clear: (id) => clear(database, id),
    uncleared: () => uncleared(database),
  }
}

const RUNS_AT_A_TIME = 50
const unsettled = sql<'creating' | 'running' | 'rescheduling'>`('creating', 'running', 'rescheduling')`

async function countRunning(database: Database, workspaceId: string, most: number): Promise<number> {
  const running = database
    .selectFrom('sessions')
    .select('id')
    .where('workspace_id', '=', workspaceId)
    .where('status', 'in', ['running', 'rescheduling'])
    .limit(most)
  const { count } = await database
    .selectFrom(running.as('running'))
    .select(sql<number>`count(*)::integer`.as('count'))
    .executeTakeFirstOrThrow()
  return count
}

async function stale(database: Database, before: Parameters<SessionStore['stale']>[0]): Promise<readonly SessionRow[]> {
  const moment = sql<Date>`case status when 'creating' then ${before.creating}::timestamptz else ${before.running}::timestamptz end`
  const query = database.selectFrom('sessions').selectAll()
  const isStale = sql<boolean>`(status in ${unsettled} and updated_at < ${moment})`
  const isUnseen = sql<boolean>`(end_unseen and updated_at < ${before.ended}::timestamptz)`
  const rows = await query
    .where(sql<boolean>`${isStale} or ${isUnseen}`)
    .orderBy('updated_at')
    .execute()
  return rows.map(toRow)
}

async function create(database: Database, row: SessionRow, configuration: Configuration): Promise<void> {
  await database.transaction().execute(async (transaction) => {
    const { numInsertedOrUpdatedRows } = await transaction
      .insertInto('sessions')
      .values({
        id: row.id,
        workspace_id: row.workspaceId,
        environment_id: row.environmentId,
        configuration_id: row.configurationId,
        agent_id: row.agentId,
        agent_version: row.agentVersion,
        status: row.status,
        title: row.title,
        metadata: JSON.stringify(row.metadata),
        budget: toJson(row.budget),
        created_at: row.createdAt,
        updated_at: row.updatedAt,
        archived_at: row.archivedAt,
      })
      .onConflict((conflict) => conflict.column('id').doNothing())
      .executeTakeFirstOrThrow()
    if (numInsertedOrUpdatedRows === 0n) return renew(transaction, row.id)
    await insertConfiguration(transaction, row, configuration)
    await insertHands(transaction, row, configuration.recipe?.hands ?? {})
  })
}

async function insertConfiguration(
  database: Database | Transaction<Schema>,
  { id, workspaceId }: Pick<SessionRow, 'id' | 'workspaceId'>,
  configuration: Configuration,
): Promise<void> {
  const { agent, harness, networking, recipe, selfHosted = false } = configuration
  const values = {
    id: configuration.id,
    workspace_id: workspaceId,
    session_id: id,
    agent: JSON.stringify(agent),
    harness,
    networking: networking ? JSON.stringify(networking) : null,
    recipe: recipe ? JSON.stringify(recipe) : null,
    self_hosted: selfHosted,
  }
  await database.insertInto('configurations').values(values).execute()
}

/** Rejects with `EnvironmentGone` for the first whose environment is not there. */
async function insertHands(
  transaction: Transaction<Schema>,
  { id, workspaceId }: SessionRow,
  hands: HandRecipes,
): Promise<void> {
  for (const [hand, { environment }] of Object.entries(hands)) {
    const values = { session_id: id, hand, workspace_id: workspaceId, environment_id: environment }
    const stored = transaction.insertInto('session_hands').values(values).execute()
    await refusingViolation('session_hands_environment', stored, (cause) => new EnvironmentGone(environment, { cause }))
  }
}

/** Null is no JSON, so that two of it are not distinct. */
function toJson(budget: SessionRow['budget']): string | null {
  return budget && JSON.stringify(budget)
}

/** The sweeper gives up rows that nobody has tried to start for a while. */
async function renew(transaction: Transaction<Schema>, id: string): Promise<void> {
  const rows = transaction.updateTable('sessions').set({ updated_at: sql<Date>`greatest(now(), updated_at)` })
  await rows.where('id', '=', id).where('status', '=', 'creating').execute()
}

async function repair(database: Database, id: string, fold: FoldedRow): Promise<void> {
  const metadata = JSON.stringify(fold.metadata)
  const budget = toJson(fold.budget)
  const configuration = sql<string>`coalesce((
    select id from configurations where id = ${fold.configurationId}::text and session_id = ${id}
  ), configuration_id)`
  const archivedAt = sql<Date | null>`case when ${fold.status}::text = 'terminated'
    then coalesce(${fold.archivedAt}::timestamptz, archived_at) else ${fold.archivedAt}::timestamptz end`
  const usage = sql<string>`coalesce(${fold.usage ? JSON.stringify(fold.usage) : null}::json, usage)`
  const endUnseen = sql<boolean>`(end_unseen and ${fold.status}::text <> 'terminated')`
  const isChanged = sql<boolean>`(configuration_id, status, title, metadata::text, budget::text, archived_at)
    is distinct from (${configuration}, ${fold.status}::text, ${fold.title}::text, ${metadata}::text, ${budget}::text, ${archivedAt})`
  await database
    .updateTable('sessions')
    .set({
      configuration_id: configuration,
      status: fold.status,
      title: fold.title,
      metadata,
      budget,
      archived_at: archivedAt,
      end_unseen: endUnseen,
      usage,
      // What was used is older than this, and nobody's change.
      updated_at: sql<Date>`case when ${isChanged} then greatest(now(), updated_at) else updated_at end`,
    })
    .where('id', '=', id)
    .where(sql<boolean>`(${isChanged} or end_unseen <> ${endUnseen} or usage::text is distinct from (${usage})::text)`)
    .execute()
}

/** The row may be behind the log. */
async function archiveEnded(database: Database, id: string): Promise<void> {
  await database
    .updateTable('sessions')
    .set({ status: 'terminated', archived_at: sql<Date>`now()`, updated_at: sql<Date>`greatest(now(), updated_at)` })
    .where('id', '=', id)
    .where('archived_at', 'is', null)
    .execute()
}

/**
 * One statement: of several hints for a session the newest counts, and the rows are locked in the order of their ids,
 * so that two workers with overlapping batches wait for each other instead of deadlocking. The first hint of a session is
 * durable: it makes the session one that can be read, and its client is told that it is there.
 */
async function hint(database: Database, hints: readonly StatusHint[]): Promise<void> {
  if (hints.length === 0) return
  await sql`
    with hints as (
      select distinct on (id) * from unnest(
        ${hints.map(({ id }) => id)}::text[], ${hints.map(({ run }) => run)}::integer[],
        ${hints.map(({ length }) => length)}::integer[], ${hints.map(({ status }) => status)}::text[],
        ${hints.map(({ usage }) => (usage ? JSON.stringify(usage) : null))}::text[]
      ) as given (id, run, length, status, usage)
      order by id, run desc, length desc
    ),
    locked as (
      select s.id, s.status as was, h.run, h.length, h.status, h.usage from sessions s join hints h on h.id = s.id
      order by s.id for no key update of s
    )
    update sessions s
    set status = l.status, run = l.run, length = l.length, updated_at = greatest(now(), s.updated_at),
      usage = coalesce(l.usage::json, s.usage), end_unseen = l.status = 'terminated' and s.archived_at is null
    from locked l, ${relaxedUnless(sql`exists (select from locked where was = 'creating')`)} as relaxed
    where s.id = l.id and (s.run, s.length) < (l.run, l.length)
  `.execute(database)
}

type Deletion = DeleteQueryBuilder<Schema, 'sessions', DeleteResult>

/** The lock comes before the row, in the order in which an insert takes them. */
function bury(database: Database, id: string, choose: (rows: Deletion) => Deletion): Promise<boolean> {
  return database.transaction().execute(async (transaction) => {
    await sql`select pg_advisory_xact_lock(burial_lock(${id}))`.execute(transaction)
    const { numInsertedOrUpdatedRows } = await transaction
      .with('dead', (query) =>
        choose(query.deleteFrom('sessions').where('id', '=', id)).returning(['id', 'workspace_id']),
      )
      .insertInto('tombstones')
      .columns(['session_id', 'workspace_id'])
      .expression((query) => query.selectFrom('dead').select(['dead.id', 'dead.workspace_id']))
      .executeTakeFirstOrThrow()
    return numInsertedOrUpdatedRows === 1n
  })
}

async function uncleared(database: Database): Promise<readonly string[]> {
  const query = database.selectFrom('tombstones').select('session_id').where('cleared_at', 'is', null)
  return (await query.orderBy('buried_at').execute()).map((row) => row.session_id)
}

async function clear(database: Database, id: string): Promise<void> {
  await database.transaction().execute(async (transaction) => {
    const tombstone = await transaction
      .updateTable('tombstones')
      .set({ cleared_at: sql<Date>`coalesce(cleared_at, now())` })
      .where('session_id', '=', id)
      .returning('workspace_id')
      .executeTakeFirst()
    if (!tombstone) return
    await transaction.deleteFrom('configurations').where('session_id', '=', id).execute()
    await transaction.deleteFrom('ingress').where('target', '=', id).execute()
    await transaction.deleteFrom('sandboxes').where('session_id', '=', id).execute()
    await transaction.deleteFrom('call_bindings').where('session_id', '=', id).execute()
    await transaction.deleteFrom('workspace_exports').where('session_id', '=', id).execute()
    await transaction.deleteFrom('session_resources').where('session_id', '=', id).execute()
    await transaction.deleteFrom('session_outputs').where('session_id', '=', id).execute()
    // With the workspace, by which the index of scopes begins.
    const files = transaction.deleteFrom('files').where('workspace_id', '=', tombstone.workspace_id)
    await files.where('scope_id', '=', id).execute()
    await transaction.deleteFrom('work_items').where('session_id', '=', id).execute()
    await transaction.deleteFrom('resource_secrets').where('session_id', '=', id).execute()
    await clearArchive(transaction, id)
  })
}

/** Some runs at a time: a log without end does not go in the time that one statement may take. */
async function clearArchive(transaction: Transaction<Schema>, id: string): Promise<void> {
  const runs = sql<number>`(
    select run from archived_runs where session_id = ${id} order by run limit ${RUNS_AT_A_TIME}
  )`
  for (;;) {
    await sql`delete from archived_items where session_id = ${id} and run in ${runs}`.execute(transaction)
    const { numAffectedRows } = await sql`
      delete from archived_runs where session_id = ${id} and run in ${runs}
    `.execute(transaction)
    if ((numAffectedRows ?? 0n) < BigInt(RUNS_AT_A_TIME)) return
  }
}

function toRow(row: Selectable<Schema['sessions']>): SessionRow {
  return {
    id: row.id,
    workspaceId: row.workspace_id,
    environmentId: row.environment_id,
    configurationId: row.configuration_id,
    agentId: row.agent_id,
    agentVersion: row.agent_version,
    status: row.status,
    title: row.title,
    metadata: row.metadata,
    budget: row.budget,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    archivedAt: row.archived_at,
    ...(row.usage === null ? {} : { usage: row.usage }),
  }
}
