import type { ArchiveGaps } from '../../activities/archive-sweep.ts'
import type { SandboxBindings } from '../../hands/bindings.ts'
import type { ArchiveWriter, LogArchive } from '../../history/archive.ts'
import type { AgentStore } from '../agents.ts'
import type { EnvironmentStore } from '../environments.ts'
import type { FileStore } from '../files.ts'
import type { IngressStore } from '../ingress.ts'
import type { KeyStore } from '../keys.ts'
import type { SessionStore } from '../sessions.ts'
import type { SpentSandboxes } from '../spent-sandboxes.ts'
import { createAgentStore } from './agents.ts'
import { createLogArchive } from './archive.ts'
import { createSandboxBindings } from './bindings.ts'
import type { Database } from './database.ts'
import { createEnvironmentStore } from './environments.ts'
import { createFileStore } from './files.ts'
import { createIngressStore } from './ingress.ts'
import { createKeyStore } from './keys.ts'
import { createSessionStore } from './sessions.ts'
import { createSpentSandboxes } from './spent-sandboxes.ts'

/** Every port of the store; whoever opened the database closes it. */
export interface Stores {
  readonly agents: AgentStore
  readonly environments: EnvironmentStore
  readonly files: FileStore
  readonly sessions: SessionStore
  readonly ingress: IngressStore
  readonly keys: KeyStore
  readonly bindings: SandboxBindings
  readonly spentSandboxes: SpentSandboxes
  readonly archive: LogArchive & ArchiveWriter & ArchiveGaps
}

/**
 * All stores over one migrated database.
 * @param codecKey the key of the payload codec, where there is one: the archive is then sealed too.
 */
export function createStores(database: Database, codecKey?: Uint8Array | null): Stores {
  return {
    agents: createAgentStore(database),
    environments: createEnvironmentStore(database),
    files: createFileStore(database),
    sessions: createSessionStore(database),
    ingress: createIngressStore(database),
    keys: createKeyStore(database),
    bindings: createSandboxBindings(database),
    spentSandboxes: createSpentSandboxes(database),
    archive: createLogArchive(database, codecKey),
  }
}
