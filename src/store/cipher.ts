import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'

/** Bytes that only holders of the key can read, each bound to its place. */
export interface Cipher {
  seal(bytes: Uint8Array, place: string): Buffer
  /** Throws for what was altered, or sealed under another key or for another place. */
  open(sealed: Uint8Array, place: string): Buffer
}

const ALGORITHM = 'aes-256-gcm'
const NONCE_BYTES = 12
const TAG = { authTagLength: 16 }
/** What sealed bytes are longer by. */
export const HEAD_BYTES = NONCE_BYTES + TAG.authTagLength

/**
 * AES-256-GCM under a key derived from `master`, the payload codec's of 32 bytes: a key of its own for each purpose, so
 * that none uses up the number of messages that another's is good for.
 */
export function createCipher(master: Uint8Array, purpose: string): Cipher {
  const key = Buffer.from(hkdfSync('sha256', master, '', `longhand ${purpose}`, 32))
  return {
    seal(bytes, place) {
      const nonce = randomBytes(NONCE_BYTES)
      const cipher = createCipheriv(ALGORITHM, key, nonce, TAG).setAAD(Buffer.from(place))
      const sealed = [cipher.update(bytes), cipher.final()]
      return Buffer.concat([nonce, cipher.getAuthTag(), ...sealed])
    },
    open(sealed, place) {
      const decipher = createDecipheriv(ALGORITHM, key, sealed.subarray(0, NONCE_BYTES), TAG)
      decipher.setAAD(Buffer.from(place)).setAuthTag(sealed.subarray(NONCE_BYTES, HEAD_BYTES))
      return Buffer.concat([decipher.update(sealed.subarray(HEAD_BYTES)), decipher.final()])
    },
  }
}
