import { crc32, deflateSync } from 'node:zlib'

/** A whole PNG of one colour, with `padding` bytes of a chunk that nobody reads. */
export function png(width = 2, height = 2, padding = 0): Buffer {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header.set([8, 0, 0, 0, 0], 8)
  const pixels = deflateSync(Buffer.alloc((width + 1) * height, 0x80))
  const parts = [chunk('IHDR', header), chunk('prVt', Buffer.alloc(padding, 7)), chunk('IDAT', pixels), chunk('IEND')]
  return Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), ...parts])
}

function chunk(name: string, data: Buffer = Buffer.of()): Buffer {
  const body = Buffer.concat([Buffer.from(name, 'latin1'), data])
  return Buffer.concat([uint32(data.length), body, uint32(crc32(body))])
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

/** The head of a GIF, which says how large it is. */
export function gif(width: number, height: number, version = '89a'): Buffer {
  const bytes = Buffer.alloc(13)
  bytes.write(`GIF${version}`, 'latin1')
  bytes.writeUInt16LE(width, 6)
  bytes.writeUInt16LE(height, 8)
  return bytes
}

/** A JPEG up to its frame, behind segments of notes; `kind` is the frame's. */
export function jpeg(width: number, height: number, kind = 0xc0): Buffer {
  const notes = Buffer.alloc(5_000, 0xee)
  const frame = Buffer.from([0xff, kind, 0, 11, 8, height >> 8, height & 255, width >> 8, width & 255, 1, 1, 0x11, 0])
  const note = Buffer.concat([Buffer.from([0xff, 0xe1, (notes.length + 2) >> 8, (notes.length + 2) & 255]), notes])
  // A table, which is no frame, and a mark with filling before it.
  const table = Buffer.from([0xff, 0xff, 0xff, 0xc4, 0, 3, 0])
  return Buffer.concat([Buffer.from([0xff, 0xd8]), note, table, frame])
}

/** The head of a WebP of each kind. */
export function webp(kind: 'VP8 ' | 'VP8L' | 'VP8X', width: number, height: number): Buffer {
  const bytes = Buffer.alloc(40)
  bytes.write('RIFF', 0, 'latin1')
  bytes.write('WEBP', 8, 'latin1')
  bytes.write(kind, 12, 'latin1')
  if (kind === 'VP8 ') {
    bytes.writeUInt16LE(width | 0x4000, 26)
    bytes.writeUInt16LE(height | 0x8000, 28)
  } else if (kind === 'VP8L') bytes.writeUInt32LE(((width - 1) | ((height - 1) << 14)) >>> 0, 21)
  else {
    bytes.writeUIntLE(width - 1, 24, 3)
    bytes.writeUIntLE(height - 1, 27, 3)
  }
  return bytes
}

export const PDF = Buffer.from('%PDF-1.7\n%âãÏÓ\n1 0 obj\n<< >>\nendobj\n%%EOF\n', 'latin1')

export function base64(bytes: Buffer): string {
  return bytes.toString('base64')
}
