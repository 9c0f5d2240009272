import type { Transaction } from 'kysely'
import type { Agent } from '../../wire/types.ts'
import type { AgentListing, AgentStore } from '../agents.ts'
import type { Database } from './database.ts'
import { isBehind } from './keyset.ts'
import type { Schema } from './schema.ts'

/** Agents in PostgreSQL: one row per agent naming its latest version, one immutable document per version. */
export function createAgentStore(database: Database): AgentStore {
  async function read(workspaceId: string, id: string, version?: number): Promise<Agent | null> {
    const query = select(database, workspaceId).where('agents.id', '=', id)
    const row = await (
      version === undefined
        ? query.whereRef('agent_versions.version', '=', 'agents.version')
        : query.where('agent_versions.version', '=', version)
    ).executeTakeFirst()
    return row === undefined ? null : toAgent(row)
  }

  return {
    read,
    list: (workspaceId, listing) => list(database, workspaceId, listing),

    async create(workspaceId, agent) {
      if (await database.transaction().execute((transaction) => insert(transaction, workspaceId, agent))) return agent
      const stored = await read(workspaceId, agent.id)
      if (stored === null) throw new Error(`expected ${agent.id} in workspace ${workspaceId}, got one of another`)
      return stored
    },

    update(workspaceId, id, change) {
      return database.transaction().execute(async (transaction) => {
        const latest = await lock(transaction, workspaceId, id)
        if (latest === null) return null
        const next = change(latest)
        if (next === latest) return latest
        await transaction.updateTable('agents').set({ version: next.version }).where('id', '=', id).execute()
        await transaction.insertInto('agent_versions').values(toVersion(workspaceId, next)).execute()
        return next
      })
    },

    async archive(workspaceId, id, at) {
      await database
        .updateTable('agents')
        .set({ archived_at: at })
        .where('id', '=', id)
        .where('workspace_id', '=', workspaceId)
        .where('archived_at', 'is', null)
        .execute()
      return read(workspaceId, id)
    },

    async versions(workspaceId, id, page) {
      let query = select(database, workspaceId).where('agents.id', '=', id)
      if (page.before !== undefined) query = query.where('agent_versions.version', '<', page.before)
      const rows = await query.orderBy('agent_versions.version', 'desc').limit(page.limit).execute()
      return rows.map(toAgent)
    },
  }
}

/** Every version of every agent of the workspace. */
function select(database: Database, workspaceId: string) {
  return database
    .selectFrom('agents')
    .innerJoin('agent_versions', 'agent_versions.agent_id', 'agents.id')
    .select(['agent_versions.document', 'agents.archived_at'])
    .where('agents.workspace_id', '=', workspaceId)
}

/**
 * The latest version, nobody else's to change until the transaction ends. In two statements: one that waited for the
 * lock would join the row it got with versions of before its wait.
 */
async function lock(transaction: Transaction<Schema>, workspaceId: string, id: string): Promise<Agent | null> {
  const row = await transaction
    .selectFrom('agents')
    .select(['version', 'archived_at'])
    .where('id', '=', id)
    .where('workspace_id', '=', workspaceId)
    .forNoKeyUpdate()
    .executeTakeFirst()
  if (row === undefined) return null
  const { document } = await transaction
    .selectFrom('agent_versions')
    .select('document')
    .where('agent_id', '=', id)
    .where('version', '=', row.version)
    .executeTakeFirstOrThrow()
  return toAgent({ document, archived_at: row.archived_at })
}

async function insert(transaction: Transaction<Schema>, workspaceId: string, agent: Agent): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await transaction
    .insertInto('agents')
    .values({
      id: agent.id,
      workspace_id: workspaceId,
      version: agent.version,
      created_at: new Date(agent.created_at),
      archived_at: agent.archived_at === null ? null : new Date(agent.archived_at),
    })
    .onConflict((conflict) => conflict.column('id').doNothing())
    .executeTakeFirstOrThrow()
  if (numInsertedOrUpdatedRows === 0n) return false
  await transaction.insertInto('agent_versions').values(toVersion(workspaceId, agent)).execute()
  return true
}

async function list(database: Database, workspaceId: string, listing: AgentListing): Promise<readonly Agent[]> {
  const { from, createdAt } = listing
  let query = select(database, workspaceId).whereRef('agent_versions.version', '=', 'agents.version')
  if (from !== undefined) query = query.where(isBehind(from, 'desc'))
  if (listing.includeArchived !== true) query = query.where('archived_at', 'is', null)
  if (createdAt?.gte !== undefined) query = query.where('created_at', '>=', createdAt.gte)
  if (createdAt?.lte !== undefined) query = query.where('created_at', '<=', createdAt.lte)
  const rows = await query.orderBy('created_at', 'desc').orderBy('id', 'desc').limit(listing.limit).execute()
  return rows.map(toAgent)
}

/** Versions are written once; that the agent was archived since is told by its row. */
function toAgent(row: { readonly document: Agent; readonly archived_at: Date | null }): Agent {
  return { ...row.document, archived_at: row.archived_at?.toISOString() ?? null }
}

function toVersion(workspaceId: string, agent: Agent) {
  return { agent_id: agent.id, version: agent.version, workspace_id: workspaceId, document: JSON.stringify(agent) }
}
