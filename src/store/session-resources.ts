import type { ResourceEntry } from '../session/entry.ts'

export interface ResourceRow {
  readonly workspaceId: string
  readonly sessionId: string
  readonly resource: ResourceEntry
  /** When its token was changed last, or when it was made. */
  readonly updatedAt: Date
}

/**
 * The index of sessions' resources: written before the log has them, so a row by itself says only that somebody meant to
 * add it. They go with their session; writes for a deleted one reject with `SessionBuried`.
 */
export interface SessionResourceStore {
  /** Those that a session is created with. What is there under an id already stays as it is. */
  create(rows: readonly ResourceRow[]): Promise<void>
  /**
   * Adds one. `judge` is asked with the others that there are, no two of a session at once: it answers the ids of those
   * that are to make room, and refuses by throwing, which changes nothing. Adding what was removed brings it back.
   */
  add(row: ResourceRow, judge: (others: readonly ResourceRow[]) => readonly string[]): Promise<void>
  /** All that a session ever had a row for, in the order in which they were made: its log says which of them it has. */
  of(sessionId: string): Promise<readonly ResourceRow[]>
  /** Those of several sessions that were not removed, by the session's id; a session without any is left out. */
  listed(sessionIds: readonly string[]): Promise<ReadonlyMap<string, readonly ResourceRow[]>>
  /** Its path is free from then on. Nothing is fine. */
  remove(sessionId: string, id: string): Promise<void>
  /** Its token has changed; null when there is none. */
  touch(sessionId: string, id: string): Promise<Date | null>
}
