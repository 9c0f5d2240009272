import { createHash } from 'node:crypto'
import type { BlobIndex, Packing } from '../session/blobs.ts'
import { PACKING, pack, restore } from '../session/blobs.ts'
import type { BlobRef } from '../session/entry.ts'

/**
 * Where the strings that are too large for payloads are kept, each under its session and the SHA-256 of its bytes
 * (hexadecimal). A session's blobs are nobody else's.
 */
export interface BlobStore {
  /**
   * Durable when it resolves; the same bytes again change nothing, or mend what was damaged. Rejects with a RangeError
   * for more than 64 MiB, so that no process holds more of one in memory.
   */
  put(session: string, sha256: string, bytes: Uint8Array): Promise<void>
  /**
   * At most `most` bytes of what is kept, or null when there is nothing. Whether they are what was put is for the
   * caller to check.
   */
  get(session: string, sha256: string, most: number): Promise<Uint8Array | null>
  has(session: string, sha256: string): Promise<boolean>
  /** The session's keys, in no order. */
  list(session: string): Promise<readonly string[]>
  /** The sessions that have blobs, in no order. */
  sessions(): Promise<readonly string[]>
  /** Removes all that a session has; nothing is fine. */
  clear(session: string): Promise<void>
}

/** What a log refers to is not there any more, or is not what was put there. Trying again does not help. */
export class BlobLost extends Error {
  override readonly name = 'BlobLost'
  readonly how: 'missing' | 'damaged'

  constructor(how: BlobLost['how'], { sha256, length }: BlobRef) {
    const remedy = 'every api and worker needs the data folder that the blobs were written to'
    super(
      `store: the blob ${sha256.slice(0, 12)}… of ${length} bytes is ${how}${how === 'missing' ? `; ${remedy}` : ''}`,
    )
    this.how = how
  }
}

/** Elements of a carrier that stay too large for a payload, whatever is taken out of them. */
export class CarrierTooLarge extends Error {
  override readonly name = 'CarrierTooLarge'

  constructor(bytes: number, limit: number) {
    super(`expected at most ${limit} bytes beside texts and files of their own, got ${bytes}`)
  }
}

/** Elements as they travel, and the references beside them; without `blobs` when there are none. */
export interface Kept<T> {
  readonly elements: readonly T[]
  readonly blobs?: BlobIndex
}

/** The same, with what is to be stored before anybody is told of it: bytes by their SHA-256. */
export interface Parcel<T> {
  readonly kept: Kept<T>
  readonly contents: ReadonlyMap<string, Uint8Array>
  /** The files that elements name: each gives its bytes to whoever stores them, one after the other. */
  readonly files?: ReadonlyMap<string, (store: (bytes: Uint8Array) => Promise<void>) => Promise<void>>
}

/** Blobs written or read at once. */
const AT_ONCE = 8

/** @throws CarrierTooLarge */
export function toParcel<T extends object>(elements: readonly T[], limits: Packing = PACKING): Parcel<T> {
  const packed = pack(elements, limits)
  if (packed.bytes > limits.payload) throw new CarrierTooLarge(packed.bytes, limits.payload)
  const contents = new Map<string, Uint8Array>()
  const blobs: Record<number, readonly BlobRef[]> = {}
  for (const [index, taken] of packed.taken.entries()) {
    if (taken.length === 0) continue
    blobs[index] = taken.map(({ path, text }) => {
      const utf16 = /\p{Surrogate}/u.test(text)
      const bytes = Buffer.from(text, utf16 ? 'utf16le' : 'utf8')
      const sha256 = hash(bytes)
      contents.set(sha256, bytes)
      return { path, sha256, length: bytes.length, ...(utf16 ? { utf16 } : {}) }
    })
  }
  return { kept: { elements: packed.elements, ...(contents.size > 0 ? { blobs } : {}) }, contents }
}

/** Stores what a parcel holds; only then may its elements be told to anybody. */
export async function storeParcel(
  store: BlobStore,
  session: string,
  { contents, files = new Map() }: Parcel<object>,
): Promise<void> {
  await inTurns([...contents], ([sha256, bytes]) => store.put(session, sha256, bytes))
  for (const [sha256, give] of files) await give((bytes) => store.put(session, sha256, bytes))
}

/** Both at once. Rejects with {@link CarrierTooLarge}. */
export async function stow<T extends object>(
  store: BlobStore,
  session: string,
  elements: readonly T[],
): Promise<Kept<T>> {
  const parcel = toParcel(elements)
  await storeParcel(store, session, parcel)
  return parcel.kept
}

/** An element as it travels, and the references beside it. */
export interface PackedElement<T> {
  readonly element: T
  readonly blobs?: readonly BlobRef[] | undefined
}

/** An element as it was before it was packed, the files in it by their ids. Rejects with {@link BlobLost}. */
export async function fetchElement<T extends object>(
  store: Pick<BlobStore, 'get'>,
  session: string,
  { element: packed, blobs = [] }: PackedElement<T>,
): Promise<T> {
  const texts = blobs.filter(({ file }) => file === undefined)
  const { element, lost } = await fetchThere(store, session, { element: packed, blobs: texts })
  const [first] = lost
  if (first) throw new BlobLost(first.how, first.ref)
  return element
}

/**
 * An element as the model reads it, with its files in it, as far as it is there: where a string is lost an empty one
 * stands, where a file is lost its id.
 */
export async function fetchThere<T extends object>(
  store: Pick<BlobStore, 'get'>,
  session: string,
  { element, blobs = [] }: PackedElement<T>,
): Promise<{ readonly element: T; readonly lost: readonly { how: BlobLost['how']; ref: BlobRef }[] }> {
  const values = new Map<BlobRef, unknown>()
  const lost = new Map<BlobRef, BlobLost['how']>()
  await inTurns(blobs, async (ref) => {
    const bytes = await store.get(session, ref.sha256, ref.length + 1)
    if (!bytes) lost.set(ref, 'missing')
    else if (hash(bytes) !== ref.sha256) lost.set(ref, 'damaged')
    else values.set(ref, toValue(ref, Buffer.from(bytes)))
  })
  const there = blobs.filter((ref) => values.has(ref))
  return {
    element: there.length === 0 ? element : restore(element, there, (ref) => values.get(ref)),
    lost: blobs.flatMap((ref) => {
      const how = lost.get(ref)
      return how ? [{ how, ref }] : []
    }),
  }
}

function toValue({ file, utf16 }: BlobRef, bytes: Buffer): unknown {
  if (file === undefined) return bytes.toString(utf16 ? 'utf16le' : 'utf8')
  if (file === 'text/plain') return { type: 'text', media_type: file, data: bytes.toString('utf8') }
  return { type: 'base64', media_type: file, data: bytes.toString('base64') }
}

function hash(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

async function inTurns<T>(all: readonly T[], work: (one: T) => Promise<void>): Promise<void> {
  for (let from = 0; from < all.length; from += AT_ONCE) await Promise.all(all.slice(from, from + AT_ONCE).map(work))
}
