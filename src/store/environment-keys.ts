/** A key of the workers of one self-hosted environment, as it is stored and shown: never with its secret. */
export interface EnvironmentKey {
  readonly id: string
  readonly environmentId: string
  readonly workspaceId: string
  readonly name: string
  /** The last characters of the secret; empty where they would give too much of it away. */
  readonly ending: string
  readonly createdAt: Date
  /** A revoked key opens nothing, for ever, and neither do the tokens that it polled. */
  readonly revokedAt: Date | null
}

/** Keys of one environment that are not revoked have different names. A key goes with its environment. */
export interface EnvironmentKeyStore {
  /** Why there is no key: the name is taken, the environment is missing, or the server runs its sandboxes. */
  create(
    key: Pick<EnvironmentKey, 'id' | 'environmentId' | 'name'>,
    secret: string,
  ): Promise<EnvironmentKey | 'taken' | 'missing' | 'cloud'>
  /** Those of all environments, revoked ones included, oldest first. */
  list(): Promise<readonly EnvironmentKey[]>
  /** The key opens nothing from the next request on; null for an unknown id. Revoking twice keeps the first time. */
  revoke(id: string, at: Date): Promise<EnvironmentKey | null>
  /** The key that this secret is, or null. */
  verify(secret: string): Promise<EnvironmentKey | null>
}
