import type { CopyStore } from './hands/copies.ts'
import type { OpenCalls } from './hands/given-up.ts'
import type { KeeperOptions } from './hands/keeper.ts'
import { startKeeper } from './hands/keeper.ts'
import type { SessionLog } from './history/session-log.ts'
import type { FileContents, FileStore } from './store/files.ts'
import { dropContent, storeContent } from './store/new-content.ts'
import { withLock } from './store/postgres/lock.ts'
import type { WorkerParts } from './worker-parts.ts'

const minute = 60_000

export interface KeepingParts
  extends
    Pick<WorkerParts, 'config' | 'database' | 'stores' | 'contents' | 'sessionLog' | 'log'>,
    Pick<KeeperOptions, 'provider' | 'hosts' | 'collect' | 'doors'> {}

/** Looks after the sandboxes of these hosts until it is stopped, in one worker at a time. */
export function startKeeping(parts: KeepingParts): ReturnType<typeof startKeeper> {
  const { config, database, stores, contents, sessionLog, provider, hosts, collect, doors, log } = parts
  const names = hosts.map(({ host }) => host).toSorted()
  return startKeeper({
    provider,
    hosts,
    ledger: stores.ledger,
    openCalls: createOpenCalls(sessionLog),
    copies: createCopyStore(stores.files, contents),
    ...(collect && { collect }),
    ...(doors && { doors }),
    exclusively: (work) => withLock(database, `keeper ${names.join(' ')}`, work),
    settings: { idleMs: config.sandboxIdle * minute, mostCopied: config.workspaceExport },
    log,
  })
}

/** Asks the log itself: the index may lag behind it. A session that has ended waits for no call, whatever it had open. */
export function createOpenCalls(log: Pick<SessionLog, 'read'>): OpenCalls {
  return async (sessionId) => {
    const { status, calls } = (await log.read(sessionId)).state
    if (status === 'terminated') return []
    return status === 'idle' ? calls.map(({ id }) => id) : null
  }
}

/** Copies of workspaces among the bytes of files: what has no row of its own is swept up with them. */
export function createCopyStore(files: Pick<FileStore, 'begin' | 'forget'>, contents: FileContents): CopyStore {
  const stores = { files, contents }
  return {
    drop: (content) => dropContent(stores, content),
    write: (workspaceId, source) => storeContent(stores, workspaceId, source),
  }
}
