import { sql } from 'kysely'
import type { LogEntry } from '../../src/session/transcript.ts'
import type { Stack } from '../support/stack.ts'

/** What the log says of the session's sandboxes, the oldest first. */
export async function provisioned({ log }: Pick<Stack, 'log'>, session: string): Promise<readonly LogEntry[]> {
  const view = await log.read(session)
  const items = await log.slice(view, { order: 'asc', limit: 100, audience: 'model', types: ['log.provisioned'] })
  return items.flatMap(({ says }) => (says ? [says] : []))
}

/** Takes away what the database says, beside the log, of what sandboxes are made of; what their git may reach stays. */
export async function forgetRecipe({ database }: Pick<Stack, 'database'>, session: string): Promise<void> {
  const isFile = sql`document ->> 'type' = 'file'`
  await sql`update configurations set networking = null, recipe = null where session_id = ${session}`.execute(database)
  await sql`delete from session_outputs where session_id = ${session}`.execute(database)
  await sql`delete from session_resources where session_id = ${session} and ${isFile}`.execute(database)
}
