import { Kysely, PostgresDialect, sql } from 'kysely'
import { Pool } from 'pg'
import type { Logger } from 'pino'
import type { Schema } from './schema.ts'

/** A pool of connections; disposing of it (`await using`) waits for running queries and closes them all. */
export type Database = Kysely<Schema>

const maxConnections = 10
const connectTimeoutMs = 5_000
/** Longer than any query of ours takes and shorter than a client waits: a lost lock becomes an error, not a hang. */
const statementTimeoutMs = 15_000

/**
 * Opens a pool on the server at `url` and asks it one question, so that a missing server, a wrong password or an
 * unknown database fails here, with a message that names the place and never the password.
 *
 * The transaction isolation must be the server's usual `read committed`: the stores read back what won a conflict.
 */
export async function openDatabase(url: string, log: Logger): Promise<Database> {
  const place = readPlace(url)
  const pool = new Pool({
    connectionString: url,
    application_name: 'longhand',
    max: maxConnections,
    connectionTimeoutMillis: connectTimeoutMs,
    idleTimeoutMillis: 30_000,
    statement_timeout: statementTimeoutMs,
    keepAlive: true,
  })
  // The pool listens to a connection only while it is idle; one that breaks in use would end the process.
  pool.on('connect', (client) => {
    client.on('error', (error) => log.warn({ err: error, place }, 'a connection to PostgreSQL broke'))
  })
  pool.on('error', () => undefined)

  const database = new Kysely<Schema>({ dialect: new PostgresDialect({ pool }) })
  try {
    await sql`select 1`.execute(database)
    return database
  } catch (error) {
    await database.destroy()
    throw new Error(`expected a PostgreSQL server at ${place}, got: ${describe(error)}`, { cause: error })
  }
}

/** Host, port and database of the URL: what may be shown. */
function readPlace(url: string): string {
  if (!URL.canParse(url)) throw new Error('expected a URL such as postgres://user@host:5432/database')
  const { protocol, hostname, port, pathname, searchParams } = new URL(url)
  if (!/^postgres(ql)?:$/.test(protocol))
    throw new Error(`expected a postgres:// URL, got one that starts with ${protocol}`)
  return `${hostname || searchParams.get('host') || 'localhost'}:${port || '5432'}${pathname}`
}

/** Node reports a refused connection to a name with several addresses as an AggregateError without a message. */
function describe(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(describe).join(', ')
  return error instanceof Error ? error.message : String(error)
}
