import type { Readable, Writable } from 'node:stream'

/**
 * A process in the sandbox that a stream goes into or comes out of. Its output is read to the end, or nobody learns what
 * it said.
 */
export interface Pipe {
  readonly input: Writable
  readonly output: Readable
  /** The last 4 KB of its stderr, once it has ended or its connection has. Never rejects. */
  readonly said: Promise<string>
  /** Lets go of it: the scripts of this room end when their stdin does. */
  destroy(): void
}

const mostSaid = 4_096

/** Keeps the end of what comes. */
export function createTailOfText(): { add(chunk: Uint8Array): void; text(): string } {
  let bytes = Buffer.alloc(0)
  return {
    add(chunk) {
      bytes = Buffer.concat([bytes, chunk]).subarray(-mostSaid)
    },
    text: () => bytes.toString(),
  }
}
