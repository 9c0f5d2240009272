import type { BlobStore } from '../history/blobs.ts'
import type { SessionLog } from '../history/session-log.ts'
import type { Policy } from '../session/policy.ts'
import type { AgentStore } from '../store/agents.ts'
import type { EnvironmentStore } from '../store/environments.ts'
import type { FileContents, FileStore } from '../store/files.ts'
import type { IngressStore } from '../store/ingress.ts'
import type { ResourceSecretStore } from '../store/resource-secrets.ts'
import type { SecretBox } from '../store/secrets.ts'
import type { SessionResourceStore } from '../store/session-resources.ts'
import type { SessionStore } from '../store/sessions.ts'
import type { WorkQueue } from '../store/work.ts'
import type { Backing } from '../wire/configure.ts'
import type { Offer } from '../wire/offers.ts'
import type { AgentModel, ModelInfo } from '../wire/types.ts'
import type { Validator } from '../wire/validate.ts'
import type { Attempt } from './attempts.ts'
import type { WithFile } from './file-bytes.ts'
import type { PreviewFeed } from './preview-feed.ts'
import type { Quota } from './quota.ts'
import type { WorkFeed } from './work-feed.ts'
import type { SessionWorkflows } from './workflows.ts'

/** What the routes are made of; built once by the root of the api process. */
export interface ApiContext extends Backing {
  readonly agents: AgentStore
  readonly environments: EnvironmentStore
  /** What the hosts that take calls can make sandboxes of. */
  readonly hosts: { readonly offers: () => Promise<readonly Offer[]> }
  readonly sessions: SessionStore
  readonly ingress: IngressStore
  readonly callers: Callers
  readonly log: SessionLog
  /** Where the large parts of logs are. */
  readonly blobs: BlobStore
  readonly files: FileStore
  /** Where the bytes of files are. */
  readonly contents: FileContents
  readonly withFile: WithFile
  readonly resources: SessionResourceStore
  readonly resourceSecrets: ResourceSecretStore
  /** Null where the server has no key to keep secrets under. */
  readonly secrets: SecretBox | null
  /** Where repositories may be, as URLs without a slash at the end. */
  readonly repositoryHosts: readonly string[]
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
  readonly work: WorkQueue
  /** Tells pollers that there may be work for them. */
  readonly workFeed: WorkFeed
  readonly workTimes: WorkTimes
  /** Tells every api process that a session is gone, so that its streams end. */
  readonly announceDeleted: (session: string) => Promise<void>
  /** Tells every worker that a secret of one of the session's resources has changed. */
  readonly announceResources: (session: string) => Promise<void>
}

/** Milliseconds. */
export interface WorkTimes {
  /** How long a worker that does not say otherwise holds an item after each heartbeat. */
  readonly lease: number
  /** How long a session is idle, and waits for nobody, before its worker is let go. */
  readonly idle: number
}

export interface Callers {
  /** Whom a secret names, or null. */
  verify(secret: string): Promise<Caller | null>
}

interface AnyCaller {
  readonly workspaceId: string
  /** Of the API key, or of the environment key that polled. */
  readonly keyId: string
}

/** Who calls with an API key, which opens a workspace. */
export interface KeyCaller extends AnyCaller {
  readonly type: 'key'
}

/** A worker with the key of its environment, which opens the queue and, as the SDK may need it, the sessions of it. */
export interface EnvironmentCaller extends AnyCaller {
  readonly type: 'environment'
  readonly environmentId: string
}

/** A worker with the token that came with an item, which opens that item and its session. */
export interface WorkCaller extends AnyCaller {
  readonly type: 'work'
  readonly environmentId: string
  readonly sessionId: string
  readonly workId: string
  /** The try of the item that the token was given out for. */
  readonly attempt: number
}

export type Caller = KeyCaller | EnvironmentCaller | WorkCaller

declare module 'fastify' {
  interface FastifyRequest {
    caller: Caller
    attempt: Attempt
    /** SHA-256 of the body as it came, hex. */
    bodyHash: string
  }
}
