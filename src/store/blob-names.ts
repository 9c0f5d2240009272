/** No process holds more of one blob in memory. */
const MAX_BYTES = 64 * 1024 * 1024
const SESSION = /^[a-z]+_[0-9A-Za-z]+$/
const BLOB = /^[0-9a-f]{64}$/
const CONTENT = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

export function isSession(name: string): boolean {
  return SESSION.test(name)
}

export function isBlob(name: string): boolean {
  return BLOB.test(name)
}

/** The bytes to read of a blob where at most `most` are asked for. */
export function blobBytes(most: number): number {
  return Math.min(most, MAX_BYTES)
}

/** @throws RangeError for more than 64 MiB. */
export function demandBlobSize(bytes: Uint8Array): void {
  if (bytes.length > MAX_BYTES)
    throw new RangeError(`expected a blob of at most ${MAX_BYTES} bytes, got ${bytes.length}`)
}

/** Nothing but an id may name what the blobs of a session are below. @throws RangeError */
export function demandSession(name: string): string {
  if (!isSession(name)) throw new RangeError('expected the id of a session')
  return name
}

/** @throws RangeError */
export function demandBlob(name: string): string {
  if (!isBlob(name)) throw new RangeError('expected the SHA-256 of a blob in hexadecimal')
  return name
}

/** Nothing but a UUID may name the bytes of a file. @throws RangeError */
export function demandContent(name: string): string {
  if (!CONTENT.test(name)) throw new RangeError('expected the key of a content, a UUID')
  return name
}
