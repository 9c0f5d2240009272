import { createHash } from 'node:crypto'

/**
 * The bytes of a source, known to be those of this SHA-256 when the last of them come: the newest are held back until
 * what follows, or that nothing follows, tells whether they may go. Others end in what `lost` makes.
 */
export async function* verified(
  source: AsyncIterable<Uint8Array>,
  sha256: string,
  lost: () => Error,
): AsyncGenerator<Uint8Array, void, undefined> {
  const hash = createHash('sha256')
  let held: Uint8Array | null = null
  for await (const chunk of source) {
    if (held) yield held
    hash.update(chunk)
    held = chunk
  }
  if (hash.digest('hex') !== sha256) throw lost()
  if (held) yield held
}
