import type { ArchiveGaps } from '../../activities/archive-sweep.ts'
import type { SandboxBindings } from '../../hands/bindings.ts'
import type { HostRegistry } from '../../hands/hosts.ts'
import type { SandboxLedger } from '../../hands/ledger.ts'
import type { ArchiveWriter, LogArchive } from '../../history/archive.ts'
import type { AgentStore } from '../agents.ts'
import type { EnvironmentKeyStore } from '../environment-keys.ts'
import type { EnvironmentStore } from '../environments.ts'
import type { FileStore } from '../files.ts'
import type { IngressStore } from '../ingress.ts'
import type { KeyStore } from '../keys.ts'
import type { ResourceSecretStore } from '../resource-secrets.ts'
import type { SessionOutputStore } from '../session-outputs.ts'
import type { SessionResourceStore } from '../session-resources.ts'
import type { SessionStore } from '../sessions.ts'
import type { WorkQueue } from '../work.ts'
import { createAgentStore } from './agents.ts'
import { createLogArchive } from './archive.ts'
import { createSandboxBindings } from './bindings.ts'
import type { Database } from './database.ts'
import { createEnvironmentKeyStore } from './environment-keys.ts'
import { createEnvironmentStore } from './environments.ts'
import { createFileStore } from './files.ts'
import { createHostRegistry } from './hosts.ts'
import { createIngressStore } from './ingress.ts'
import { createKeyStore } from './keys.ts'
import { createResourceSecretStore } from './resource-secrets.ts'
import { createSandboxLedger } from './sandbox-ledger.ts'
import { createSessionOutputStore } from './session-outputs.ts'
import { createSessionResourceStore } from './session-resources.ts'
import { createSessionStore } from './sessions.ts'
import { createWorkQueue } from './work.ts'

/** Every port of the store; whoever opened the database closes it. */
export interface Stores {
  readonly agents: AgentStore
  readonly environments: EnvironmentStore
  readonly environmentKeys: EnvironmentKeyStore
  readonly files: FileStore
  readonly sessions: SessionStore
  readonly ingress: IngressStore
  readonly keys: KeyStore
  readonly bindings: SandboxBindings
  readonly ledger: SandboxLedger
  readonly hosts: HostRegistry
  readonly resources: SessionResourceStore
  readonly outputs: SessionOutputStore
  readonly resourceSecrets: ResourceSecretStore
  readonly work: WorkQueue
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
    environmentKeys: createEnvironmentKeyStore(database),
    files: createFileStore(database),
    sessions: createSessionStore(database),
    ingress: createIngressStore(database),
    keys: createKeyStore(database),
    bindings: createSandboxBindings(database),
    ledger: createSandboxLedger(database),
    hosts: createHostRegistry(database),
    resources: createSessionResourceStore(database),
    outputs: createSessionOutputStore(database),
    resourceSecrets: createResourceSecretStore(database),
    work: createWorkQueue(database),
    archive: createLogArchive(database, codecKey),
  }
}
