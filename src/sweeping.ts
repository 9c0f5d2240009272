import type { Client } from '@temporalio/client'
import { createArchiveSweep } from './activities/archive-sweep.ts'
import type { ArchiveRunPorts } from './activities/archive.ts'
import { createEndedRuns } from './activities/ended-runs.ts'
import { createLateBlobs } from './activities/late-blobs.ts'
import { createRemoveWorkflow } from './activities/remove-workflow.ts'
import { createResourceSweep } from './activities/resource-sweep.ts'
import { createSpareContents } from './activities/spare-contents.ts'
import { createStaffSweep } from './activities/staff-sweep.ts'
import type { SweeperPorts } from './activities/sweeper.ts'
import type { SandboxHands } from './hands/sandbox-hands.ts'
import type { BlobStore } from './history/blobs.ts'
import type { SessionLog } from './history/session-log.ts'
import type { FileContents } from './store/files.ts'
import type { Database } from './store/postgres/database.ts'
import { withLock } from './store/postgres/lock.ts'
import type { Stores } from './store/postgres/stores.ts'
import { SESSION_WORKFLOW } from './workflows/messages.ts'

export interface SweepingParts {
  readonly database: Database
  readonly stores: Stores
  readonly blobs: BlobStore
  readonly contents: FileContents
  readonly temporal: Client
  readonly sessionLog: SessionLog
  readonly copy: ArchiveRunPorts['copy']
  readonly hands: Pick<SandboxHands, 'destroySession'>
  readonly log: { warn(details: object, message: string): void }
}

/** What the sweeper of a worker works with. */
export function createSweeperPorts(parts: SweepingParts): SweeperPorts {
  const { database, stores, blobs, contents, temporal, sessionLog, copy, hands, log } = parts
  const warn: SweeperPorts['warn'] = (details, message) => log.warn(details, message)
  const archiveSweep = createArchiveSweep({
    ended: createEndedRuns(temporal.workflow, SESSION_WORKFLOW),
    archive: stores.archive,
    copy,
    warn,
  })
  return {
    sessions: stores.sessions,
    log: sessionLog,
    exclusively: (work) => withLock(database, 'sweeper', work),
    removeWorkflow: createRemoveWorkflow(temporal),
    pruneIngress: (before) => stores.ingress.prune(before),
    archiveEnded: (now) => archiveSweep.sweep(now),
    staffSessions: createStaffSweep({ work: stores.work, log: sessionLog, warn }),
    settleResources: createResourceSweep({ resources: stores.resources, files: stores.files, log: sessionLog, warn }),
    removeSandboxes: (session) => hands.destroySession(session),
    removeBlobs: (session) => blobs.clear(session),
    lateBlobs: createLateBlobs({ blobs, sessions: stores.sessions }),
    removeSpareContents: createSpareContents({ files: stores.files, contents, warn }),
    warn,
  }
}
