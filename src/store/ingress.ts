/** Ids minted for a request before Temporal hears of it, so that the same request sent again takes the same ids. */
export interface IngressRow {
  /** Also the `requestId` of the signal or start. */
  readonly id: string
  readonly workspaceId: string
  /** A session id, or a route such as `sessions` for creations. */
  readonly target: string
  readonly ids: readonly string[]
  /** `begun` before the request is carried out, `accepted` after, `answered` once the client is known to have the answer. */
  readonly state: 'begun' | 'accepted' | 'answered'
}

export interface IngressRequest {
  readonly workspaceId: string
  readonly target: string
  /** The client's `Idempotency-Key`, or null. */
  readonly key: string | null
  /** SHA-256 of the body, hex. */
  readonly bodyHash: string
  /** Whether the client says that it repeats itself (`X-Stainless-Retry-Count` above 0). */
  readonly isRetry: boolean
}

export interface IngressStore {
  /** The row of the request that this one repeats, by the rules of `begin`; null when there is none yet. */
  find(request: IngressRequest): Promise<IngressRow | { readonly conflict: true } | null>
  /**
   * Commits a row for the request with ids from `mint`, or answers the row of the request it repeats: the same key, or
   * a declared retry with the body of a row not yet `answered`, if that is no older than clients take to try again. The
   * same key with another body is `{ conflict: true }`.
   */
  begin(
    request: IngressRequest,
    mint: () => { readonly id: string; readonly ids: readonly string[] },
  ): Promise<IngressRow | { readonly conflict: true }>
  accepted(id: string): Promise<void>
  answered(id: string): Promise<void>
  /** Ids accepted for a session within the last `withinMs` milliseconds: a reader that lacks one has to look again. */
  acceptedIds(target: string, withinMs: number): Promise<readonly string[]>
  /** Deletes rows older than the given moment. */
  prune(before: Date): Promise<void>
}
