import type { SandboxRow } from './bindings.ts'
import type { Cargo } from './cargo.ts'
import type { Recipe } from './recipe.ts'

/** What a sandbox is made for. One key has at most one living sandbox. */
export interface SandboxKey {
  readonly sessionId: string
  /** Absent: `main`. */
  readonly hand?: string
  readonly generation: number
}

export interface Provisioned extends SandboxRow {
  /** Digest of the image that it was made of; absent where it was made of none. */
  readonly image?: string
}

/** A sandbox that was found on its host. */
export interface ListedSandbox extends SandboxRow {
  /** When it was begun to be made, by the host's clock. */
  readonly since: Date
}

/** One thing that `doctor` looked at; `remedy` says in one line what to do when it is not in order. */
export interface Finding {
  readonly name: string
  readonly ok: boolean
  readonly detail: string
  readonly remedy?: string
}

/** Makes and finds sandboxes. Rejects with `HandsUnavailable` when it cannot tell or cannot make one now. */
export interface SandboxProvider {
  /** Value of `SandboxRow.provider`: `local`, `docker`. */
  readonly kind: string
  /**
   * Idempotent by key: answers the living sandbox of this key, whoever made it, else makes one with a new boot id. Of a
   * recipe it takes image, packages, runtime and network; what is put into it comes by {@link SandboxProvider.cargo}.
   * Rejects with `RecipeFailed` when what the recipe asks for cannot be had.
   */
  provision(key: SandboxKey, recipe?: Recipe): Promise<Provisioned>
  /** The sandbox if exactly this one still lives. Never creates, restarts or heals. */
  attach(row: SandboxRow): Promise<Sandbox | null>
  /** Name of the host whose sandboxes these are: they are lost together. Null where it has none. */
  host(): Promise<string | null>
  /** What goes into the sandbox and out of it; null when it is gone or cannot take any. */
  cargo(row: SandboxRow): Promise<Cargo | null>
  /** Ends the sandbox and removes its files; one that is gone already is success. */
  destroy(row: SandboxRow): Promise<void>
  /**
   * Every sandbox of this provider on this host, dead ones with files left and unfinished ones included; with a session,
   * those of that one.
   */
  list(sessionId?: string): Promise<readonly ListedSandbox[]>
  /**
   * Tries what a sandbox needs, from inside a sandbox of its own. Findings, never a rejection.
   * @param isThorough whether it is tried that limits hold too, with as much of the machine as they allow.
   */
  doctor(isThorough?: boolean): Promise<readonly Finding[]>
}

export interface RunRequest {
  /** The claim: of all runs with this id exactly one starts the command, the others get its result. */
  readonly id: string
  /** Text of any length without U+0000. */
  readonly command: string
  /** Default `sh`. With `bash` the text is evaluated by bash without start-up files. */
  readonly shell?: 'sh' | 'bash'
  /** From the command's start; then TERM to its process group, one second later KILL to everything it left. */
  readonly timeoutMs: number
  /** Bytes of output that come back; rounded down to a multiple of 2,048, at least that. */
  readonly capBytes: number
  /** Bytes of output that stay in the sandbox for `keep`: fewer where there is little room, never under `capBytes`. */
  readonly keepBytes?: number
  /** Default: nothing. */
  readonly stdin?: Uint8Array
  /** Added to the sandbox's own environment; nothing of the caller's is in it. */
  readonly env?: Readonly<Record<string, string>>
  /** Runs with the same queue name start one after the other. The time limit starts after the wait. */
  readonly queue?: string
  /** Aborting it cancels the command for every caller. */
  readonly signal?: AbortSignal
}

/**
 * - `exit`: the command ended by itself.
 * - `timeout`, `cancelled`: it was ended; `output` is what it had written.
 * - `oom`: memory ran out meanwhile. It was killed itself (`code` 137), or, where it has a queue, something beside or below
 *   it, and it ended by itself.
 * - `crowded`: it was ended with everything else that ran in the sandbox, which left no room for another process.
 * - `lost`: what ran it died inside a sandbox that still lives (`kill -9 -1` by the command), or was ended because nothing
 *   could watch it on a full machine. Nobody knows how far it came.
 */
export type RunReason = 'exit' | 'timeout' | 'oom' | 'cancelled' | 'crowded' | 'lost'

export interface RunResult {
  readonly reason: RunReason
  /** Exit code; 128 + n after signal n. */
  readonly code: number
  /** stdout and stderr as they came, with `truncated.bytes` bytes left out at offset `truncated.at`. */
  readonly output: Uint8Array
  readonly truncated: { readonly at: number; readonly bytes: number } | null
  /** This caller's request started the command. */
  readonly first: boolean
  /** Everything that ran in the sandbox was ended before it, for want of room for another process. Told once. */
  readonly isCleared: boolean
}

/** Why a path was not read or written: the caller's mistake, not the sandbox's. */
export type Refusal = 'missing' | 'directory' | 'irregular' | 'outside' | 'denied' | 'full' | 'loop'

export interface ReadRequest {
  /** Absolute and free of `.`, `..` and line breaks. */
  readonly path: string
  /** More than this many bytes are never sent: `bytes` then holds `maxBytes` + 1 of them. */
  readonly maxBytes: number
  /** First and last line, counted from 1; a last line of 0 or less means the end of the file. */
  readonly lines?: readonly [number, number]
  /** Answers `claimed` instead when a write with this id was made already. */
  readonly unlessWritten?: string
}

export type ReadResult =
  | { readonly type: 'file'; readonly bytes: Uint8Array; readonly size: number }
  | { readonly type: 'refused'; readonly reason: Refusal }
  | { readonly type: 'claimed' }

export interface WriteRequest {
  /** The claim: a second write with this id changes nothing and gets the first one's `note`. */
  readonly id: string
  readonly path: string
  readonly data: Uint8Array
  /** Kept beside the claim and answered to every caller: one line. */
  readonly note: string
  /** Writes only if the file's SHA-256 (hex) still is this one. */
  readonly ifSha256?: string
}

export type WriteResult =
  | { readonly type: 'written'; readonly note: string; readonly first: boolean }
  | { readonly type: 'conflict' | 'cancelled' | 'lost' }
  | { readonly type: 'refused'; readonly reason: Refusal }

export type KeepResult =
  | {
      readonly type: 'kept'
      readonly path: string
      /** Bytes left out of its middle; the file says so there. */
      readonly missing: number
    }
  | { readonly type: 'refused'; readonly path: string; readonly reason: Refusal }
  /** There is no output under this id any more. */
  | { readonly type: 'lost' }

/**
 * A living sandbox. Every method rejects with {@link SandboxLost} when it is gone, and with `HandsUnavailable` when it
 * gives no answer although it lives.
 */
export interface Sandbox {
  run(request: RunRequest): Promise<RunResult>
  /** Ends what runs under this id and everything it left running; an id not seen yet can never run afterwards. */
  cancel(id: string): Promise<void>
  /** Whether a command runs, whoever waits for it. What one has left running behind it is none. */
  busy(): Promise<boolean>
  /** Ids of such commands, those that have not begun yet before the others. The agent's word: one may be missing, or false. */
  running(): Promise<readonly string[]>
  /** Puts the output of a run that has ended into a file that the agent can read; asked again, it is the same file. */
  keep(id: string): Promise<KeepResult>
  /** Regular files below `/workspace`, `/tmp` and the folders of uploads and outputs, symbolic links resolved. */
  read(request: ReadRequest): Promise<ReadResult>
  /** Atomic; makes parent folders, keeps the mode of a file that exists. Confined as `read` is. */
  write(request: WriteRequest): Promise<WriteResult>
}

/** The sandbox that a call is bound to no longer exists, and with it its files, its processes and what it knew of calls. */
export class SandboxLost extends Error {
  override readonly name = 'SandboxLost'
}
