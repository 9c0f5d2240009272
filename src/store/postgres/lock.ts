import { sql } from 'kysely'
import type { Database } from './database.ts'

/**
 * Runs `work` if nobody else in the cluster runs work under that name; false, at once, if somebody does. The lock
 * belongs to an open transaction on a connection of its own and so ends with it, however that ends: a process that
 * dies leaves no lock behind. A connection that breaks meanwhile frees the lock while `work` still runs, so the work
 * has to be idempotent; `withLock` then rejects.
 */
export function withLock(database: Database, name: string, work: () => Promise<void>): Promise<boolean> {
  return database.transaction().execute(async (transaction) => {
    const { rows } = await sql<{ readonly held: boolean }>`
      select pg_try_advisory_xact_lock(hashtextextended(${`lock ${name}`}, 0)) as held
    `.execute(transaction)
    if (rows[0]?.held !== true) return false
    await work()
    return true
  })
}
