import type { BlobRef } from './entry.ts'
import type { LogState } from './state.ts'

/** So many bytes of a blob count as one byte in a queue: they are not in it, but whoever reads it reads them too. */
const BLOB_SHARE = 256

/** What a value takes of a queue's bytes, with the references beside it. */
export function weigh(value: unknown, blobs: readonly BlobRef[] = []): number {
  const named = blobs.reduce((sum, { length }) => sum + length, 0)
  return JSON.stringify(value).length + (blobs.length > 0 ? JSON.stringify(blobs).length : 0) + named / BLOB_SHARE
}

/** What waits in the queue. */
export function weighQueue({ queue, blobs = {} }: Pick<LogState, 'queue' | 'blobs'>): number {
  return weigh(queue, Object.values(blobs).flat())
}
