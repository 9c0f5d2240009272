import { createHash } from 'node:crypto'

/** Characters of a secret that are shown, and the length from which on they give too little away to matter. */
const shown = { characters: 4, of: 20 }

/** What is stored of a secret, for finding it. */
export function hashSecret(secret: string): Buffer {
  return createHash('sha256').update(secret).digest()
}

/** What is shown of a secret, so that people can tell theirs apart; nothing of a short one. */
export function endingOf(secret: string): string {
  return secret.length < shown.of ? '' : secret.slice(-shown.characters)
}
