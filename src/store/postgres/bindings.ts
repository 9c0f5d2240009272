import type { Selectable } from 'kysely'
import { sql } from 'kysely'
import type { Bound, SandboxBindings, SandboxRow } from '../../hands/bindings.ts'
import { SessionBuried } from '../buried.ts'
import { refusingBuried } from './burial.ts'
import type { Database } from './database.ts'
import type { Schema } from './schema.ts'

/** The hand of rows and calls that name none. */
const MAIN = 'main'

/**
 * Sandboxes and bindings in PostgreSQL. Rows take their workspace from the session's row: a write for an unknown session
 * rejects with a plain error, for a deleted one with `SessionBuried`. What was written stays readable until it is
 * cleared, so that a sandbox can be found and ended after its session was deleted.
 */
export function createSandboxBindings(database: Database): SandboxBindings {
  return {
    current: (sessionId, hand = MAIN) => current(database, sessionId, hand),
    bound: (sessionId, toolUseId) => bound(database, sessionId, toolUseId),

    async replace(expected, next) {
      await refusingBuried(
        next.sessionId,
        expected === 0 ? insertFirst(database, next) : succeed(database, expected, next),
      )
      const winner = await current(database, next.sessionId, next.hand ?? MAIN)
      if (winner === null) throw await refusal(database, next.sessionId)
      return winner
    },

    async bind(sessionId, toolUseId, to) {
      await refusingBuried(sessionId, insertBinding(database, { sessionId, toolUseId, ...to }))
      const winner = await bound(database, sessionId, toolUseId)
      if (winner !== null || (await isThere(database, sessionId))) return winner
      throw await refusal(database, sessionId)
    },

    async supplied({ sessionId, hand = MAIN, generation }, version) {
      await database
        .updateTable('sandboxes')
        .set({ supplies: sql<number>`greatest(supplies, ${version}::integer)` })
        .where('session_id', '=', sessionId)
        .where('hand', '=', hand)
        .where('generation', '=', generation)
        .execute()
    },
  }
}

async function current(database: Database, sessionId: string, hand: string): Promise<SandboxRow | null> {
  const rows = database.selectFrom('sandboxes').selectAll().where('session_id', '=', sessionId)
  const row = await rows.where('hand', '=', hand).executeTakeFirst()
  return row ? toSandbox(row) : null
}

async function bound(database: Database, sessionId: string, toolUseId: string): Promise<Bound | null> {
  const row = await database
    .selectFrom('call_bindings')
    .select(['hand', 'generation'])
    .where('session_id', '=', sessionId)
    .where('tool_use_id', '=', toolUseId)
    .executeTakeFirst()
  return row ?? null
}

async function isThere(database: Database, sessionId: string): Promise<boolean> {
  const row = await database.selectFrom('sessions').select('id').where('id', '=', sessionId).executeTakeFirst()
  return row !== undefined
}

/** Why a write for the session left nothing to read back. */
async function refusal(database: Database, sessionId: string): Promise<Error> {
  const tombstones = database.selectFrom('tombstones').select('session_id')
  const tombstone = await tombstones.where('session_id', '=', sessionId).executeTakeFirst()
  return tombstone === undefined
    ? new Error(`expected a session ${sessionId}, found none`)
    : new SessionBuried(sessionId)
}

type NewBinding = Parameters<SandboxBindings['bind']>[2] & { readonly sessionId: string; readonly toolUseId: string }

/**
 * One statement: the row's lock puts it in order with whoever retires the sandbox. Who binds a call uses the sandbox, and
 * one that nobody may use any more takes none.
 */
async function insertBinding(
  database: Database,
  { sessionId, toolUseId, hand, generation, isGivenUp = false }: NewBinding,
): Promise<void> {
  await sql`
    with live as (
      update sandboxes set used_at = case when ${isGivenUp}::boolean then used_at else now() end
      where session_id = ${sessionId} and hand = ${hand} and generation = ${generation} and destroyed_at is null
      returning session_id, workspace_id, hand, generation
    )
    insert into call_bindings (session_id, tool_use_id, workspace_id, hand, generation, given_up)
    select session_id, ${toolUseId}, workspace_id, hand, generation, ${isGivenUp}::boolean from live
    on conflict do nothing
  `.execute(database)
}

async function insertFirst(database: Database, first: SandboxRow): Promise<void> {
  const { hand = MAIN, host = null, supplies = 0, facts } = first
  await sql`
    insert into sandboxes
      (session_id, workspace_id, hand, generation, provider, host, reference, boot_id, supplies, facts)
    select id, workspace_id, ${hand}, ${first.generation}, ${first.provider}, ${host}, ${first.reference},
      ${first.bootId}, ${supplies}, ${facts ? JSON.stringify(facts) : null}::json
    from sessions where id = ${first.sessionId}
    on conflict do nothing
  `.execute(database)
}

/** Nothing of what was noted about the one before holds for this one. */
async function succeed(database: Database, expected: number, next: SandboxRow): Promise<void> {
  const { hand = MAIN, host = null, supplies = 0, facts } = next
  await database
    .updateTable('sandboxes')
    .set({
      generation: next.generation,
      provider: next.provider,
      host,
      reference: next.reference,
      boot_id: next.bootId,
      supplies,
      facts: facts ? JSON.stringify(facts) : null,
      used_at: sql<Date>`now()`,
      exported_at: null,
      collected_at: null,
      destroyed_at: null,
      evict_at: null,
      lost: false,
      refused_at: null,
    })
    .where('session_id', '=', next.sessionId)
    .where('hand', '=', hand)
    .where('generation', '=', expected)
    .execute()
}

/** What a row does not say is absent, as it is in what a provider makes. */
export function toSandbox({ hand, host, supplies, facts, ...row }: Selectable<Schema['sandboxes']>): SandboxRow {
  return {
    sessionId: row.session_id,
    ...(hand === MAIN ? {} : { hand }),
    generation: row.generation,
    provider: row.provider,
    ...(host === null ? {} : { host }),
    reference: row.reference,
    bootId: row.boot_id,
    ...(supplies === 0 ? {} : { supplies }),
    ...(facts === null ? {} : { facts }),
    ...(row.destroyed_at === null ? {} : { retired: true, ...(row.lost && { isLost: true }) }),
  }
}
