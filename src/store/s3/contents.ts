import { demandContent } from '../blob-names.ts'
import type { FileContents } from '../files.ts'
import type { Bucket } from './bucket.ts'

/** Contents of files in a bucket, in parts where they are large. Failures of the server reject with `StoreAway`. */
export function createS3Contents(bucket: Bucket): FileContents {
  return {
    write: async (key, source) => bucket.upload(nameOf(key), source),
    open: async (key) => bucket.open(nameOf(key)),
    async remove(key) {
      await bucket.remove(nameOf(key))
      // A writer that died in the middle has left parts that no list of things shows and that are paid for.
      await bucket.removeUploads(nameOf(key))
    },
  }
}

function nameOf(key: string): string {
  return `files/${demandContent(key)}`
}
