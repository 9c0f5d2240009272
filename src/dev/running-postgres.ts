import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readDevState } from './dev-state.ts'
import { readPorts } from './ports.ts'
import { postgresUrl } from './postgres.ts'

/**
 * URL of the database that the `dev` on this data folder runs, password included: never to be logged. Undefined when no
 * `dev` runs there, or one on a PostgreSQL of yours.
 */
export async function findRunningPostgres(data: string): Promise<string | undefined> {
  const state = await readDevState(data)
  const { postgres: port } = await readPorts(join(data, 'ports.json'))
  if (!state?.pids.postgres || typeof port !== 'number') return undefined
  const password = await readFile(join(data, 'postgres-password'), 'utf8')
  return postgresUrl({ password: password.trim(), port })
}
