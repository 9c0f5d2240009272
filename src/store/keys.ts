/** Who an API key is. */
export interface ApiKey {
  readonly id: string
  readonly name: string
  readonly workspaceId: string
}

/** An API key as it is stored and shown: of the secret there is a SHA-256 for looking it up, and its end. */
export interface KeyRecord extends ApiKey {
  /** The last characters of the secret; empty where they would give too much of it away. */
  readonly ending: string
  readonly createdAt: Date
  /** A revoked key opens nothing, for ever. */
  readonly revokedAt: Date | null
}

export interface Workspace {
  readonly id: string
  readonly name: string
  readonly createdAt: Date
}

/** Named keys and the workspaces they open. Keys of one workspace that are not revoked have different names. */
export interface KeyStore {
  /** Null when there is a workspace of that id or name; names differ by more than case. */
  createWorkspace(id: string, name: string): Promise<Workspace | null>
  /** Oldest first. */
  workspaces(): Promise<readonly Workspace[]>
  /** Null when a key of the workspace has that name. Rejects for an unknown workspace. */
  create(key: ApiKey, secret: string): Promise<KeyRecord | null>
  /**
   * Makes this the key of its name in its workspace: one that had the name before opens nothing any more, until it is
   * ensured again. The same key again is a no-op, so that every start may ensure its own. False when the secret was
   * revoked: that is never undone. Rejects for an unknown workspace and for a secret that opens another one.
   */
  ensure(key: ApiKey, secret: string): Promise<boolean>
  /** The key that this secret is, or null. */
  verify(secret: string): Promise<ApiKey | null>
  /** Keys of all workspaces, revoked ones included, oldest first. */
  list(): Promise<readonly KeyRecord[]>
  /** The key opens nothing from the next request on; null for an unknown id. Revoking twice keeps the first time. */
  revoke(id: string, at: Date): Promise<KeyRecord | null>
}
