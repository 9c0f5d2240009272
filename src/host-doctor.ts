import type { Config } from './config.ts'
import { findRunningPostgres } from './dev/running-postgres.ts'
import type { Finding } from './hands/sandbox.ts'
import type { Log } from './log.ts'
import { createHostRegistry } from './store/postgres/hosts.ts'
import { openDatabase } from './store/postgres/database.ts'
import { readBucketPlace } from './store/s3/place.ts'

/**
 * Says which hosts take calls now, by the database of `DATABASE_URL` or of the `dev` that runs on the data folder; nothing
 * where there is neither. Several hosts need a place for bytes that all of them reach.
 */
export async function examineHosts(
  { databaseUrl, data, blobs }: Pick<Config, 'databaseUrl' | 'data' | 'blobs'>,
  log: Log,
): Promise<readonly Finding[]> {
  const url = databaseUrl ?? (await findRunningPostgres(data))
  if (url === undefined) return []
  const name = 'hands hosts'
  try {
    const hosts = await readHosts(url, log)
    const detail = hosts.length === 0 ? 'none takes calls now' : hosts.join(', ')
    if (hosts.length === 0) return [{ name, ok: true, detail, remedy: 'Start a worker, or one with the role hands.' }]
    if (hosts.length === 1 || readBucketPlace(blobs ?? data) !== undefined) return [{ name, ok: true, detail }]
    const remedy =
      'Copies of workspaces and files of sessions are in a folder: mount the same one for every api and worker, or set LONGHAND_BLOBS to a bucket.'
    return [{ name, ok: true, detail: `${detail}; they may not have the same files`, remedy }]
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return [{ name, ok: false, detail: reason, remedy: 'Start the database, and run longhand migrate on it.' }]
  }
}

async function readHosts(url: string, log: Log): Promise<readonly string[]> {
  const database = await openDatabase(url, log)
  try {
    const offers = await createHostRegistry(database).offers()
    return [...new Set(offers.map(({ host }) => host))]
  } finally {
    await database.destroy()
  }
}
