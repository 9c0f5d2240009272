/** What of a harness the loop needs; plain data that a session starts with and keeps. */
export interface Policy {
  /** Id of the harness, recorded with every model call. */
  readonly harness: string
  /** Tries of one model request, the first included. */
  readonly tries: number
  /** Back-off before the n-th retry: `baseMs · 2ⁿ⁻¹`, at most `capMs`; a server's `retry-after` wins. */
  readonly baseMs: number
  readonly capMs: number
  /** Tool rounds of one turn before it is ended. */
  readonly toolRounds: number
  /** Whether a message that arrives mid-turn is taken up at the next step or becomes the next turn. */
  readonly steering: 'step' | 'turn'
}

export function backOffMs(policy: Policy, failures: number, retryAfterMs: number | undefined): number {
  return retryAfterMs ?? Math.min(policy.capMs, policy.baseMs * 2 ** failures)
}

/** The part of a harness that the loop needs. */
export function policyOf(harness: {
  readonly id: string
  readonly retry: Pick<Policy, 'tries' | 'baseMs' | 'capMs'>
  readonly toolRounds: number
  readonly steering: Policy['steering']
}): Policy {
  const { id, retry, toolRounds, steering } = harness
  return { harness: id, ...retry, toolRounds, steering }
}
