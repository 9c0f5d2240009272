import type { Environment } from '../../wire/types.ts'
import type { EnvironmentStore } from '../environments.ts'
import { NameTaken } from '../environments.ts'
import { refusingViolation } from './constraint.ts'
import type { Database } from './database.ts'
import { isBehind } from './keyset.ts'

const defaultName = 'default'
/** Of the tables whose rows name an environment that must stay. */
const USES: ReadonlySet<unknown> = new Set(['sessions_environment', 'session_hands_environment'])

/**
 * Environments in PostgreSQL: a partial unique index keeps the names of the live ones apart, foreign keys of what
 * names them keep those in use from being deleted.
 */
export function createEnvironmentStore(database: Database): EnvironmentStore {
  return {
    create: (workspaceId, environment) => create(database, workspaceId, environment),
    read: (workspaceId, id) => read(database, workspaceId, id),
    findNamed: (workspaceId, name) => findNamed(database, workspaceId, name),
    update: (workspaceId, id, change) => update(database, { workspaceId, id, change }),
    delete: (workspaceId, id) => remove(database, workspaceId, id),
    ensureDefault: (workspaceId, make) => ensureDefault(database, workspaceId, make),

    async archive(workspaceId, id, at) {
      await database
        .updateTable('environments')
        .set({ archived_at: at })
        .where('id', '=', id)
        .where('workspace_id', '=', workspaceId)
        .where('archived_at', 'is', null)
        .execute()
      return read(database, workspaceId, id)
    },

    async list(workspaceId, { limit, from, includeArchived }) {
      let query = select(database, workspaceId)
      if (from !== undefined) query = query.where(isBehind(from, 'desc'))
      if (includeArchived !== true) query = query.where('archived_at', 'is', null)
      const rows = await query.orderBy('created_at', 'desc').orderBy('id', 'desc').limit(limit).execute()
      return rows.map(toEnvironment)
    },
  }
}

function select(database: Database, workspaceId: string) {
  const columns = ['document', 'archived_at'] as const
  return database.selectFrom('environments').select(columns).where('workspace_id', '=', workspaceId)
}

async function read(database: Database, workspaceId: string, id: string): Promise<Environment | null> {
  const row = await select(database, workspaceId).where('id', '=', id).executeTakeFirst()
  return row === undefined ? null : toEnvironment(row)
}

async function findNamed(database: Database, workspaceId: string, name: string): Promise<Environment | null> {
  const live = select(database, workspaceId).where('name', '=', name).where('archived_at', 'is', null)
  const row = await live.executeTakeFirst()
  return row === undefined ? null : toEnvironment(row)
}

async function create(database: Database, workspaceId: string, environment: Environment): Promise<Environment> {
  const { numInsertedOrUpdatedRows } = await database
    .insertInto('environments')
    .values({
      id: environment.id,
      workspace_id: workspaceId,
      name: environment.name,
      document: JSON.stringify(environment),
      created_at: new Date(environment.created_at),
      archived_at: environment.archived_at === null ? null : new Date(environment.archived_at),
    })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirstOrThrow()
  if (numInsertedOrUpdatedRows === 1n) return environment
  const stored = await read(database, workspaceId, environment.id)
  if (stored === null) throw new NameTaken(environment.name)
  return stored
}

async function ensureDefault(database: Database, workspaceId: string, make: () => Environment): Promise<Environment> {
  for (;;) {
    const existing = await findNamed(database, workspaceId, defaultName)
    if (existing !== null) return existing
    const made = make()
    if (made.name !== defaultName)
      throw new Error(`expected an environment named ${defaultName}, got ${JSON.stringify(made.name)}`)
    try {
      return await create(database, workspaceId, made)
    } catch (error) {
      // Somebody was faster: theirs is read now, unless it has been archived or renamed since.
      if (!(error instanceof NameTaken)) throw error
    }
  }
}

interface Update {
  readonly workspaceId: string
  readonly id: string
  readonly change: (stored: Environment) => Environment
}

async function update(database: Database, { workspaceId, id, change }: Update): Promise<Environment | null> {
  let name = ''
  const updated = database.transaction().execute(async (transaction) => {
    const row = await select(transaction, workspaceId).where('id', '=', id).forNoKeyUpdate().executeTakeFirst()
    if (row === undefined) return null
    const stored = toEnvironment(row)
    const next = change(stored)
    if (next === stored) return stored
    name = next.name
    await transaction
      .updateTable('environments')
      .set({ name, document: JSON.stringify(next) })
      .where('id', '=', id)
      .execute()
    return next
  })
  return refusingViolation('environments_live_name', updated, (cause) => new NameTaken(name, { cause }))
}

async function remove(database: Database, workspaceId: string, id: string): Promise<'deleted' | 'missing' | 'used'> {
  const rows = database.deleteFrom('environments').where('id', '=', id).where('workspace_id', '=', workspaceId)
  try {
    const { numDeletedRows } = await rows.executeTakeFirstOrThrow()
    return numDeletedRows === 1n ? 'deleted' : 'missing'
  } catch (error) {
    if (error instanceof Error && 'constraint' in error && USES.has(error.constraint)) return 'used'
    throw error
  }
}

function toEnvironment(row: { readonly document: Environment; readonly archived_at: Date | null }): Environment {
  return { ...row.document, archived_at: row.archived_at?.toISOString() ?? null }
}
