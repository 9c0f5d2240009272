/** What the Messages API takes of one image: bytes of its base64, and pixels of a side. It refuses larger ones. */
export const IMAGE_LIMITS = { data: 5 * 1024 * 1024, side: 8000 } as const
/** Bytes of base64 of one document, so that a model's request of 32 MB has room for it and for the conversation. */
export const DOCUMENT_DATA = 24 * 1024 * 1024

/** Reads a picture's size in pixels from its first bytes; null when they are not of its format. */
type Measure = (bytes: Buffer) => { readonly width: number; readonly height: number } | null

const IMAGES: Readonly<Record<string, Measure>> = {
  'image/png': measurePng,
  'image/jpeg': measureJpeg,
  'image/gif': measureGif,
  'image/webp': measureWebp,
}

/** What {@link problemOfImage} can judge. */
export const IMAGE_TYPES = Object.keys(IMAGES)

/** Media types of files that the model reads as each kind of block. */
export const FILE_TYPES = { image: IMAGE_TYPES, document: ['application/pdf', 'text/plain'] } as const

/**
 * Why the model would refuse an image of this type, in words, or null. It refuses every later request of the session
 * too, so what can be told by looking is told here.
 * @param data base64 as the schema takes it.
 */
export function problemOfImage(mediaType: string, data: string): string | null {
  return problemOfLength('image', data.length) ?? problemOfPicture(mediaType, Buffer.from(data, 'base64'))
}

/** The same for a PDF. */
export function problemOfPdf(data: string): string | null {
  return problemOfLength('document', data.length) ?? problemOfHead(Buffer.from(data.slice(0, 8), 'base64'))
}

/** Why no file of this type and size is read as such a block, whatever is in it; null when one may be. */
export function problemOfFile(block: keyof typeof FILE_TYPES, mediaType: string, size: number): string | null {
  const types: readonly string[] = FILE_TYPES[block]
  if (!types.includes(mediaType)) return `expected a file of the type ${types.join(', ')}, got ${mediaType}`
  if (mediaType !== 'text/plain') return problemOfLength(block, base64Length(size))
  return size > DOCUMENT_DATA ? `expected at most ${DOCUMENT_DATA} bytes, got ${size}` : null
}

/** The same for what is in it. */
export function problemOfContent(mediaType: string, bytes: Buffer): string | null {
  if (mediaType === 'application/pdf') return problemOfHead(bytes)
  if (mediaType !== 'text/plain') return problemOfPicture(mediaType, bytes)
  const text = toText(bytes)
  if (text === null || text.includes('\0')) return 'expected text in UTF-8, got other bytes'
  return text.trim() === '' ? 'expected text, got only white space' : null
}

function toText(bytes: Buffer): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return null
  }
}

/** Bytes of base64 of so many bytes. */
export function base64Length(bytes: number): number {
  return 4 * Math.ceil(bytes / 3)
}

function problemOfLength(block: keyof typeof FILE_TYPES, length: number): string | null {
  const most = block === 'image' ? IMAGE_LIMITS.data : DOCUMENT_DATA
  return length > most ? `expected at most ${most} bytes of base64, got ${length}` : null
}

function problemOfPicture(mediaType: string, bytes: Buffer): string | null {
  const size = IMAGES[mediaType]?.(bytes)
  if (!size || size.width === 0 || size.height === 0)
    return `expected an image of the type ${mediaType}, got other bytes`
  if (Math.max(size.width, size.height) <= IMAGE_LIMITS.side) return null
  return `expected at most ${IMAGE_LIMITS.side} pixels a side, got ${size.width} x ${size.height}`
}

function problemOfHead(bytes: Buffer): string | null {
  return bytes.toString('latin1', 0, 5) === '%PDF-' ? null : 'expected a PDF, got other bytes'
}

function measurePng(bytes: Buffer): ReturnType<Measure> {
  const isPng =
    bytes.length >= 24 && bytes.toString('latin1', 0, 8) === '\x89PNG\r\n\x1a\n' && hasWord(bytes, 12, 'IHDR')
  return isPng ? { width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20) } : null
}

function measureGif(bytes: Buffer): ReturnType<Measure> {
  const isGif = bytes.length >= 10 && /^GIF8[79]a/.test(bytes.toString('latin1', 0, 6))
  return isGif ? { width: bytes.readUInt16LE(6), height: bytes.readUInt16LE(8) } : null
}

/** Each of the format's three kinds has its size in another place: lossy, lossless, extended. */
function measureWebp(bytes: Buffer): ReturnType<Measure> {
  if (bytes.length < 30 || !hasWord(bytes, 0, 'RIFF') || !hasWord(bytes, 8, 'WEBP')) return null
  if (hasWord(bytes, 12, 'VP8 ')) {
    return { width: bytes.readUInt16LE(26) & 0x3fff, height: bytes.readUInt16LE(28) & 0x3fff }
  }
  if (hasWord(bytes, 12, 'VP8L')) {
    const bits = bytes.readUInt32LE(21)
    return { width: 1 + (bits & 0x3fff), height: 1 + ((bits >>> 14) & 0x3fff) }
  }
  return hasWord(bytes, 12, 'VP8X') ? { width: 1 + bytes.readUIntLE(24, 3), height: 1 + bytes.readUIntLE(27, 3) } : null
}

const [JPEG_MARK, JPEG_START] = [0xff, 0xd8]
/** Segments that begin a frame; those in between begin tables. */
const isFrame = (kind: number): boolean => kind >= 0xc0 && kind <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(kind)

/** Goes from segment to segment until the one that says how large the picture is. */
function measureJpeg(bytes: Buffer): ReturnType<Measure> {
  if (bytes[0] !== JPEG_MARK || bytes[1] !== JPEG_START) return null
  for (let at = 2; at + 9 <= bytes.length && bytes[at] === JPEG_MARK;) {
    const kind = bytes.readUInt8(at + 1)
    if (isFrame(kind)) return { width: bytes.readUInt16BE(at + 7), height: bytes.readUInt16BE(at + 5) }
    // A mark may be preceded by any number of the same byte.
    at += kind === JPEG_MARK ? 1 : 2 + bytes.readUInt16BE(at + 2)
  }
  return null
}

function hasWord(bytes: Buffer, at: number, word: string): boolean {
  return bytes.toString('latin1', at, at + word.length) === word
}
