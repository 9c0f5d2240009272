import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'

/** Texts that only holders of the key can read, each bound to its place. */
export interface Seal {
  seal(text: string, place: string): string
  /** Throws for what was altered, or sealed under another key or for another place. */
  open(sealed: string, place: string): string
}

const ALGORITHM = 'aes-256-gcm'
const NONCE_BYTES = 12
const TAG = { authTagLength: 16 }

/**
 * AES-256-GCM under a key derived from `master`, the payload codec's: a key of its own for each purpose, so that none
 * uses up the number of messages that another's is good for.
 */
export function createSeal(master: Uint8Array, purpose: string): Seal {
  const key = Buffer.from(hkdfSync('sha256', master, '', `longhand ${purpose}`, 32))
  return {
    seal(text, place) {
      const nonce = randomBytes(NONCE_BYTES)
      const cipher = createCipheriv(ALGORITHM, key, nonce, TAG).setAAD(Buffer.from(place))
      const sealed = [cipher.update(text, 'utf8'), cipher.final()]
      return Buffer.concat([nonce, cipher.getAuthTag(), ...sealed]).toString('base64')
    },
    open(sealed, place) {
      const bytes = Buffer.from(sealed, 'base64')
      const body = NONCE_BYTES + TAG.authTagLength
      const decipher = createDecipheriv(ALGORITHM, key, bytes.subarray(0, NONCE_BYTES), TAG)
      decipher.setAAD(Buffer.from(place)).setAuthTag(bytes.subarray(NONCE_BYTES, body))
      return Buffer.concat([decipher.update(bytes.subarray(body)), decipher.final()]).toString('utf8')
    },
  }
}
