/** Sandboxes that no call can use any more, because their sessions were archived. */
export interface SpentSandboxes {
  /** Those that may still be there, some of them at a time, in turn: who takes one is about to destroy it. */
  take(): Promise<readonly SpentSandbox[]>
  /**
   * Notes that a sandbox is gone, unless another generation took its place. It stays the session's current one: an
   * archived session that is reset is alive again, and has to learn that it lost what it had.
   */
  markDestroyed(spent: SpentSandbox): Promise<void>
}

export interface SpentSandbox {
  readonly sessionId: string
  /** As in SandboxRow. */
  readonly generation: number
}
