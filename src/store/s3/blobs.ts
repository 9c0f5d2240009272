import type { BlobStore } from '../../history/blobs.ts'
import { blobBytes, demandBlob, demandBlobSize, demandSession, isBlob, isSession } from '../blob-names.ts'
import type { Bucket } from './bucket.ts'

/** Requests at once for the blobs of one session, which are removed together. */
const AT_ONCE = 16

/** Blobs in a bucket, each named by its key below its session. Failures of the server reject with `StoreAway`. */
export function createS3Blobs(bucket: Bucket): BlobStore {
  const list = async (session: string) => (await bucket.list(folderOf(session))).filter(isBlob)
  return {
    async put(session, key, bytes) {
      demandBlobSize(bytes)
      await bucket.put(nameOf(session, key), bytes)
    },
    get: async (session, key, most) => bucket.get(nameOf(session, key), blobBytes(most)),
    has: async (session, key) => bucket.has(nameOf(session, key)),
    list,
    async sessions() {
      const folders = (await bucket.list('blobs/')).filter((name) => name.endsWith('/'))
      return folders.map((name) => name.slice(0, -1)).filter(isSession)
    },
    async clear(session) {
      const keys = await list(session)
      for (let from = 0; from < keys.length; from += AT_ONCE) {
        await Promise.all(keys.slice(from, from + AT_ONCE).map((key) => bucket.remove(nameOf(session, key))))
      }
    },
  }
}

function folderOf(session: string): string {
  return `blobs/${demandSession(session)}/`
}

function nameOf(session: string, key: string): string {
  return folderOf(session) + demandBlob(key)
}
