import type { Environment } from '../wire/types.ts'

export interface EnvironmentListing {
  readonly limit: number
  readonly from?: { readonly createdAt: Date; readonly id: string }
  readonly includeArchived?: boolean
}

/** A write that would give two live environments of a workspace one name. Nothing was stored. */
export class NameTaken extends Error {
  override readonly name = 'NameTaken'

  constructor(environment: string, options?: ErrorOptions) {
    super(`an environment named "${environment}" exists already`, options)
  }
}

/** Environments of a workspace, newest first. An archived one gives its name free; a foreign id reads as null. */
export interface EnvironmentStore {
  /**
   * The environment as it is stored: creating it again with the same id answers the one that is there. Rejects with
   * {@link NameTaken}.
   */
  create(workspaceId: string, environment: Environment): Promise<Environment>
  read(workspaceId: string, id: string): Promise<Environment | null>
  /** The live environment of this name, or null. */
  findNamed(workspaceId: string, name: string): Promise<Environment | null>
  /**
   * Stores what `change` makes of the environment; nothing when it answers what it was given. Updates of one environment
   * happen one after the other; what `change` throws is thrown here. Null for an unknown id. Rejects with
   * {@link NameTaken}.
   */
  update(workspaceId: string, id: string, change: (stored: Environment) => Environment): Promise<Environment | null>
  /** Sets `archived_at`; null for an unknown id. Archiving twice keeps the first time. */
  archive(workspaceId: string, id: string, at: Date): Promise<Environment | null>
  /** `used` while any session that was not deleted names the environment, its own or that of another hand, however it was created meanwhile. */
  delete(workspaceId: string, id: string): Promise<'deleted' | 'missing' | 'used'>
  list(workspaceId: string, listing: EnvironmentListing): Promise<readonly Environment[]>
  /** The workspace's environment named `default`, made by the first call; for sessions started by hand. */
  ensureDefault(workspaceId: string, make: () => Environment): Promise<Environment>
}
