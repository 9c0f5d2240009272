import type { SessionStatus } from '../wire/types.ts'
import type { SandboxRow } from './bindings.ts'

/** A sandbox that is to be there, as the keeper of its host sees it. */
export interface KeptSandbox {
  readonly row: SandboxRow
  readonly workspaceId: string
  /** When a call was bound to it last. */
  readonly usedAt: Date
  /** Milliseconds since then. */
  readonly unusedMs: number
  /** When its workspace was copied last, or found unchanged since that copy. */
  readonly exportedAt: Date | null
  /** When its outputs were looked through last. */
  readonly collectedAt: Date | null
  /** By the index of sessions: a hint; null without one. */
  readonly status: SessionStatus | 'creating' | null
  /** No call can use it any more: its session was deleted, archived or never was. */
  readonly isGone: boolean
  /** Since when somebody wants it put away; null: nobody does. */
  readonly evictAt: Date | null
}

/** A copy of a hand's `/workspace`. */
export interface WorkspaceExport {
  readonly sessionId: string
  readonly hand: string
  /** That it was copied from. */
  readonly generation: number
  /** Key of the bytes among the contents of files; null when there were too many to keep. */
  readonly content: string | null
  /** Of the tar. */
  readonly bytes: number
  /** Files, folders and links in it. */
  readonly entries: number
  /** What of the workspace was none of these, or had a name that cannot be kept. */
  readonly leftOut: number
  /** Whether all of the workspace could be read. */
  readonly isWhole: boolean
  /** Of the tar, hexadecimal. */
  readonly sha256: string
  /** What `Cargo.probe` said then. */
  readonly probe: string
  readonly at: Date
}

/**
 * What there is to be on the hosts, beside the bindings: who would end a sandbox asks here first. `seenUsedAt` is the
 * `usedAt` that the decision rests on: where a call was bound since, nothing is done. Times are the store's own.
 */
export interface SandboxLedger {
  /** Those that take calls, on these hosts or on none that has a name. */
  of(hosts: readonly string[]): Promise<readonly KeptSandbox[]>
  /** Those that take calls, on all hosts, by the sessions that used them last. */
  all(): Promise<readonly KeptSandbox[]>
  /** The current generations of these sessions' hands, retired ones too. */
  rowsOf(sessionIds: readonly string[]): Promise<readonly SandboxRow[]>
  /** Those of the sessions that were deleted. */
  deleted(sessionIds: readonly string[]): Promise<readonly string[]>
  /** Gives the host's name to one that has none. */
  adopt(row: SandboxRow, host: string): Promise<void>
  /** Wants the session's sandboxes put away. False when it has none. */
  evict(sessionId: string): Promise<boolean>
  /**
   * From here on no call is bound to it any more. False when a call was bound since, or it is not current.
   * @param how whether it was found lost; default: it was not.
   */
  retire(row: SandboxRow, seenUsedAt: Date, how?: { readonly isLost: boolean }): Promise<boolean>
  /** Takes a retirement back, where the sandbox is still current. */
  revive(row: SandboxRow): Promise<void>
  /** Keeps this copy, of now, in place of the one before. False, with nothing changed, when a call was bound since. */
  exported(copy: Omit<WorkspaceExport, 'at'>, seenUsedAt: Date): Promise<boolean>
  /** Notes that there is no new copy to be had of it until it is used again. */
  passedOver(row: SandboxRow, seenUsedAt: Date): Promise<void>
  /**
   * Notes that what is to take the generation's place does not take the copy of its workspace; answers for how many
   * milliseconds that is so.
   */
  refused(place: Omit<CallsSince, 'at'>): Promise<number>
  latestExport(sessionId: string, hand: string): Promise<WorkspaceExport | null>
  /** Its outputs were looked through. */
  collected(row: SandboxRow): Promise<void>
  /** Ids of the calls that were bound to the generation after the moment, in the order of that; none that was given up then. */
  callsSince(place: CallsSince): Promise<readonly string[]>
}

export interface CallsSince {
  readonly sessionId: string
  readonly hand: string
  readonly generation: number
  /** Null: all of them. */
  readonly at: Date | null
}
