import type { Selectable, Transaction } from 'kysely'
import { sql } from 'kysely'
import type { IngressRequest, IngressRow, IngressStore } from '../ingress.ts'
import { refusingBuried } from './burial.ts'
import type { Database } from './database.ts'
import { relaxed } from './relaxed.ts'
import type { Schema } from './schema.ts'

type Mint = Parameters<IngressStore['begin']>[1]

/**
 * Ingress rows in PostgreSQL. The times are the database's, so that API processes with different clocks agree on what
 * is recent. `begin` rejects with `SessionBuried` when the target is a deleted session.
 */
export function createIngressStore(database: Database): IngressStore {
  return {
    async claim(request) {
      if (request.key === null) return request.isRetry ? ((await claimRetried(database, request)) ?? null) : null
      return (await findKeyed(database, request)) ?? null
    },

    begin(request, mint) {
      if (request.key !== null) return refusingBuried(request.target, beginKeyed(database, request, mint))
      if (request.isRetry) return refusingBuried(request.target, beginRetry(database, request, mint))
      return refusingBuried(request.target, insert(database, request, mint()))
    },

    async accepted(id) {
      await database
        .updateTable('ingress')
        .from(relaxed.as('relaxed'))
        .set({ state: 'accepted', accepted_at: sql<Date>`now()` })
        .where('id', '=', id)
        .where('state', '=', 'begun')
        .execute()
    },

    async answered(id) {
      await database
        .updateTable('ingress')
        .from(relaxed.as('relaxed'))
        .set({ state: 'answered', accepted_at: sql<Date>`coalesce(accepted_at, now())` })
        .where('id', '=', id)
        .execute()
    },

    async acceptedIds(target, withinMs) {
      const rows = await database
        .selectFrom('ingress')
        .select('ids')
        .where('target', '=', target)
        .where('accepted_at', '>', sql<Date>`now() - ${withinMs}::float8 * interval '1 millisecond'`)
        .orderBy('accepted_at')
        .execute()
      return rows.flatMap(({ ids }) => ids)
    },

    async prune(before) {
      await database.deleteFrom('ingress').where('created_at', '<', before).execute()
    },
  }
}

async function beginKeyed(database: Database, request: IngressRequest, mint: Mint): ReturnType<IngressStore['begin']> {
  const minted = mint()
  for (;;) {
    const inserted = await insertQuery(database, request, minted)
      .onConflict((conflict) =>
        conflict.columns(['workspace_id', 'target', 'key']).where('key', 'is not', null).doNothing(),
      )
      .executeTakeFirst()
    if (inserted !== undefined) return toRow(inserted)
    const earlier = await findKeyed(database, request)
    if (earlier !== undefined) return earlier
    // Pruned between the two statements: the key is free again.
  }
}

async function beginRetry(database: Database, request: IngressRequest, mint: Mint): Promise<IngressRow> {
  return (await claimRetried(database, request)) ?? insert(database, request, mint())
}

async function findKeyed(
  database: Database,
  request: IngressRequest,
): Promise<IngressRow | { readonly conflict: true } | undefined> {
  const row = await database
    .selectFrom('ingress')
    .selectAll()
    .where('workspace_id', '=', request.workspaceId)
    .where('target', '=', request.target)
    .where('key', '=', request.key)
    .executeTakeFirst()
  if (row === undefined) return undefined
  return row.body_hash === request.bodyHash ? toRow(row) : { conflict: true }
}

/** One retry after the other: two that lock the same rows in different orders would wait for each other. */
function claimRetried(database: Database, request: IngressRequest): Promise<IngressRow | undefined> {
  const lock = `retry ${request.workspaceId} ${request.target} ${request.bodyHash}`
  return database.transaction().execute(async (transaction) => {
    await sql`select pg_advisory_xact_lock(hashtextextended(${lock}, 0))`.execute(transaction)
    const row = await transaction
      .updateTable('ingress')
      .set({ tries: request.retry })
      .where('id', '=', retried(transaction, request))
      .returningAll()
      .executeTakeFirst()
    return row === undefined ? undefined : toRow(row)
  })
}

/**
 * Clients try again within seconds, at the latest after their own time-out, by default ten minutes; one whose request was
 * accepted had its answer on the way by then. Waits for a row that is being marked and then looks at it again.
 *
 * A retry may well take the row of an equal request. Nothing is lost by it as long as what only began is taken first:
 * nobody else may come back for that, while what was accepted stands in its log whether or not it is taken; so each
 * request that left a row has an event, and equal ones may swap theirs. Of the rest, the row tried most often is the
 * likeliest to be this client's, then the newest: its client may have given an older one up. What remains is a retry
 * whose earlier tries never arrived: it cannot be told from an equal request of the same key that was not answered yet,
 * and becomes one with it. Who must tell them apart sends an `Idempotency-Key`.
 */
function retried(transaction: Transaction<Schema>, request: IngressRequest) {
  return transaction
    .selectFrom('ingress')
    .select('id')
    .where('workspace_id', '=', request.workspaceId)
    .where('target', '=', request.target)
    .where('key', 'is', null)
    .where('body_hash', '=', request.bodyHash)
    .where('state', '<>', sql.lit('answered'))
    .where('created_at', '>', sql<Date>`now() - interval '15 minutes'`)
    .where(sql<boolean>`coalesce(accepted_at > now() - interval '1 minute', true)`)
    .where('tries', '<', request.retry)
    .orderBy(sql`state <> 'begun'`)
    .orderBy('tries', 'desc')
    .orderBy('created_at', 'desc')
    .limit(1)
    .forUpdate()
}

async function insert(database: Database, request: IngressRequest, minted: ReturnType<Mint>): Promise<IngressRow> {
  return toRow(await insertQuery(database, request, minted).executeTakeFirstOrThrow())
}

function insertQuery(database: Database, request: IngressRequest, minted: ReturnType<Mint>) {
  return database
    .insertInto('ingress')
    .values({
      id: minted.id,
      workspace_id: request.workspaceId,
      target: request.target,
      key: request.key,
      body_hash: request.bodyHash,
      ids: [...minted.ids],
      state: 'begun',
      tries: request.retry,
    })
    .returningAll()
}

function toRow(row: Selectable<Schema['ingress']>): IngressRow {
  return { id: row.id, workspaceId: row.workspace_id, target: row.target, ids: row.ids, state: row.state }
}
