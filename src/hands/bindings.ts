/** A generation of a session's sandbox as it is recorded beside the log. */
export interface SandboxRow {
  readonly sessionId: string
  /** Counts from 1; a lost sandbox is replaced by the next generation. */
  readonly generation: number
  /** Name of the provider that made it: `local`, `docker`. */
  readonly provider: string
  /** What the provider needs to attach again, opaque to everybody else. */
  readonly reference: string
  /** Random, written into the sandbox at provisioning: a sandbox that was restarted under the same name differs in it. */
  readonly bootId: string
}

/**
 * Which call runs in which generation. Kept in the store because it must outlive every worker: two workers that race
 * for one call read the same answer.
 */
export interface SandboxBindings {
  /** The session's current generation, or null before the first tool call. */
  current(sessionId: string): Promise<SandboxRow | null>
  /**
   * Makes `next` the current generation if the current one is still `expected` (0 = none yet).
   * Answers what is current afterwards, so that the loser of a race learns the winner's sandbox.
   */
  replace(expected: number, next: SandboxRow): Promise<SandboxRow>
  /** The generation a call is bound to, or null while it is unbound. */
  bound(sessionId: string, toolUseId: string): Promise<number | null>
  /** Binds a call unless it is bound already; answers the generation it is bound to. */
  bind(sessionId: string, toolUseId: string, generation: number): Promise<number>
}
