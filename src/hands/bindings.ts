import type { Facts } from './receipt.ts'

/** A generation of a hand's sandbox as it is recorded beside the log. */
export interface SandboxRow {
  readonly sessionId: string
  /** Absent: `main`. */
  readonly hand?: string
  /** Counts from 1; a lost sandbox is replaced by the next generation. */
  readonly generation: number
  /** Name of the provider that made it: `local`, `docker`. */
  readonly provider: string
  /** Of the host that has it; null or absent in rows from before hosts had names. */
  readonly host?: string | null
  /** What the provider needs to attach again, opaque to everybody else. */
  readonly reference: string
  /** Random, written into the sandbox at provisioning: a sandbox that was restarted under the same name differs in it. */
  readonly bootId: string
  /** As `Recipe.supplies`, of what is mounted in it; absent: 0. */
  readonly supplies?: number
  /** How it came to be, for the model and the log; absent in rows from before that was kept. */
  readonly facts?: Facts
  /** It was put away: no call can be bound to it any more. */
  readonly retired?: true
  /** It was not: it was lost, and that was found out before a call did. */
  readonly isLost?: true
}

/** The generation of a hand that a call belongs to. */
export interface Bound {
  readonly hand: string
  readonly generation: number
}

/**
 * Which call runs in which generation. Kept in the store because it must outlive every worker: two workers that race
 * for one call read the same answer.
 */
export interface SandboxBindings {
  /** The hand's current generation, or null before its first tool call. The hand is `main` where none is named. */
  current(sessionId: string, hand?: string): Promise<SandboxRow | null>
  /**
   * Makes `next` the current generation of its hand if the current one is still `expected` (0 = none yet).
   * Answers what is current afterwards, so that the loser of a race learns the winner's sandbox.
   */
  replace(expected: number, next: SandboxRow): Promise<SandboxRow>
  /** What a call is bound to, or null while it is unbound. */
  bound(sessionId: string, toolUseId: string): Promise<Bound | null>
  /**
   * Binds a call unless it is bound already; answers what it is bound to. Null, and the call stays unbound, when that
   * generation takes no calls any more. One that is given up is bound so that it begins nowhere else: that is no use of
   * the sandbox, and leaves nothing there.
   */
  bind(sessionId: string, toolUseId: string, to: Bound & { readonly isGivenUp?: boolean }): Promise<Bound | null>
  /** Notes how new what is mounted in this sandbox is; never backwards. */
  supplied(row: SandboxRow, version: number): Promise<void>
}
