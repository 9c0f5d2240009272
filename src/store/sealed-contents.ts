import { Readable } from 'node:stream'
import type { Cipher } from './cipher.ts'
import { HEAD_BYTES, createCipher } from './cipher.ts'
import type { FileContents } from './files.ts'

/** Bytes that are sealed together. */
const SEGMENT = 64 * 1024

/**
 * Contents encrypted in segments under a key of their own, derived from that of the payload codec (32 bytes). Each
 * segment is bound to its number and to whether it is the last, so none can be left out, moved or cut off. What cannot be
 * opened from its first segment on is answered as it is, as from before there was a key; altered ones are not what their
 * hash says.
 */
export function createSealedContents(contents: FileContents, master: Uint8Array): FileContents {
  const cipherOf = (key: string): Cipher => createCipher(master, `file ${key}`)
  return {
    ...contents,
    write: (key, source) => contents.write(key, seal(cipherOf(key), source)),
    async open(key) {
      const sealed = await contents.open(key)
      return sealed && Readable.from(unseal(cipherOf(key), sealed), { objectMode: false })
    },
  }
}

async function* seal(cipher: Cipher, source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const { bytes, place } of segmentsOf(source, SEGMENT)) yield cipher.seal(bytes, place)
}

async function* unseal(cipher: Cipher, sealed: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let isPlain = false
  for await (const { bytes, place, isFirst } of segmentsOf(sealed, SEGMENT + HEAD_BYTES)) {
    const opened: Buffer | null = isPlain ? bytes : open(cipher, bytes, place)
    if (!opened && !isFirst) throw new Error('store: a file is damaged')
    isPlain ||= !opened
    yield opened ?? bytes
  }
}

function open(cipher: Cipher, bytes: Buffer, place: string): Buffer | null {
  if (bytes.length < HEAD_BYTES) return null
  try {
    return cipher.open(bytes, place)
  } catch {
    return null
  }
}

interface Segment {
  readonly bytes: Buffer
  readonly place: string
  readonly isFirst: boolean
}

/** The bytes in pieces of one size; only the last one may be shorter, and there is always one. */
async function* segmentsOf(source: AsyncIterable<Uint8Array>, size: number): AsyncGenerator<Segment> {
  let index = 0
  const next = (bytes: Buffer, isLast: boolean): Segment => {
    const place = `${index++} ${isLast ? 'last' : 'more'}`
    return { bytes, place, isFirst: index === 1 }
  }
  let held: Buffer[] = []
  let length = 0
  for await (const chunk of source) {
    held.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength))
    length += chunk.length
    // A full one is held back until it is known that it is not the last.
    if (length <= size) continue
    const all = Buffer.concat(held)
    let at = 0
    for (; length - at > size; at += size) yield next(all.subarray(at, at + size), false)
    held = [all.subarray(at)]
    length -= at
  }
  yield next(Buffer.concat(held), true)
}
