import type { Readable, Writable } from 'node:stream'

/** A process in the sandbox that stays: its stdin and its stdout. It ends when its stdin is closed, or its caller dies. */
export interface Line {
  readonly input: Writable
  readonly output: Readable
  /** Whether it keeps this process from ending by itself. */
  hold(isHeld: boolean): void
  /** Lets go of it, whatever it does. */
  destroy(): void
}
