import { ApiError } from './errors.ts'

export type Metadata = Record<string, string>
export type MetadataPatch = Readonly<Record<string, string | null>>

/** Pairs in one bag, characters in a key, characters in a value. */
export const METADATA_LIMITS = { pairs: 16, key: 64, value: 512 } as const

/**
 * The bag after a patch: a string sets its key, `null` deletes it, keys left out stay; no patch changes nothing. Keys
 * keep their place, new ones follow. The result is a new object; key and value lengths are the schema's concern.
 * @throws ApiError 400 `invalid_metadata` when more than 16 pairs would remain.
 */
export function patchMetadata(stored: Readonly<Metadata>, patch: MetadataPatch | null | undefined): Metadata {
  // A map: a plain object would take the key `__proto__` for its prototype.
  const bag = new Map(Object.entries(stored))
  for (const [key, value] of Object.entries(patch ?? {})) {
    if (value === null) bag.delete(key)
    else bag.set(key, value)
  }
  if (bag.size > METADATA_LIMITS.pairs) {
    const message = `metadata: expected at most ${METADATA_LIMITS.pairs} pairs, got ${bag.size} after the update`
    throw new ApiError('invalid_request', message, { code: 'invalid_metadata' })
  }
  return Object.fromEntries(bag)
}
