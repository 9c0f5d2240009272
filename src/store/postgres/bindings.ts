import { sql } from 'kysely'
import type { SandboxBindings, SandboxRow } from '../../hands/bindings.ts'
import { SessionBuried } from '../buried.ts'
import { refusingBuried } from './burial.ts'
import type { Database } from './database.ts'

/**
 * Sandboxes and bindings in PostgreSQL. Rows take their workspace from the session's row: a write for an unknown session
 * rejects with a plain error, for a deleted one with `SessionBuried`. What was written stays readable until it is
 * cleared, so that a sandbox can be found and ended after its session was deleted.
 */
export function createSandboxBindings(database: Database): SandboxBindings {
  async function current(sessionId: string): Promise<SandboxRow | null> {
    const row = await database
      .selectFrom('sandboxes')
      .select(['session_id as sessionId', 'generation', 'provider', 'reference', 'boot_id as bootId'])
      .where('session_id', '=', sessionId)
      .executeTakeFirst()
    return row ?? null
  }

  async function bound(sessionId: string, toolUseId: string): Promise<number | null> {
    const row = await database
      .selectFrom('call_bindings')
      .select('generation')
      .where('session_id', '=', sessionId)
      .where('tool_use_id', '=', toolUseId)
      .executeTakeFirst()
    return row?.generation ?? null
  }

  /** Why a write for the session left nothing to read back. */
  async function refusal(sessionId: string): Promise<Error> {
    const tombstone = await database
      .selectFrom('tombstones')
      .select('session_id')
      .where('session_id', '=', sessionId)
      .executeTakeFirst()
    return tombstone === undefined
      ? new Error(`expected a session ${sessionId}, found none`)
      : new SessionBuried(sessionId)
  }

  return {
    current,
    bound,

    async replace(expected, next) {
      await refusingBuried(
        next.sessionId,
        expected === 0 ? insertFirst(database, next) : succeed(database, expected, next),
      )
      const winner = await current(next.sessionId)
      if (winner === null) throw await refusal(next.sessionId)
      return winner
    },

    async bind(sessionId, toolUseId, generation) {
      await refusingBuried(
        sessionId,
        sql`
          insert into call_bindings (session_id, tool_use_id, workspace_id, generation)
          select id, ${toolUseId}, workspace_id, ${generation} from sessions where id = ${sessionId}
          on conflict do nothing
        `.execute(database),
      )
      const winner = await bound(sessionId, toolUseId)
      if (winner === null) throw await refusal(sessionId)
      return winner
    },
  }
}

async function insertFirst(database: Database, first: SandboxRow): Promise<void> {
  await sql`
    insert into sandboxes (session_id, workspace_id, generation, provider, reference, boot_id)
    select id, workspace_id, ${first.generation}, ${first.provider}, ${first.reference}, ${first.bootId}
    from sessions where id = ${first.sessionId}
    on conflict do nothing
  `.execute(database)
}

async function succeed(database: Database, expected: number, next: SandboxRow): Promise<void> {
  await database
    .updateTable('sandboxes')
    .set({
      generation: next.generation,
      provider: next.provider,
      reference: next.reference,
      boot_id: next.bootId,
      destroyed_at: null,
    })
    .where('session_id', '=', next.sessionId)
    .where('generation', '=', expected)
    .execute()
}
