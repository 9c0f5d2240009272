import { randomBytes } from 'node:crypto'
import { createCipher } from './cipher.ts'

/** Seals secrets of users for the database; only holders of the installation's key can read what it keeps. */
export interface SecretBox {
  /** @param place what the secret belongs to, down to its version: what is sealed opens nowhere else. */
  seal(value: string, place: string): Buffer
  /** Throws for what was altered, cut or moved, and for what another key has sealed. The message quotes nothing. */
  open(sealed: Uint8Array, place: string): string
}

/** In front of what is sealed: how it is laid out, so that another layout can follow this one. */
const LAYOUT = 1
const DATA_KEY_BYTES = 32
/** A data key with the nonce and the tag of its own seal. */
const SEALED_KEY_BYTES = DATA_KEY_BYTES + 28

/**
 * An envelope: each secret is sealed under a random key of its own, and that key under one derived from `master` (32
 * bytes), both for the same place. Layout: version byte, sealed data key, sealed value.
 */
export function createSecretBox(master: Uint8Array): SecretBox {
  const keys = createCipher(master, 'secrets')
  return {
    seal(value, place) {
      const dataKey = randomBytes(DATA_KEY_BYTES)
      const sealed = createCipher(dataKey, 'secret').seal(Buffer.from(value), place)
      return Buffer.concat([Buffer.of(LAYOUT), keys.seal(dataKey, place), sealed])
    },
    open(sealed, place) {
      try {
        if (sealed[0] !== LAYOUT) throw new Error(`expected layout ${LAYOUT}`)
        const dataKey = keys.open(sealed.subarray(1, 1 + SEALED_KEY_BYTES), place)
        return createCipher(dataKey, 'secret')
          .open(sealed.subarray(1 + SEALED_KEY_BYTES), place)
          .toString()
      } catch (cause) {
        throw new Error('a stored secret cannot be opened: it was altered, or sealed under another key', { cause })
      }
    },
  }
}
