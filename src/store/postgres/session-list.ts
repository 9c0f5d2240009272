import type { Selectable } from 'kysely'
import { sql } from 'kysely'
import type { SessionStatus } from '../../wire/types.ts'
import type { Configuration, SessionListing } from '../sessions.ts'
import type { Database } from './database.ts'
import { isBehind } from './keyset.ts'
import type { Schema } from './schema.ts'

/** The rows of a page, nearest to `from` first: for a page walked backward, in the order opposite to the listing's. */
export function buildSessionList(database: Database, workspaceId: string, listing: SessionListing) {
  const { from, agentId, agentVersion, statuses } = listing
  const { gt, gte, lt, lte } = listing.createdAt ?? {}
  const order = listing.backward === true ? opposite[listing.order] : listing.order

  let query = database.selectFrom('sessions').selectAll().where('workspace_id', '=', workspaceId)
  // Literal, not a parameter: a plan made for any value could not use what is known about this one.
  query = query.where('status', '<>', sql.lit('creating'))
  if (listing.includeArchived !== true) query = query.where('archived_at', 'is', null)
  if (from !== undefined) query = query.where(isBehind(from, order))
  if (agentId !== undefined) query = query.where('agent_id', '=', agentId)
  if (agentVersion !== undefined) query = query.where('agent_version', '=', agentVersion)
  // A single status by equality: only then is its index in the order of the list.
  if (statuses?.length === 1) query = query.where('status', '=', statuses[0]!)
  else if (statuses !== undefined) query = query.where('status', '=', sql<SessionStatus>`any(${[...statuses]}::text[])`)
  if (gt !== undefined) query = query.where('created_at', '>', gt)
  if (gte !== undefined) query = query.where('created_at', '>=', gte)
  if (lt !== undefined) query = query.where('created_at', '<', lt)
  if (lte !== undefined) query = query.where('created_at', '<=', lte)
  return query.orderBy('created_at', order).orderBy('id', order).limit(listing.limit)
}

const opposite = { asc: 'desc', desc: 'asc' } as const

/** What the sessions of a page have, by session, in one query. */
export async function readConfigurations(
  database: Database,
  sessionIds: readonly string[],
): Promise<ReadonlyMap<string, Configuration>> {
  if (sessionIds.length === 0) return new Map()
  const rows = await database
    .selectFrom('sessions')
    .innerJoin('configurations', 'configurations.id', 'sessions.configuration_id')
    .select(['sessions.id as session', ...CONFIGURATION])
    .where('sessions.id', '=', sql<string>`any(${[...sessionIds]}::text[])`)
    .execute()
  return new Map(rows.map(({ session, ...row }) => [session, toConfiguration(row)]))
}

/** What of a row makes a {@link Configuration}. */
export const CONFIGURATION = [
  'configurations.id',
  'configurations.agent',
  'configurations.harness',
  'configurations.networking',
  'configurations.recipe',
  'configurations.self_hosted',
] as const

export function toConfiguration({
  networking,
  recipe,
  self_hosted: selfHosted,
  ...row
}: Pick<
  Selectable<Schema['configurations']>,
  'id' | 'agent' | 'harness' | 'networking' | 'recipe' | 'self_hosted'
>): Configuration {
  return {
    ...row,
    ...(networking === null ? {} : { networking }),
    ...(recipe === null ? {} : { recipe }),
    ...(selfHosted ? { selfHosted } : {}),
  }
}
