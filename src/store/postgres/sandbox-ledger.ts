import type { Selectable } from 'kysely'
import { sql } from 'kysely'
import type { SandboxRow } from '../../hands/bindings.ts'
import type { KeptSandbox, SandboxLedger, WorkspaceExport } from '../../hands/ledger.ts'
import { toSandbox } from './bindings.ts'
import { refusingBuried } from './burial.ts'
import type { Database } from './database.ts'
import type { Schema } from './schema.ts'

/** The hand of rows that name none. */
const MAIN = 'main'

type Kept = Selectable<Schema['sandboxes']> & {
  readonly status: KeptSandbox['status']
  readonly gone: boolean
  readonly unused_ms: number
}

/** The ledger of sandboxes in PostgreSQL, over the rows that the bindings write. */
export function createSandboxLedger(database: Database): SandboxLedger {
  return {
    of: (hosts) => kept(database, hosts),
    all: () => kept(database, null),
    exported: (copy, seenUsedAt) => refusingBuried(copy.sessionId, exported(database, copy, seenUsedAt)),
    latestExport: (sessionId, hand) => latestExport(database, sessionId, hand),
    callsSince: (place) => callsSince(database, place),
    refused: (place) => refused(database, place),

    async rowsOf(sessionIds) {
      if (sessionIds.length === 0) return []
      const rows = database.selectFrom('sandboxes').selectAll().where('session_id', 'in', sessionIds)
      return (await rows.execute()).map(toSandbox)
    },

    async deleted(sessionIds) {
      if (sessionIds.length === 0) return []
      const buried = database.selectFrom('tombstones').select('session_id').where('session_id', 'in', sessionIds)
      return (await buried.execute()).map(({ session_id: id }) => id)
    },

    async adopt(row, host) {
      await current(database, row).set({ host }).where('host', 'is', null).execute()
    },

    async evict(sessionId) {
      const rows = database.updateTable('sandboxes').set({ evict_at: sql<Date>`now()` })
      const living = rows.where('session_id', '=', sessionId).where('destroyed_at', 'is', null)
      return (await living.returning('hand').execute()).length > 0
    },

    async retire(row, seenUsedAt, { isLost } = { isLost: false }) {
      const retired = current(database, row).set({ destroyed_at: sql<Date>`now()`, lost: isLost })
      return isOne(await retired.where('destroyed_at', 'is', null).where('used_at', '=', seenUsedAt).execute())
    },

    async revive(row) {
      await current(database, row).set({ destroyed_at: null }).execute()
    },

    async passedOver(row, seenUsedAt) {
      const passed = current(database, row).set({ exported_at: sql<Date>`now()` })
      await passed.where('used_at', '=', seenUsedAt).execute()
    },

    async collected(row) {
      await current(database, row)
        .set({ collected_at: sql<Date>`now()` })
        .execute()
    },
  }
}

/** The row, as long as it is of this very sandbox. */
function current(database: Database, { sessionId, hand = MAIN, generation, reference }: SandboxRow) {
  const rows = database.updateTable('sandboxes').where('session_id', '=', sessionId).where('hand', '=', hand)
  return rows.where('generation', '=', generation).where('reference', '=', reference)
}

function isOne(results: readonly { readonly numUpdatedRows: bigint }[]): boolean {
  return results.some(({ numUpdatedRows }) => numUpdatedRows > 0n)
}

/** A session counts as archived once its row says so. One that was reset works again before its row knows all of it. */
async function kept(database: Database, hosts: readonly string[] | null): Promise<readonly KeptSandbox[]> {
  const here = hosts === null ? sql`true` : sql`(s.host is null or s.host = any(${hosts}::text[]))`
  const { rows } = await sql<Kept>`
    select s.*, sessions.status,
      sessions.id is null or (sessions.archived_at is not null and sessions.status = 'terminated') as gone,
      (extract(epoch from now() - s.used_at) * 1000)::float8 as unused_ms
    from sandboxes s left join sessions on sessions.id = s.session_id
    where s.destroyed_at is null and ${here}
    order by s.used_at desc, s.session_id, s.hand
  `.execute(database)
  return rows.map((row) => ({
    row: toSandbox(row),
    workspaceId: row.workspace_id,
    usedAt: row.used_at,
    unusedMs: row.unused_ms,
    exportedAt: row.exported_at,
    collectedAt: row.collected_at,
    status: row.status,
    isGone: row.gone,
    evictAt: row.evict_at,
  }))
}

/** One statement: what is kept and what the sandbox's row says of it change together, or neither. */
async function exported(database: Database, copy: Omit<WorkspaceExport, 'at'>, seenUsedAt: Date): Promise<boolean> {
  const { sessionId, hand, generation, content, bytes, entries, leftOut, isWhole, sha256, probe } = copy
  const { rows } = await sql<{ readonly session_id: string }>`
    with seen as (
      update sandboxes set exported_at = now()
      where session_id = ${sessionId} and hand = ${hand} and generation = ${generation}
        and destroyed_at is null and used_at = ${seenUsedAt}
      returning session_id, hand, workspace_id, generation
    ), durable as (
      update file_contents set finished = true where key = ${content} and exists (select from seen)
    )
    insert into workspace_exports
      (session_id, hand, workspace_id, generation, content, bytes, entries, left_out, whole, sha256, probe, exported_at)
    select session_id, hand, workspace_id, generation, ${content}, ${bytes}::bigint, ${entries}::integer,
      ${leftOut}::integer, ${isWhole}::boolean, ${sha256}, ${probe}, now()
    from seen
    on conflict (session_id, hand) do update set
      (generation, content, bytes, entries, left_out, whole, sha256, probe, exported_at) = (
        excluded.generation, excluded.content, excluded.bytes, excluded.entries, excluded.left_out, excluded.whole,
        excluded.sha256, excluded.probe, excluded.exported_at
      )
    returning session_id
  `.execute(database)
  return rows.length > 0
}

async function latestExport(database: Database, sessionId: string, hand: string): Promise<WorkspaceExport | null> {
  const rows = database.selectFrom('workspace_exports').selectAll().where('session_id', '=', sessionId)
  const row = await rows.where('hand', '=', hand).executeTakeFirst()
  if (row === undefined) return null
  const { generation, content, entries, left_out: leftOut, whole: isWhole, sha256, probe, exported_at: at } = row
  const bytes = Number(row.bytes)
  return { sessionId, hand, generation, content, bytes, entries, leftOut, isWhole, sha256, probe, at }
}

async function refused(
  database: Database,
  { sessionId, hand, generation }: Parameters<SandboxLedger['refused']>[0],
): Promise<number> {
  const { rows } = await sql<{ readonly ms: number }>`
    update sandboxes set refused_at = case when refused_at > now() - interval '1 hour' then refused_at else now() end
    where session_id = ${sessionId} and hand = ${hand} and generation = ${generation}
    returning greatest(floor(extract(epoch from now() - refused_at) * 1000), 0)::float8 as ms
  `.execute(database)
  return rows[0]?.ms ?? 0
}

async function callsSince(
  database: Database,
  { sessionId, hand, generation, at }: Parameters<SandboxLedger['callsSince']>[0],
): Promise<readonly string[]> {
  const rows = database
    .selectFrom('call_bindings')
    .select('tool_use_id')
    .where('session_id', '=', sessionId)
    .where('hand', '=', hand)
    .where('generation', '=', generation)
    .where('given_up', '=', false)
  const after = at === null ? rows : rows.where('bound_at', '>', at)
  const bound = await after.orderBy('bound_at').orderBy('tool_use_id').execute()
  return bound.map(({ tool_use_id: id }) => id)
}
