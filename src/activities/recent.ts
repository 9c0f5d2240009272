import { LRUCache } from 'lru-cache'

/** Values by key, the ones that were used last, within a number of bytes. */
export interface Recent<Value> {
  get(key: string): Value | undefined
  /** Keeps a value of about so many bytes, unless that alone is too many. */
  set(key: string, value: Value, bytes: number): void
}

/** @param most bytes of all values together. */
export function createRecent<Value>(most: number): Recent<Value> {
  // The cache takes no sizes below one.
  const kept = new LRUCache<string, Sized<Value>>({ maxSize: most, sizeCalculation: ({ bytes }) => Math.max(1, bytes) })
  return {
    get: (key) => kept.get(key)?.value,
    set(key, value, bytes) {
      kept.set(key, { value, bytes })
    },
  }
}

interface Sized<Value> {
  readonly value: Value
  readonly bytes: number
}

/** About what a value takes in memory: a byte for a character of its JSON, and as much again for what holds them. */
export function estimateBytes(value: unknown): number {
  return 2 * JSON.stringify(value).length
}
