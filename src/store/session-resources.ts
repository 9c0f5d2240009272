import type { ResourceEntry } from '../session/entry.ts'

export interface ResourceRow {
  readonly workspaceId: string
  readonly sessionId: string
  readonly resource: ResourceEntry
  /** When its token was changed last, or when it was added. */
  readonly updatedAt: Date
}

/** One of which nobody has heard whether the log has taken up what was to be done with it. */
export interface UnsettledResource extends ResourceRow {
  readonly pending: 'added' | 'removed'
  /** Milliseconds, by the store's clock. */
  readonly age: number
}

/**
 * The index of sessions' resources: written before the log has them, so a row by itself says only that somebody meant to
 * add it. They go with their session; writes for a deleted one reject with `SessionBuried`.
 */
export interface SessionResourceStore {
  /** Those that a session is created with. What is there under an id already stays as it is. */
  create(rows: readonly ResourceRow[]): Promise<void>
  /**
   * Adds one, and answers it as it is stored: with the store's own time, and what was there under its id before. `judge`
   * is asked with the others that there are, no two of a session at once, and refuses by throwing, which changes nothing.
   * Adding again what was removed brings it back. It is unsettled from then on.
   */
  add(row: Omit<ResourceRow, 'updatedAt'>, judge: (others: readonly ResourceRow[]) => void): Promise<ResourceRow>
  /** Those of the ids that the session ever had a row for, in the order in which they were made. */
  of(sessionId: string, ids: readonly string[]): Promise<readonly ResourceRow[]>
  /** Those that are repositories, in the same order. */
  repositories(sessionId: string): Promise<readonly ResourceRow[]>
  /**
   * Those of several sessions that were not removed and are settled, by the session's id; a session without any is left
   * out.
   */
  listed(sessionIds: readonly string[]): Promise<ReadonlyMap<string, readonly ResourceRow[]>>
  /**
   * Removes those that the log does not have and that were added, or added again, longer ago than `ms`: whoever meant to
   * add them is dead. By the store's clock, so that two processes with two clocks agree who is.
   */
  removeDead(sessionId: string, dead: { readonly known: readonly string[]; readonly ms: number }): Promise<void>
  /** One that its log is about to have no more: it is unsettled from then on. Nothing is fine. */
  removing(sessionId: string, id: string): Promise<void>
  /** Its path is free from then on, and it is settled. Nothing is fine. */
  remove(sessionId: string, id: string): Promise<void>
  /** False for one that is not unsettled, as added, for `ms` or longer; any other is removed. */
  giveUp(sessionId: string, id: string, ms: number): Promise<boolean>
  /** Its log has it. Nothing is fine, and so is one that was settled otherwise meanwhile. */
  settle(sessionId: string, id: string): Promise<void>
  /** Those that are unsettled for longer than `ms`, of all sessions, any `limit` of them. */
  unsettled(ms: number, limit: number): Promise<readonly UnsettledResource[]>
  /** Its token has changed; null when there is none. */
  touch(sessionId: string, id: string): Promise<Date | null>
}
