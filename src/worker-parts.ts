import { hostname } from 'node:os'
import type { Client } from '@temporalio/client'
import { DefaultLogger, NativeConnection, Runtime } from '@temporalio/worker'
import type { ArchiveRunPorts } from './activities/archive.ts'
import type { WorkerPorts } from './activities/workers.ts'
import { openBytes } from './blobs.ts'
import type { ServerConfig } from './config.ts'
import type { BlobStore } from './history/blobs.ts'
import { openTemporalClient } from './history/client.ts'
import { createAesCodec } from './history/codec.ts'
import { copyRun } from './history/copy.ts'
import type { SessionLog } from './history/session-log.ts'
import { createSessionLog } from './history/session-log.ts'
import { createHistorySource } from './history/source.ts'
import type { Log } from './log.ts'
import type { FileContents } from './store/files.ts'
import type { Database } from './store/postgres/database.ts'
import { openDatabase } from './store/postgres/database.ts'
import { deltaSettings } from './store/postgres/deltas.ts'
import type { Notifier } from './store/postgres/notify.ts'
import { createNotifier } from './store/postgres/notify.ts'
import type { Stores } from './store/postgres/stores.ts'
import { createStores } from './store/postgres/stores.ts'

/** What a worker process has whatever its roles are; it opens and closes all of it. */
export interface WorkerParts {
  readonly config: ServerConfig
  readonly database: Database
  readonly stores: Stores
  readonly blobs: BlobStore
  readonly contents: FileContents
  readonly notifier: Notifier
  readonly temporal: Client
  readonly sessionLog: SessionLog
  readonly copy: ArchiveRunPorts['copy']
  readonly ports: WorkerPorts
  readonly log: Log
}

/** Opens all of it, once in a process, and closes it again behind the work, which is over when what it started has ended. */
export async function withWorkerParts(
  config: ServerConfig,
  log: Log,
  work: (parts: WorkerParts) => Promise<void>,
): Promise<void> {
  Runtime.install({
    logger: new DefaultLogger('WARN', ({ level, message, meta: { error, ...meta } = {} }) =>
      log.warn({ temporal: level, meta, ...(error === undefined ? {} : { err: error }) }, message),
    ),
    shutdownSignals: [],
  })
  await using database = await openDatabase(config.databaseUrl, log)
  const stores = createStores(database, config.codecKey)
  const bytes = await openBytes(config, stores.sessions)
  await using notifier = await createNotifier(config.databaseUrl, log, { settings: deltaSettings })

  const { connection, namespace } = config.temporal
  const identity = `worker ${process.pid}@${hostname()}`
  const codecs = config.codecKey ? [createAesCodec(config.codecKey)] : []
  const temporal = await openTemporalClient({ connection, namespace, codecs, identity })
  const native = await NativeConnection.connect(connection)
  const source = createHistorySource(temporal.workflow)
  const sessionLog = createSessionLog({ source, archive: stores.archive, log })
  const copy: WorkerParts['copy'] = (session, id) => copyRun(source, session, id)
  const ports = { connection: native, namespace, codecs, identity }
  await work({ ...bytes, config, database, stores, notifier, temporal, sessionLog, copy, ports, log })
  sessionLog.close()
  await native.close()
  await temporal.connection.close()
}
