import { afterAll, beforeAll, onTestFinished } from 'vitest'
import type { Database } from '../../src/store/postgres/database.ts'
import { openDatabase } from '../../src/store/postgres/database.ts'
import { migrate } from '../../src/store/postgres/migrate.ts'
import type { Stores } from '../../src/store/postgres/stores.ts'
import { createStores } from '../../src/store/postgres/stores.ts'
import type { TestDatabase } from '../support/postgres.ts'
import { createDatabase } from '../support/postgres.ts'
import { silentLog } from '../support/silent-log.ts'
import { storeEnvironment } from './builders.ts'

/** An empty database for one test: its URL. */
export async function newDatabase(): Promise<string> {
  const database = await createDatabase()
  onTestFinished(() => database[Symbol.asyncDispose]())
  return database.url
}

/** A migrated database for one test: its URL, and a pool on it. */
export async function newMigrated(): Promise<{ readonly url: string; readonly database: Database }> {
  const url = await newDatabase()
  const database = await openPool(url)
  await migrate(database)
  return { url, database }
}

/** A pool that is closed with the test. */
export async function openPool(url: string): Promise<Database> {
  const database = await openDatabase(url, silentLog)
  onTestFinished(() => database.destroy())
  return database
}

/** A migrated database for the tests of a file; each call of what it answers opens another pool on it. */
export function useDatabase(): () => Promise<Database> {
  let created: TestDatabase
  beforeAll(async () => {
    created = await createDatabase()
    await using database = await openDatabase(created.url, silentLog)
    await migrate(database)
    await storeEnvironment(createStores(database))
  })
  afterAll(() => created[Symbol.asyncDispose]())
  return () => openPool(created.url)
}

/** The same as stores: each call is what another process would open. */
export function useStores(): () => Promise<Stores> {
  const open = useDatabase()
  return async () => createStores(await open())
}
