import type { BlobRef } from './entry.ts'
import type { LogState } from './state.ts'

/** So many bytes of a blob count as one byte in a queue: they are not in it, but whoever reads it reads them too. */
const BLOB_SHARE = 256

/** What was measured before; a full queue is weighed for each of the thousands of events of a flood. */
const lengths = new WeakMap<object, number>()

/** What an event takes of a queue's bytes, with the references beside it. */
export function weigh(event: object, blobs: readonly BlobRef[] = []): number {
  return lengthOf(event) + weighBlobs(blobs)
}

/** What waits in the queue. */
export function weighQueue({ queue, blobs = {} }: Pick<LogState, 'queue' | 'blobs'>): number {
  return lengthOfList(queue) + weighBlobs(Object.values(blobs).flat())
}

function weighBlobs(blobs: readonly BlobRef[]): number {
  if (blobs.length === 0) return 0
  return lengthOfList(blobs) + blobs.reduce((sum, { length }) => sum + length, 0) / BLOB_SHARE
}

/** Of a list's JSON: brackets and commas are one more than its elements. */
function lengthOfList(list: readonly object[]): number {
  return list.reduce((sum, one) => sum + lengthOf(one), Math.max(2, list.length + 1))
}

function lengthOf(value: object): number {
  const length = lengths.get(value) ?? JSON.stringify(value).length
  lengths.set(value, length)
  return length
}
