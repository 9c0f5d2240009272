import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import type { BlobStore } from '../history/blobs.ts'

const ALGORITHM = 'aes-256-gcm'
const NONCE_BYTES = 12
const TAG = { authTagLength: 16 }
const HEAD_BYTES = NONCE_BYTES + TAG.authTagLength

/**
 * Blobs encrypted under the key of the payload codec (32 bytes), each bound to its session and name: where the log is
 * encrypted, so is what was taken out of it. What cannot be opened is answered as it is, so that blobs from before
 * there was a key can be read, and altered ones are not what their name says.
 */
export function createSealedBlobs(blobs: BlobStore, master: Uint8Array): BlobStore {
  const key = Buffer.from(hkdfSync('sha256', master, '', 'longhand blobs', 32))
  return {
    ...blobs,
    put(session, sha256, bytes) {
      const nonce = randomBytes(NONCE_BYTES)
      const cipher = createCipheriv(ALGORITHM, key, nonce, TAG).setAAD(nameOf(session, sha256))
      const sealed = [cipher.update(bytes), cipher.final()]
      return blobs.put(session, sha256, Buffer.concat([nonce, cipher.getAuthTag(), ...sealed]))
    },
    async get(session, sha256, most) {
      const bytes = await blobs.get(session, sha256, most + HEAD_BYTES)
      if (!bytes || bytes.length < HEAD_BYTES) return bytes
      try {
        const decipher = createDecipheriv(ALGORITHM, key, bytes.subarray(0, NONCE_BYTES), TAG)
        decipher.setAAD(nameOf(session, sha256)).setAuthTag(bytes.subarray(NONCE_BYTES, HEAD_BYTES))
        return Buffer.concat([decipher.update(bytes.subarray(HEAD_BYTES)), decipher.final()])
      } catch {
        return bytes.subarray(0, most)
      }
    },
  }
}

function nameOf(session: string, sha256: string): Buffer {
  return Buffer.from(`${session} ${sha256}`)
}
