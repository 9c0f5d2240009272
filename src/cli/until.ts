import { setTimeout as sleep } from 'node:timers/promises'

const LOOK_MS = 100

/** Looks ten times a second until it is so, and answers what was seen then. Rejects when `signal` aborts. */
export async function until<T, Wanted extends T>(
  signal: AbortSignal,
  look: () => Promise<T>,
  isSo: (seen: T) => seen is Wanted,
): Promise<Wanted>
export async function until<T>(signal: AbortSignal, look: () => Promise<T>, isSo: (seen: T) => boolean): Promise<T>
export async function until<T>(signal: AbortSignal, look: () => Promise<T>, isSo: (seen: T) => boolean): Promise<T> {
  for (;;) {
    signal.throwIfAborted()
    const seen = await look()
    if (isSo(seen)) return seen
    await sleep(LOOK_MS, undefined, { signal })
  }
}
