import type { Arrival, BlobRef, Entry } from '../session/entry.ts'
import type { LogState } from '../session/state.ts'
import type { Cut, Part, ResetRun } from './cut.ts'
import type { Position } from './position.ts'

/** A run of a session as the archive has it; times are milliseconds since the epoch. */
export interface ArchivedRun {
  /** From 1. */
  readonly run: number
  /** Temporal's id of it. */
  readonly id: string
  /** Temporal's id of the run that handed over to it; null for a session's first one. */
  readonly follows: string | null
  /** What resets gave up within its history, oldest first. */
  readonly cuts: readonly Cut[]
  /** The last history event whose entries are in the archive. */
  readonly lastEvent: number
  /** Whether the run had ended when it was copied, so that nothing can follow. */
  readonly closed: boolean
  /** When the session began. */
  readonly startedAt: number
  /** Time of the last entry up to here. */
  readonly changedAt: number
  /** When the session was archived by a client. */
  readonly archivedAt: number | null
  /** The fold of the log up to here; kept for a session's newest run only. */
  readonly state: LogState | null
}

/** A finished item of the log as it is kept. */
export interface ArchivedItem {
  readonly position: Position
  readonly at: number
  /** Without its `processed_at`, which is `at`. */
  readonly entry: Entry | Arrival
  /** `client`: shown, but without effect on the model; `model`: a private record. */
  readonly audience: 'all' | 'client' | 'model'
  /** Strings of the entry that are kept elsewhere. */
  readonly blobs?: readonly BlobRef[]
}

/** Which items of a log, and in which order. */
export interface Selection {
  readonly order: 'asc' | 'desc'
  readonly limit: number
  /** Numbers of the runs to look at, both inclusive. */
  readonly runs: Part
  /** Only items behind it in the direction of the order. */
  readonly behind?: Position
  /** Bounds of an item's time, both inclusive; it never decreases along the log. */
  readonly at?: { readonly least?: number; readonly most?: number }
  readonly types?: readonly string[]
  /** Those that clients see, or those that the model is told of. */
  readonly audience: 'client' | 'model'
}

/**
 * What outlives Temporal's retention: the finished items of runs, keyed by session and position. What a reset gave up
 * stays; which items are in the log is for the reader to say.
 */
export interface LogArchive {
  /** What is kept of the runs from number `from` on, in order. */
  runs(session: string, from: number): Promise<readonly ArchivedRun[]>
  /** The newest run kept, with its state; null for a session without any. */
  newest(session: string): Promise<ArchivedRun | null>
  /** What a page costs does not depend on how deep in the log it lies. */
  page(session: string, selection: Selection): Promise<readonly ArchivedItem[]>
  /** The public events of this id, in order: a reset may have had one take effect again. */
  find(session: string, eventId: string): Promise<readonly ArchivedItem[]>
  /** The runs that resets made, also those that were given up later, in no order. */
  resets(session: string): Promise<readonly ResetRun[]>
}

export interface ArchiveWriter {
  /**
   * Adds a run's items and its row in one transaction; items that are there are left as they are, and a row never goes
   * back. Rejects with `SessionBuried` for a session that was deleted, with `RunRefused` for one that was never stored
   * and for a number under which another run is kept.
   */
  write(session: string, run: ArchivedRun, items: readonly ArchivedItem[]): Promise<void>
}
