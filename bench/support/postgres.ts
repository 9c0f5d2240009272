import { Client } from 'pg'
import { findRunningPostgres } from '../../src/dev/running-postgres.ts'
import type { Service } from './service.ts'

/** One connection to a service's database, for what is looked at from outside. */
export interface Postgres extends AsyncDisposable {
  query<Row>(text: string, values?: readonly unknown[]): Promise<readonly Row[]>
}

/** Disposal closes the connection. */
export async function connectPostgres(service: Service): Promise<Postgres> {
  const client = new Client({ connectionString: await findDatabase(service) })
  await client.connect()
  return {
    // The caller knows what it has asked for.
    query: async <Row>(text: string, values: readonly unknown[] = []) =>
      (await client.query(text, [...values])).rows as Row[],
    [Symbol.asyncDispose]: () => client.end(),
  }
}

/** URL of a service's database, password included. */
export async function findDatabase({ dev }: Service): Promise<string> {
  const url = await findRunningPostgres(dev.state().data)
  if (url === undefined) throw new Error('the service runs no Postgres of its own')
  return url
}
