import type { Agent } from '../wire/types.ts'

export interface AgentListing {
  readonly limit: number
  /** Keyset position, newest first: rows strictly older than it. */
  readonly from?: { readonly createdAt: Date; readonly id: string }
  readonly includeArchived?: boolean
  readonly createdAt?: { readonly gte?: Date; readonly lte?: Date }
}

/** Agents with their whole version history. Every read is of one workspace; a foreign id reads as null. */
export interface AgentStore {
  create(workspaceId: string, agent: Agent): Promise<void>
  /** The latest version when `version` is omitted. */
  read(workspaceId: string, id: string, version?: number): Promise<Agent | null>
  /** Stores `next` as a new version if the latest is still `expected`; false when somebody was faster. */
  update(workspaceId: string, expected: number, next: Agent): Promise<boolean>
  /** Sets `archived_at` on every version; null for an unknown id. Archiving twice keeps the first time. */
  archive(workspaceId: string, id: string, at: Date): Promise<Agent | null>
  list(workspaceId: string, listing: AgentListing): Promise<readonly Agent[]>
  /** Newest version first; `before` is the version number to stop short of. */
  versions(
    workspaceId: string,
    id: string,
    page: { readonly limit: number; readonly before?: number },
  ): Promise<readonly Agent[]>
}
