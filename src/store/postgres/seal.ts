import { createCipher } from '../cipher.ts'

/** Texts that only holders of the key can read, each bound to its place. */
export interface Seal {
  seal(text: string, place: string): string
  /** Throws for what was altered, or sealed under another key or for another place. */
  open(sealed: string, place: string): string
}

/** The cipher of a purpose, for texts that a column of text takes: base64. */
export function createSeal(master: Uint8Array, purpose: string): Seal {
  const cipher = createCipher(master, purpose)
  return {
    seal: (text, place) => cipher.seal(Buffer.from(text, 'utf8'), place).toString('base64'),
    open: (sealed, place) => cipher.open(Buffer.from(sealed, 'base64'), place).toString('utf8'),
  }
}
