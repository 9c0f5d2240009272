import { randomUUID } from 'node:crypto'
import type { CopyStore } from './hands/copies.ts'
import type { KeeperOptions } from './hands/keeper.ts'
import { startKeeper } from './hands/keeper.ts'
import type { FileContents, FileStore } from './store/files.ts'
import { withLock } from './store/postgres/lock.ts'
import type { WorkerParts } from './worker-parts.ts'

const minute = 60_000

export interface KeepingParts
  extends
    Pick<WorkerParts, 'config' | 'database' | 'stores' | 'contents' | 'log'>,
    Pick<KeeperOptions, 'provider' | 'hosts' | 'collect' | 'doors'> {}

/** Looks after the sandboxes of these hosts until it is stopped, in one worker at a time. */
export function startKeeping(parts: KeepingParts): ReturnType<typeof startKeeper> {
  const { config, database, stores, contents, provider, hosts, collect, doors, log } = parts
  const names = hosts.map(({ host }) => host).toSorted()
  return startKeeper({
    provider,
    hosts,
    ledger: stores.ledger,
    copies: createCopyStore(stores.files, contents),
    ...(collect && { collect }),
    ...(doors && { doors }),
    exclusively: (work) => withLock(database, `keeper ${names.join(' ')}`, work),
    settings: { idleMs: config.sandboxIdle * minute, mostCopied: config.workspaceExport },
    log,
  })
}

/** Copies of workspaces among the bytes of files: what has no row of its own is swept up with them. */
export function createCopyStore(files: Pick<FileStore, 'begin' | 'forget'>, contents: FileContents): CopyStore {
  async function drop(content: string): Promise<void> {
    await contents.remove(content)
    await files.forget(content, new Date())
  }

  return {
    drop,
    async write(workspaceId, source) {
      const content = randomUUID()
      await files.begin(workspaceId, content)
      try {
        await contents.write(content, source)
        return content
      } catch (error) {
        await drop(content)
        throw error
      }
    },
  }
}
