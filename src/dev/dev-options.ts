import type { ConnectionOptions } from '@temporalio/client'
import type { SupervisorEvent } from './supervisor.ts'

/** How to reach a Temporal cluster; `external` tells one that was configured from the default address of nothing. */
export interface TemporalSettings {
  readonly external: boolean
  readonly namespace: string
  readonly connection: Pick<ConnectionOptions, 'address' | 'tls' | 'apiKey' | 'metadata'>
}

/** The settings that `dev` knows, in the names of the configuration. */
export interface DevSettings {
  readonly modelApiKey: string | undefined
  readonly modelBaseUrl: string | undefined
  /** `anthropic`, or a cloud, which has credentials of its own. */
  readonly modelBackend: string
  readonly modelWebTools: 'auto' | 'off'
  readonly modelNames: ReadonlyMap<string, string>
  readonly databaseUrl: string | undefined
  /** Absolute path of the data folder. */
  readonly data: string
  /** Absolute path or `s3://…`, if not the data folder. */
  readonly blobs: string | undefined
  /** 0: a free one. */
  readonly port: number
  readonly apiKey: string | undefined
  readonly sandbox: string
  readonly sandboxImage: string
  readonly sandboxRuntime: string | undefined
  readonly sandboxCa: string | undefined
  readonly dockerData: string | undefined
  readonly roles: readonly string[]
  readonly host: string | undefined
  readonly sandboxIdle: number
  readonly workspaceExport: number
  readonly provisioning: string
  readonly codecKey: Uint8Array | undefined
  readonly secretsKey: Uint8Array | undefined
  readonly githubUrl: string
  readonly runEvents: number
  readonly workspaceRequests: number
  readonly workspaceSessions: number
  readonly workLease: number
  readonly workIdle: number
  /** Absolute path. */
  readonly priceFile: string | undefined
  readonly hourlyRate: number
  readonly temporal: TemporalSettings
}

/** A program of ours. It gets its settings by environment, calls `announceReady`, and ends on SIGTERM. */
export interface Program {
  readonly command: string
  readonly args: readonly string[]
}

export interface DevOptions {
  readonly config: DevSettings
  /** The environment that children inherit. */
  readonly env: NodeJS.ProcessEnv
  /** Folder of `temporal.json`. */
  readonly cache: string
  readonly api: Program
  readonly worker: Program
  /** A model to use when no key is configured: listens on `PORT` at loopback, takes any key. */
  readonly demoModel?: Program
  /** Called with the database's URL before `api` and `worker` start, for the migrations. */
  readonly prepareDatabase?: (url: string) => Promise<void>
  /** Called when all processes have ended: ends the sandboxes, which outlive a worker. */
  readonly endSandboxes?: () => Promise<void>
  readonly onEvent?: (event: SupervisorEvent) => void
  /** Aborting it stops everything, also during the start. */
  readonly signal?: AbortSignal
}
