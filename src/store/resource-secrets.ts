/** Whose secret it is: the token of a repository that a session has. */
export interface SecretOwner {
  readonly workspaceId: string
  readonly sessionId: string
  readonly resourceId: string
}

export interface ResourceSecret extends SecretOwner {
  /** 1 for the first, then one more with each rotation. */
  readonly version: number
  readonly sealed: Buffer
}

/**
 * Secrets of resources, sealed, apart from the resources themselves so that no list of those can carry one. They go with
 * their session; writes for a deleted one reject with `SessionBuried`.
 */
export interface ResourceSecretStore {
  /** Puts the secret in the place of the one before. `seal` is asked with the version that it gets, which is the answer. */
  put(owner: SecretOwner, seal: (version: number) => Buffer): Promise<number>
  /** The present ones of a session, in the order of their resources' ids. */
  of(sessionId: string): Promise<readonly ResourceSecret[]>
  /** For those of the sessions that have some, a number that grows with every {@link put}. */
  versions(sessionIds: readonly string[]): Promise<ReadonlyMap<string, number>>
}

/** Carries the id of a session one of whose secrets has changed; who misses it looks at `versions`. */
export const resourcesChannel = 'longhand_resources'

/** Where a secret is sealed for: not to be moved to another resource, nor an older version to a newer's place. */
export function placeOfSecret({
  workspaceId,
  sessionId,
  resourceId,
  version,
}: SecretOwner & Pick<ResourceSecret, 'version'>): string {
  return [workspaceId, sessionId, resourceId, version].join(' ')
}
