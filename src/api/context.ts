import type { BlobStore } from '../history/blobs.ts'
import type { SessionLog } from '../history/session-log.ts'
import type { Policy } from '../session/policy.ts'
import type { AgentStore } from '../store/agents.ts'
import type { EnvironmentStore } from '../store/environments.ts'
import type { FileContents, FileStore } from '../store/files.ts'
import type { IngressStore } from '../store/ingress.ts'
import type { KeyStore } from '../store/keys.ts'
import type { SessionStore } from '../store/sessions.ts'
import type { Backing } from '../wire/configure.ts'
import type { AgentModel, ModelInfo } from '../wire/types.ts'
import type { Validator } from '../wire/validate.ts'
import type { Attempt } from './attempts.ts'
import type { WithFile } from './file-bytes.ts'
import type { PreviewFeed } from './preview-feed.ts'
import type { Quota } from './quota.ts'
import type { SessionWorkflows } from './workflows.ts'

/** What the routes are made of; built once by the root of the api process. */
export interface ApiContext extends Backing {
  readonly agents: AgentStore
  readonly environments: EnvironmentStore
  readonly sessions: SessionStore
  readonly ingress: IngressStore
  readonly keys: Pick<KeyStore, 'verify'>
  readonly log: SessionLog
  /** Where the large parts of logs are. */
  readonly blobs: BlobStore
  readonly files: FileStore
  /** Where the bytes of files are. */
  readonly contents: FileContents
  readonly withFile: WithFile
  readonly previews: PreviewFeed
  readonly workflows: SessionWorkflows
  readonly validator: Validator
  /** What new sessions with this model run under. */
  readonly policyFor: (model: string, speed?: AgentModel['speed']) => Policy
  readonly quota: Quota
  /** Whether the model's back end reads images and documents at URLs. */
  readonly takesUrls: boolean
  /** Null where the back end does not list its models. */
  readonly models: (() => Promise<readonly ModelInfo[]>) | null
  /** Tells every api process that a session is gone, so that its streams end. */
  readonly announceDeleted: (session: string) => Promise<void>
}

/** Who calls: the workspace that the key opens, and the key's id. */
export interface Caller {
  readonly workspaceId: string
  readonly keyId: string
}

declare module 'fastify' {
  interface FastifyRequest {
    caller: Caller
    attempt: Attempt
    /** SHA-256 of the body as it came, hex. */
    bodyHash: string
  }
}
