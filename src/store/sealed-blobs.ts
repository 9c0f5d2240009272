import type { BlobStore } from '../history/blobs.ts'
import { HEAD_BYTES, createCipher } from './cipher.ts'

/**
 * Blobs encrypted under the key of the payload codec (32 bytes), each bound to its session and name: where the log is
 * encrypted, so is what was taken out of it. What cannot be opened is answered as it is, so that blobs from before
 * there was a key can be read, and altered ones are not what their name says.
 */
export function createSealedBlobs(blobs: BlobStore, master: Uint8Array): BlobStore {
  const cipher = createCipher(master, 'blobs')
  return {
    ...blobs,
    put: (session, sha256, bytes) => blobs.put(session, sha256, cipher.seal(bytes, placeOf(session, sha256))),
    async get(session, sha256, most) {
      const bytes = await blobs.get(session, sha256, most + HEAD_BYTES)
      if (!bytes || bytes.length < HEAD_BYTES) return bytes
      try {
        return cipher.open(bytes, placeOf(session, sha256))
      } catch {
        return bytes.subarray(0, most)
      }
    },
  }
}

function placeOf(session: string, sha256: string): string {
  return `${session} ${sha256}`
}
