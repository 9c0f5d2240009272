/** An API key as it is stored: its SHA-256, never itself. */
export interface ApiKey {
  readonly id: string
  readonly name: string
  readonly workspaceId: string
}

/** Named keys and the workspaces they open. */
export interface KeyStore {
  createWorkspace(id: string, name: string): Promise<void>
  /**
   * Makes this the key of its name in its workspace: one that had the name before opens nothing any more. The same key
   * again is a no-op, so that every start may ensure its own.
   */
  ensure(key: ApiKey, secret: string): Promise<void>
  /** The key that this secret is, or null. */
  verify(secret: string): Promise<ApiKey | null>
}
