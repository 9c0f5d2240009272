import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { boundaryOf, readForm } from '../../src/api/multipart.ts'

const BOUNDARY = 'frontier'

interface Read {
  readonly name: string
  readonly filename: string | null
  readonly contentType: string | null
  readonly text: string
}

/** The parts of these bytes, which come in pieces of a size. */
async function read(bytes: Buffer | string, size = 1_000_000, boundary = BOUNDARY): Promise<Read[]> {
  const all = Buffer.from(bytes)
  async function* pieces(): AsyncGenerator<Buffer> {
    for (let at = 0; at < all.length; at += size) yield all.subarray(at, at + size)
  }
  const parts: Read[] = []
  for await (const { body, ...about } of readForm(pieces(), boundary)) {
    const chunks: Buffer[] = []
    for await (const chunk of body) chunks.push(chunk)
    parts.push({ ...about, text: Buffer.concat(chunks).toString('latin1') })
  }
  return parts
}

function part(disposition: string, body = 'body', type = ''): string {
  return `--${BOUNDARY}\r\nContent-Disposition: form-data; ${disposition}\r\n${type}\r\n${body}\r\n`
}

const END = `--${BOUNDARY}--`

describe('a form', () => {
  test('is read as Node writes it', async () => {
    const form = new FormData()
    form.append('file', new File(['café\r\n--x'], 'a "b".txt', { type: 'text/plain' }))
    form.append('expires_in_seconds', '3600')
    const request = new Request('http://x/', { method: 'POST', body: form })
    const boundary = boundaryOf(request.headers.get('content-type') ?? '')
    const parts = await read(Buffer.from(await request.arrayBuffer()), 7, boundary)
    expect(parts).toEqual([
      {
        name: 'file',
        filename: 'a "b".txt',
        contentType: 'text/plain',
        text: Buffer.from('café\r\n--x').toString('latin1'),
      },
      { name: 'expires_in_seconds', filename: null, contentType: null, text: '3600' },
    ])
  })

  test.each([
    ['name="file"; filename="a \\"b\\" \\\\ c.txt"', 'a "b" \\ c.txt'],
    ['name="file"; filename="C:\\dir\\a.txt"', 'C:\\dir\\a.txt'],
    ['filename="100%.txt"; name="file"', '100%.txt'],
    ['name=file; filename=a.txt', 'a.txt'],
    ['name="file"; filename=""', ''],
    ['name="file"; FileName="a.txt"', 'a.txt'],
    ['name="file"', null],
  ])('has the name of a file by %s', async (disposition, filename) => {
    expect(await read(part(disposition) + END)).toMatchObject([{ name: 'file', filename, text: 'body' }])
  })

  test('may have something before and behind it, no end of a line, and empty parts', async () => {
    const bytes = `preamble\r\n${part('name="a"', '')}${part('name="b"', '\r\n')}${END}\r\nepilogue`
    expect((await read(bytes)).map(({ text }) => text)).toEqual(['', '\r\n'])
    expect(await read(END)).toEqual([])
  })

  test('is the same however its bytes are cut into pieces, whatever is in them', async () => {
    const alphabet = fc.constantFrom(
      '\r',
      '\n',
      '-',
      '\r\n',
      `--${BOUNDARY.slice(0, -1)}`,
      `\r\n--${BOUNDARY.slice(1)}`,
      'x',
    )
    const bodies = fc.array(
      fc.array(alphabet, { maxLength: 30 }).map((all) => all.join('')),
      { maxLength: 4 },
    )
    await fc.assert(
      fc.asyncProperty(bodies, fc.integer({ min: 1, max: 40 }), async (all, size) => {
        const bytes = all.map((body, index) => part(`name="f${index}"`, body)).join('') + END
        expect((await read(bytes, size)).map(({ text }) => text)).toEqual(all)
      }),
      { numRuns: 500 },
    )
  })

  test.each([
    ['nothing', ''],
    ['no boundary', 'just text'],
    ['another boundary', part('name="a"').replaceAll(BOUNDARY, 'other')],
    ['no end', part('name="a"')],
    ['half a part', part('name="a"').slice(0, -3)],
    ['half a boundary', `${part('name="a"')}--${BOUNDARY}`],
    ['half a head', part('name="a"').slice(0, 40)],
  ])('of which %s has come breaks off', async (_, bytes) => {
    for (const size of [1, 1000]) await expect(read(bytes, size)).rejects.toThrow('body: broke off before the last')
  })

  test.each([
    ['a part without a name', `--${BOUNDARY}x\r\n\r\n\r\n${END}`],
    ['a part without a name', `${part('name="a"')}--${BOUNDARY}x\r\n${part('name="b"')}${END}`],
    ['a part without a name', `--${BOUNDARY}\r\nContent-Disposition: form-data; name="a"\r\n${END}`],
    ['a part without a name', `${part('filename="a"')}${END}`],
    ['a part without a name', `${part('name="a"').replace('form-data', 'attachment')}${END}`],
    ['a part without a name', `--${BOUNDARY}\r\n\r\n\r\n\r\n${END}`],
    ['a part with a head above 16384 bytes', `${part('name="a"', 'x', `X: ${'y'.repeat(17_000)}\r\n`)}${END}`],
    ['more than 100 parts', `${part('name="a"').repeat(101)}${END}`],
    ['more than 65536 bytes that are no part', `${'x'.repeat(70_000)}\r\n${END}`],
    ['more than 65536 bytes that are no part', `${END}${'x'.repeat(70_000)}`],
  ])('with %s is refused', async (what, bytes) => {
    await expect(read(bytes, 1000)).rejects.toThrow(`body: expected a form (multipart/form-data), got ${what}`)
  })

  test('is asked for no more than its reader has use for', async () => {
    let given = 0
    async function* endless(): AsyncGenerator<Buffer> {
      yield Buffer.from(part('name="a"') + part('name="b"').slice(0, -2))
      for (; ; given++) yield Buffer.alloc(100_000)
    }
    const parts = readForm(endless(), BOUNDARY)
    const first = await parts.next()
    for await (const _ of first.value.body);
    const second = await parts.next()
    expect(given).toBe(0)
    const body = second.value.body[Symbol.asyncIterator]()
    for (let count = 1; count < 20; count++) {
      await body.next()
      expect(given).toBeLessThanOrEqual(count)
    }
    await parts.return(undefined)
  })

  test('whose source breaks says so', async () => {
    async function* broken(): AsyncGenerator<Buffer> {
      yield Buffer.from(part('name="a"'))
      throw new Error('aborted')
    }
    const reading = async (): Promise<void> => {
      for await (const { body } of readForm(broken(), BOUNDARY)) for await (const _ of body);
    }
    await expect(reading()).rejects.toMatchObject({ kind: 'invalid_request', message: 'body: broke off' })
  })
})

describe('the boundary of a content type', () => {
  test.each([
    ['multipart/form-data; boundary=abc', 'abc'],
    ['Multipart/Form-Data;Boundary="a b:c"', 'a b:c'],
    ['multipart/form-data; charset=utf-8; boundary=----x-1; x=y', '----x-1'],
  ])('is read from %s', (type, boundary) => {
    expect(boundaryOf(type)).toBe(boundary)
  })

  test.each([
    undefined,
    '',
    'application/json',
    'multipart/form-data',
    'multipart/form-data; boundary=',
    'multipart/form-data; boundary=""',
    'multipart/mixed; boundary=abc',
    `multipart/form-data; boundary=${'a'.repeat(71)}`,
    'multipart/form-data; boundary="a\u00e9"',
  ])('is missed in %s', (type) => {
    expect(() => boundaryOf(type)).toThrow('content-type: expected multipart/form-data with a boundary, got ')
  })
})
