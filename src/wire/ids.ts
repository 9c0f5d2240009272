/**
 * The shape of ids: prefix, `_01`, 22 base-58 characters. Those are 16 bytes, big-endian: a 32-bit count of seconds and
 * 96 random bits, so ids of one prefix sort by the second they were made in. Nothing here reads a clock or a random
 * source: workflow code brings its own (see `mint.ts` for processes).
 */

/** In ASCII order, so that the text sorts as the number does. */
const ALPHABET = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'
const DIGITS = 22
const BODY = new RegExp(`^01[${ALPHABET}]{${DIGITS}}$`)

/** Prefixes of the API, and behind them our own: API keys, configurations, ingress rows. */
export type IdPrefix =
  | 'agent'
  | 'env'
  | 'work'
  | 'sesn'
  | 'sevt'
  | 'sthr'
  | 'sesrsc'
  | 'outc'
  | 'wrun'
  | 'wrph'
  | 'vlt'
  | 'vcrd'
  | 'file'
  | 'skill'
  | 'skver'
  | 'memstore'
  | 'mem'
  | 'memver'
  | 'depl'
  | 'drun'
  | 'drm'
  | 'whe'
  | 'req'
  | 'wrkspc'
  | 'key'
  | 'cfg'
  | 'ingr'

export type Id<P extends IdPrefix> = `${P}_01${string}`

/**
 * An id from whole seconds since 1970 and 12 random bytes.
 * @throws RangeError for seconds outside 32 bits or another number of bytes.
 */
export function formatId<P extends IdPrefix>(prefix: P, seconds: number, random: Uint8Array): Id<P> {
  if (!Number.isInteger(seconds) || seconds < 0 || seconds >= 2 ** 32) {
    throw new RangeError(`expected whole seconds below 2^32, got ${seconds}`)
  }
  if (random.length !== 12) throw new RangeError(`expected 12 random bytes, got ${random.length}`)
  let value = BigInt(seconds)
  for (const byte of random) value = (value << 8n) | BigInt(byte)
  let digits = ''
  for (let index = 0; index < DIGITS; index++) {
    digits = `${ALPHABET[Number(value % 58n)]}${digits}`
    value /= 58n
  }
  return `${prefix}_01${digits}`
}

/** Whether a value has the shape of an id with this prefix. Says nothing about whether it names anything. */
export function isId<P extends IdPrefix>(prefix: P, value: unknown): value is Id<P> {
  return typeof value === 'string' && value.startsWith(`${prefix}_`) && BODY.test(value.slice(prefix.length + 1))
}
