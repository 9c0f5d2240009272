import type { Client } from '@temporalio/client'
import type { ArchiveRunPorts } from './activities/archive.ts'
import type { WorkerPorts } from './activities/workers.ts'
import type { ServerConfig } from './config.ts'
import type { BlobStore } from './history/blobs.ts'
import type { SessionLog } from './history/session-log.ts'
import type { Log } from './log.ts'
import type { FileContents } from './store/files.ts'
import type { Database } from './store/postgres/database.ts'
import type { Notifier } from './store/postgres/notify.ts'
import type { Stores } from './store/postgres/stores.ts'

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
