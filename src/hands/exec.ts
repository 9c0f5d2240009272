/** What one process in the sandbox wrote until it ended. */
export interface ExecEnd {
  readonly stdout: Uint8Array
  readonly stderr: string
}

export interface ExecOptions {
  readonly stdin?: Uint8Array
  readonly env?: Readonly<Record<string, string>>
  /** Aborting it lets go of the process, whatever that does: nobody waits for it any more. */
  readonly signal?: AbortSignal
}

/**
 * Starts `argv` in the sandbox as the agent's user and waits for its end. Its exit code does not matter, its answer is
 * the last line of stderr. Must not end the process when the caller dies. Rejects with `HandsUnavailable`.
 */
export type Exec = (argv: readonly string[], options: ExecOptions) => Promise<ExecEnd>

/** What a script of this room said: its answer line, apart, and what it wrote to stdout. */
export interface Answer {
  readonly words: readonly string[]
  readonly stdout: Uint8Array
}
