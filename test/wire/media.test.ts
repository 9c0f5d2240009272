import { describe, expect, test } from 'vitest'
import {
  DOCUMENT_DATA,
  IMAGE_LIMITS,
  IMAGE_TYPES,
  base64Length,
  problemOfContent,
  problemOfFile,
  problemOfImage,
  problemOfPdf,
} from '../../src/wire/media.ts'
import { PDF, base64, gif, jpeg, png, webp } from '../support/media.ts'

const HTML = Buffer.from('<html><body>not found</body></html>')

describe('problemOfImage', () => {
  const good: [string, string, Buffer][] = [
    ['a PNG', 'image/png', png()],
    ['a PNG of 8000 pixels', 'image/png', png(8000, 1)],
    ['a GIF', 'image/gif', gif(3, 4)],
    ['an old GIF', 'image/gif', gif(3, 4, '87a')],
    ['a JPEG', 'image/jpeg', jpeg(600, 400)],
    ['a progressive JPEG', 'image/jpeg', jpeg(8000, 8000, 0xc2)],
    ['a lossy WebP', 'image/webp', webp('VP8 ', 10, 8000)],
    ['a lossless WebP', 'image/webp', webp('VP8L', 8000, 7)],
    ['an extended WebP', 'image/webp', webp('VP8X', 1, 8000)],
  ]

  test.each(good)('finds nothing in %s', (_, type, bytes) => {
    expect(problemOfImage(type, base64(bytes))).toBeNull()
  })

  test.each(good)('takes %s for nothing else', (_, type, bytes) => {
    for (const other of IMAGE_TYPES.filter((name) => name !== type))
      expect(problemOfImage(other, base64(bytes))).toBe(`expected an image of the type ${other}, got other bytes`)
  })

  test.each(IMAGE_TYPES)('takes no page, no cut head and no empty list of bytes for an image of %s', (type) => {
    const cut = good.filter(([, own]) => own === type).map(([, , bytes]) => bytes.subarray(0, 9))
    for (const bytes of [HTML, Buffer.alloc(200), Buffer.from([0xff, 0xd8, 0xff]), ...cut])
      expect(problemOfImage(type, base64(bytes))).toBe(`expected an image of the type ${type}, got other bytes`)
  })

  test.each<[string, string, Buffer, string]>([
    ['a PNG', 'image/png', png(8001, 2), '8001 x 2'],
    ['a GIF', 'image/gif', gif(2, 65_535), '2 x 65535'],
    ['a JPEG', 'image/jpeg', jpeg(20_000, 30_000), '20000 x 30000'],
    ['a lossy WebP', 'image/webp', webp('VP8 ', 9000, 1), '9000 x 1'],
    ['a lossless WebP', 'image/webp', webp('VP8L', 16_384, 16_384), '16384 x 16384'],
    ['an extended WebP', 'image/webp', webp('VP8X', 8001, 100_000), '8001 x 100000'],
  ])('refuses %s with longer sides than the model takes', (_, type, bytes, size) => {
    expect(problemOfImage(type, base64(bytes))).toBe(`expected at most 8000 pixels a side, got ${size}`)
  })

  test('refuses an image without extent', () => {
    expect(problemOfImage('image/gif', base64(gif(0, 5)))).toContain('got other bytes')
    expect(problemOfImage('image/gif', base64(gif(5, 0)))).toContain('got other bytes')
  })

  test('refuses more bytes than the model takes, and takes as many', () => {
    const most = (IMAGE_LIMITS.data / 4) * 3
    const rest = most - png().length
    expect(problemOfImage('image/png', base64(png(2, 2, rest)))).toBeNull()
    expect(problemOfImage('image/png', base64(png(2, 2, rest + 1)))).toBe(
      'expected at most 5242880 bytes of base64, got 5242884',
    )
  })

  test('ends on a JPEG whose segments go nowhere', () => {
    const bytes = Buffer.alloc(100_000, 0xff)
    bytes[1] = 0xd8
    expect(problemOfImage('image/jpeg', base64(bytes))).toContain('got other bytes')
    const empty = Buffer.concat([Buffer.from([0xff, 0xd8]), Buffer.alloc(9000, Buffer.from([0xff, 0xe0, 0, 0]))])
    expect(problemOfImage('image/jpeg', base64(empty))).toContain('got other bytes')
  })
})

describe('problemOfPdf', () => {
  test('finds nothing in a PDF', () => {
    expect(problemOfPdf(base64(PDF))).toBeNull()
  })

  test.each([HTML, Buffer.from('%PDF'), png()])('refuses other bytes', (bytes) => {
    expect(problemOfPdf(base64(bytes))).toBe('expected a PDF, got other bytes')
  })

  test('refuses more than a request to the model has room for', () => {
    const data = `${base64(PDF.subarray(0, 6))}${'A'.repeat(DOCUMENT_DATA - 8)}`
    expect(problemOfPdf(data)).toBeNull()
    expect(problemOfPdf(`${data}AAAA`)).toBe('expected at most 25165824 bytes of base64, got 25165828')
  })
})

describe('problemOfFile', () => {
  const largest = (data: number): number => (data / 4) * 3

  test.each([
    ['image', 'image/webp', largest(IMAGE_LIMITS.data)],
    ['document', 'application/pdf', largest(DOCUMENT_DATA)],
    ['document', 'text/plain', DOCUMENT_DATA],
  ] as const)('takes an %s of the type %s, and not a byte more', (block, type, size) => {
    expect(problemOfFile(block, type, size)).toBeNull()
    expect(problemOfFile(block, type, size + 1)).toMatch(/^expected at most \d+ bytes.*, got \d+$/)
  })

  test.each([
    ['image', 'application/pdf'],
    ['image', 'image/svg+xml'],
    ['document', 'image/png'],
    ['document', 'text/html'],
  ] as const)('takes no %s of the type %s', (block, type) => {
    expect(problemOfFile(block, type, 1)).toMatch(/^expected a file of the type .*, got /)
  })

  test('counts as base64 is written', () => {
    for (const size of [0, 1, 2, 3, 4, 1000]) expect(base64Length(size)).toBe(base64(Buffer.alloc(size)).length)
  })
})

describe('problemOfContent', () => {
  test.each([
    ['image/png', png()],
    ['application/pdf', PDF],
    ['text/plain', Buffer.from('café')],
  ])('finds nothing in %s', (type, bytes) => {
    expect(problemOfContent(type, bytes)).toBeNull()
  })

  test.each([
    ['image/png', PDF],
    ['image/gif', png()],
    ['application/pdf', HTML],
    ['application/pdf', Buffer.of()],
    ['text/plain', Buffer.from([0xc3])],
    ['text/plain', Buffer.from('a\0b')],
    ['text/plain', Buffer.of()],
    ['text/plain', Buffer.from(' \n\t')],
  ])('finds other bytes in %s', (type, bytes) => {
    expect(problemOfContent(type, bytes)).toMatch(/^expected .*, got /)
  })
})
