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
  /** SHA-256 of the body, hex; without a key, of the body and whoever sends it. */
  readonly bodyHash: string
  /** Whether it may repeat what was taken. */
  readonly isRetry: boolean
  /** How often the client says that it has tried before (`X-Stainless-Retry-Count`). */
  readonly retry: number
}

export interface IngressStore {
  /**
   * The row of the request that this one repeats, or null: the row with the same key (with another body it is
   * `{ conflict: true }`), or, for a declared retry, one with its body that is not yet `answered` and no older than
   * clients take to try again. Retries do not name their requests, so each takes a row for itself: retry n takes one
   * that no retry numbered n or above has taken or made, so that N equal requests and their N retries pair up. To be
   * called once for a request.
   */
  claim(request: IngressRequest): Promise<IngressRow | { readonly conflict: true } | null>
  /** Claims, and commits a row for the request with ids from `mint` when there is nothing to claim. */
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
