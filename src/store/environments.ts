import type { Environment } from '../wire/types.ts'

export interface EnvironmentListing {
  readonly limit: number
  readonly from?: { readonly createdAt: Date; readonly id: string }
  readonly includeArchived?: boolean
}

/** Environments of a workspace, newest first. */
export interface EnvironmentStore {
  /** False when another live environment of the workspace has that name. */
  create(workspaceId: string, environment: Environment): Promise<boolean>
  read(workspaceId: string, id: string): Promise<Environment | null>
  list(workspaceId: string, listing: EnvironmentListing): Promise<readonly Environment[]>
  /** The workspace's environment named `default`, made by the first call; for sessions started by hand. */
  ensureDefault(workspaceId: string, make: () => Environment): Promise<Environment>
}
