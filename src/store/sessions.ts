import type { ResourceEntry } from '../session/entry.ts'
import type { EnvironmentRecipe } from '../wire/environments.ts'
import type { HandRecipes } from '../wire/session-hands.ts'
import type { Networking, Session, SessionAgent, SessionStatus } from '../wire/types.ts'

/** A session in the index: what lists, filters and a cold read need. The log stays in Temporal. */
export interface SessionRow {
  readonly id: string
  readonly workspaceId: string
  readonly environmentId: string
  readonly configurationId: string
  readonly agentId: string
  readonly agentVersion: number
  /** `creating` rows are unlisted: their workflow may not have been started yet. */
  readonly status: SessionStatus | 'creating'
  readonly title: string | null
  readonly metadata: Readonly<Record<string, string>>
  readonly budget: Session['budget']
  readonly createdAt: Date
  readonly updatedAt: Date
  readonly archivedAt: Date | null
  /** As of the last hint or fold that told it; absent before. */
  readonly usage?: Session['usage']
}

/** What a session was created with, or came to have. Immutable and kept apart, so that the log carries its id only. */
export interface Configuration {
  readonly id: string
  readonly agent: SessionAgent
  readonly harness: string
  /** The environment's, as it was then. Absent where that says nothing, and in sessions from before it was kept. */
  readonly networking?: Networking
  /** Its tools are run by workers of the environment. Absent where the sandboxes are the server's. */
  readonly selfHosted?: true
  /** What its sandboxes are made of besides; absent where that is nothing of its own. */
  readonly recipe?: ConfiguredRecipe
}

/** What of a sandbox's recipe is settled when its session is created. Whatever is absent, the provider's own holds. */
export interface ConfiguredRecipe extends EnvironmentRecipe {
  /** Those that it has beside the main one. */
  readonly hands?: HandRecipes
  /** What the session had at its creation, for the prompt: the log says what it has now. */
  readonly mounts?: readonly ConfiguredMount[]
  /** How many there were besides. */
  readonly moreMounts?: number
}

/** A file, or with a URL a repository. */
export interface ConfiguredMount {
  /** Absolute, as the agent sees it. */
  readonly path: string
  readonly url?: string
  readonly checkout?: Extract<ResourceEntry, { type: 'github_repository' }>['checkout']
}

/** What of a row the log says; `archivedAt` is null when it says nothing of an archive. */
export type FoldedRow = Pick<
  SessionRow,
  'configurationId' | 'status' | 'title' | 'metadata' | 'budget' | 'archivedAt' | 'usage'
>

/** A coalesced hint from a workflow about its own status; `run` and `length` guard against older ones. */
export interface StatusHint {
  readonly id: string
  readonly run: number
  readonly length: number
  readonly status: SessionStatus
  /** Absent where it is not known; what was told before stays. */
  readonly usage?: Session['usage']
}

export interface SessionListing {
  readonly limit: number
  readonly order: 'asc' | 'desc'
  /** Keyset position: rows strictly behind it in `order`; with `backward` rows before it, still answered in `order`. */
  readonly from?: { readonly createdAt: Date; readonly id: string }
  readonly backward?: boolean
  readonly agentId?: string
  readonly agentVersion?: number
  readonly statuses?: readonly SessionStatus[]
  readonly includeArchived?: boolean
  readonly createdAt?: { readonly gt?: Date; readonly gte?: Date; readonly lt?: Date; readonly lte?: Date }
}

export interface SessionStore {
  /**
   * Writes the configuration and the row `creating` in one transaction. Repeating it with the same id changes nothing,
   * but that a row which still is `creating` counts as written now.
   */
  create(row: SessionRow, configuration: Configuration): Promise<void>
  /** Null for a missing id and for another workspace's alike; `creating` and deleted rows are null too. */
  read(workspaceId: string, id: string): Promise<SessionRow | null>
  /** The same without a workspace and with `creating` rows, for workers, which are told ids by the workflow. */
  find(id: string): Promise<SessionRow | null>
  /** The session's one of this id, else that of its row. Null for a missing one and for another session's alike. */
  configuration(sessionId: string, id?: string): Promise<Configuration | null>
  /**
   * Stores a configuration that the session may come to have. One that it never comes to have stays until the session is
   * deleted. Rejects with `SessionBuried`.
   */
  addConfiguration(row: Pick<SessionRow, 'id' | 'workspaceId'>, configuration: Configuration): Promise<void>
  /** Those of several sessions, by the session's id; what has none is left out. */
  configurations(sessionIds: readonly string[]): Promise<ReadonlyMap<string, Configuration>>
  list(workspaceId: string, listing: SessionListing): Promise<readonly SessionRow[]>
  /**
   * The row as its folded log says it should be; a row that is already so is left alone. It goes on naming the
   * configuration that it names when the log names one that is not there, and keeps the time of an archive that only
   * {@link SessionStore.archiveEnded} knows of, while the session is terminated.
   */
  repair(id: string, fold: FoldedRow): Promise<void>
  /** Archives a session whose log says that it has ended by itself, and takes no more. The first time stays. */
  archiveEnded(id: string): Promise<void>
  /** Applies hints whose (run, length) is newer than the row's. */
  hint(hints: readonly StatusHint[]): Promise<void>
  /** Sessions of a workspace that are running or rescheduling, by the index; counting stops at `most`. */
  countRunning(workspaceId: string, most: number): Promise<number>
  /**
   * Rows the sweeper looks at: `creating`, running without a write, or with a hint that they ended and no repair that
   * says so too, since before the given moments.
   */
  stale(before: {
    readonly creating: Date
    readonly running: Date
    readonly ended: Date
  }): Promise<readonly SessionRow[]>
  /** Marks the row as deleted (id and workspace stay as a tombstone). False when it was deleted already. */
  bury(workspaceId: string, id: string): Promise<boolean>
  /** Buries a row that is still `creating` and was not written since the given moment; any other is left alone. */
  abandon(id: string, before: Date): Promise<void>
  /** Those of these sessions that are buried, cleared or not; in no order. */
  buried(ids: readonly string[]): Promise<readonly string[]>
  /** Removes what belongs to a buried session (configuration, ingress rows, sandbox rows, archive). Idempotent. */
  clear(id: string): Promise<void>
  /** Buried sessions whose rows are not cleared yet, for the sweeper. */
  uncleared(): Promise<readonly string[]>
}
