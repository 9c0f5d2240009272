import { join } from 'node:path'
import type { Cursor } from '../../src/activities/context.ts'
import { createContextReader } from '../../src/activities/context.ts'
import { createHistorySource } from '../../src/history/source.ts'
import { createSessionLog } from '../../src/history/session-log.ts'
import { createLog } from '../../src/log.ts'
import { createFolderBlobs } from '../../src/store/folder-blobs.ts'
import { openDatabase } from '../../src/store/postgres/database.ts'
import { createStores } from '../../src/store/postgres/stores.ts'
import type { Postgres } from '../support/postgres.ts'
import { connectPostgres, findDatabase } from '../support/postgres.ts'
import type { Service } from '../support/service.ts'
import { readRaw } from './raw.ts'
import { recordReads } from './recorder.ts'

/** One context, read by us and then raw: milliseconds. */
export interface Timed {
  readonly ours: number
  readonly raw: number
  /** Entries of the context. */
  readonly entries: number
}

/** Reads contexts as a worker does, in this process, on connections of its own. Disposal closes them. */
export interface Readers extends AsyncDisposable {
  /** By a reader that knows nothing. */
  cold(cursor: Cursor): Promise<Timed>
  /** By the one reader that is told of every context in turn: new to it is what came since the last. */
  warm(cursor: Cursor): Promise<Timed>
}

export async function openReaders(service: Service): Promise<Readers> {
  const log = createLog('bench')
  const database = await openDatabase(await findDatabase(service), log)
  const postgres = await connectPostgres(service)
  const recorder = recordReads(createHistorySource(service.temporal.workflow), createStores(database).archive)
  const blobs = createFolderBlobs(join(service.dev.state().data, 'blobs'))
  const open = () => {
    const sessionLog = createSessionLog({ source: recorder.source, archive: recorder.archive, log })
    return { read: createContextReader(sessionLog, blobs), close: () => sessionLog.close() }
  }
  const known = open()

  async function measure(read: () => Promise<readonly unknown[]>): Promise<Timed> {
    recorder.take()
    const startedAt = performance.now()
    const entries = await read()
    const ours = performance.now() - startedAt
    return { ours, raw: await timeRaw(service, postgres, recorder.take()), entries: entries.length }
  }

  return {
    async cold(cursor) {
      const fresh = open()
      const timed = await measure(() => fresh.read(cursor))
      fresh.close()
      return timed
    },
    warm: (cursor) => measure(() => known.read(cursor)),
    async [Symbol.asyncDispose]() {
      known.close()
      await postgres[Symbol.asyncDispose]()
      await database.destroy()
    },
  }
}

async function timeRaw(service: Service, postgres: Postgres, reads: Parameters<typeof readRaw>[2]): Promise<number> {
  const startedAt = performance.now()
  await readRaw(service.connection, postgres, reads)
  return performance.now() - startedAt
}
