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
  /** The agent as it is stored: creating it again with the same id answers the one that is there. */
  create(workspaceId: string, agent: Agent): Promise<Agent>
  /** The latest version when `version` is omitted. */
  read(workspaceId: string, id: string, version?: number): Promise<Agent | null>
  /**
   * Stores what `change` makes of the latest version as the next one; nothing when it answers what it was given. Updates
   * of one agent happen one after the other, so `change` always sees the latest version; what it throws is thrown here.
   * Null for an unknown id, `change` is not called then.
   */
  update(workspaceId: string, id: string, change: (latest: Agent) => Agent): Promise<Agent | null>
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
