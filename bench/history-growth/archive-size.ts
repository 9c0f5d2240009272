import { setTimeout as delay } from 'node:timers/promises'
import type { Postgres } from '../support/postgres.ts'

const lookMs = 50
const mostMs = 60_000

/** Bytes of the archive's tables in the database, indexes and TOAST included; of all sessions together. */
export async function readArchiveSize(postgres: Postgres): Promise<number> {
  const [row] = await postgres.query<{ bytes: string }>(
    "select pg_total_relation_size('archived_items') + pg_total_relation_size('archived_runs') as bytes",
  )
  return Number(row?.bytes)
}

/** Resolves when so many runs of a session have been copied to their end. */
export async function awaitArchived(postgres: Postgres, session: string, runs: number): Promise<void> {
  const until = Date.now() + mostMs
  for (;;) {
    const [row] = await postgres.query<{ closed: number }>(
      'select count(*)::integer as closed from archived_runs where session_id = $1 and closed',
      [session],
    )
    if ((row?.closed ?? 0) >= runs) return
    if (Date.now() > until) throw new Error(`${session}: expected ${runs} runs in the archive, got ${row?.closed}`)
    await delay(lookMs)
  }
}
