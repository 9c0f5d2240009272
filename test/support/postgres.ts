import { randomBytes } from 'node:crypto'
import { Client } from 'pg'
import { inject } from 'vitest'

/** An empty database of its own; disposal drops it, whoever is still connected. */
export interface TestDatabase extends AsyncDisposable {
  readonly url: string
}

/** Makes a database on the server of the run (`global-setup.ts`). */
export async function createDatabase(): Promise<TestDatabase> {
  const name = `test_${randomBytes(6).toString('hex')}`
  await execute(`create database ${name}`)
  const url = new URL(inject('postgresUrl'))
  url.pathname = name
  return {
    url: url.href,
    async [Symbol.asyncDispose]() {
      await execute(`drop database ${name} with (force)`)
    },
  }
}

async function execute(statement: string): Promise<void> {
  const client = new Client({ connectionString: inject('postgresUrl') })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}
