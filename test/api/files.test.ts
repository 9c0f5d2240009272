import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { request as connectTo } from 'node:http'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { ApiContext } from '../../src/api/context.ts'
import type { Call } from '../sdk/raw-http.ts'
import { call, exchange, openSocket } from '../sdk/raw-http.ts'
import type { World } from './fakes.ts'
import { AUTHORIZED, createFakeApp } from './fakes.ts'

const TYPE = 'multipart/form-data; boundary=b'

async function listen(change?: (world: World) => Partial<ApiContext>, limits: object = {}) {
  const { app, world } = createFakeApp(change)
  Object.assign(app.server, limits, { connectionsCheckingInterval: 20 })
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  onTestFinished(() => app.close())
  return { app, world, url }
}

function part(disposition: string, body: string, type = ''): string {
  return `--b\r\ncontent-disposition: form-data; ${disposition}\r\n${type}\r\n${body}\r\n`
}

const FILE = part('name="file"; filename="a.txt"', 'abc')
const END = '--b--\r\n'

function post(url: string, body: string | Buffer, headers: Call['headers'] = {}) {
  return call(url, {
    method: 'POST',
    path: '/v1/files',
    headers: { ...AUTHORIZED, 'content-type': TYPE, ...headers },
    body: Buffer.from(body),
  })
}

/** Nothing of an upload is left: no file, no bytes, no note of them, no row of ids. */
function expectNothing({ files, contents, ingress }: World): void {
  expect([files.rows.size, files.begun.size, contents.contents.size, ingress.size]).toEqual([0, 0, 0, 0])
}

describe('an upload', () => {
  test('may have its fields in any order', async () => {
    const { url, world } = await listen()
    const expiry = part('name="expires_in_seconds"', '3600')
    for (const body of [FILE + expiry, expiry + FILE]) {
      const { status, text } = await post(url, body + END)
      expect({ status, ...JSON.parse(text) }).toMatchObject({ status: 200, filename: 'a.txt', size_bytes: 3 })
      expect(JSON.parse(text).expires_at).not.toBeNull()
    }
    expect(world.files.rows.size).toBe(2)
  })

  test('of an empty file without a name is one', async () => {
    const { url } = await listen()
    const { text } = await post(url, part('name="file"', '', 'content-type: image/png\r\n') + END)
    expect(JSON.parse(text)).toMatchObject({ filename: 'unnamed.png', size_bytes: 0, mime_type: 'image/png' })
  })

  test.each<[string, string, RegExp, Record<string, string>?]>([
    ['JSON', '{}', /^content-type: expected multipart/, { 'content-type': 'application/json' }],
    ['no boundary', FILE + END, /^content-type: expected multipart/, { 'content-type': 'multipart/form-data' }],
    ['nothing', '', /broke off/],
    ['no part', END, /^file: required, but missing/],
    ['another field alone', part('name="expires_in_seconds"', '3600') + END, /^file: required, but missing/],
    ['two files', FILE + FILE + END, /^file: expected once/],
    ['an unknown field', FILE + part('name="purpose"', 'x') + END, /^"purpose": unknown field/],
    ['two times to expire', FILE + part('name="expires_in_seconds"', '3600').repeat(2) + END, /several times/],
    ['a time to expire that is none', FILE + part('name="expires_in_seconds"', '59') + END, /whole seconds/],
    ['a time to expire that is long', FILE + part('name="expires_in_seconds"', '1'.repeat(200)) + END, /100 bytes/],
    ['a type that is none', part('name="file"', 'x', 'content-type: x\r\n') + END, /^file: expected a content type/],
    ['a hostile name', part('name="file"; filename="a\0b"', 'x') + END, /^file: expected a name without/],
    ['no end', FILE, /^body: broke off before the last boundary/],
  ])('with %s is refused and leaves nothing', async (_, body, message, headers) => {
    const { url, world } = await listen()
    const { status, text } = await post(url, body, headers)
    expect({ status, message: JSON.parse(text).error.message }).toEqual({
      status: 400,
      message: expect.stringMatching(message),
    })
    expectNothing(world)
    expect(world.logged).toEqual([])
  })

  test('that names its path is kept under the last component of it', async () => {
    const { url } = await listen()
    const { text } = await post(url, part('name="file"; filename="../../etc/passwd"', 'x') + END)
    expect(JSON.parse(text)).toMatchObject({ filename: 'passwd' })
  })

  test.each([600, 20 * 1024])('that is announced as too large is refused before it is read: %i MiB', async (MiB) => {
    const { url, world } = await listen()
    const sent = connectTo(`${url}/v1/files`, {
      method: 'POST',
      headers: { ...AUTHORIZED, 'content-type': TYPE, 'content-length': MiB * 1024 * 1024 },
    })
    sent.on('error', () => undefined)
    sent.write(FILE)
    const [response] = await once(sent, 'response')
    expect(response.statusCode).toBe(413)
    sent.destroy()
    expectNothing(world)
  })

  test('that is cut half-way leaves nothing', async () => {
    const { url, world } = await listen()
    const head = `POST /v1/files HTTP/1.1\r\nhost: x\r\nauthorization: ${AUTHORIZED.authorization}\r\n`
    const body = part('name="file"', 'x'.repeat(100_000)).slice(0, 50_000)
    const socket = await openSocket(url, `${head}content-type: ${TYPE}\r\ncontent-length: 100300\r\n\r\n${body}`)
    await expect.poll(() => world.files.begun.size).toBe(1)
    socket.destroy()
    await expect.poll(() => world.files.begun.size).toBe(0)
    expectNothing(world)
  })

  test('may take longer than other requests', async () => {
    const { url } = await listen(undefined, { requestTimeout: 200, headersTimeout: 100 })
    const head = (type: string, length: number): string =>
      `host: x\r\nauthorization: ${AUTHORIZED.authorization}\r\ncontent-type: ${type}\r\ncontent-length: ${length}\r\n`
    const form = FILE + END
    const upload = await openSocket(
      url,
      `POST /v1/files HTTP/1.1\r\n${head(TYPE, form.length)}\r\n${form.slice(0, 60)}`,
    )
    let said = ''
    upload.on('data', (chunk: Buffer) => (said += chunk.toString()))
    // Came behind it, and is over its time: so is the upload.
    const other = await exchange(url, `POST /v1/agents HTTP/1.1\r\n${head('application/json', 9)}\r\n{`)
    expect(other.text).toContain('too long to arrive')
    upload.write(form.slice(60))
    await expect.poll(() => said).toContain('HTTP/1.1 200')
    upload.destroy()
  })

  test('that was refused may send the rest before its connection takes another request', async () => {
    const { url, world } = await listen()
    const body = FILE + FILE + part('name="x"', 'y'.repeat(3_000_000)) + END
    const head = (length: number): string =>
      `POST /v1/files HTTP/1.1\r\nhost: x\r\nauthorization: ${AUTHORIZED.authorization}\r\ncontent-type: ${TYPE}\r\ncontent-length: ${length}\r\n`
    const good = FILE + END
    const socket = await openSocket(url)
    let said = ''
    socket.on('data', (chunk: Buffer) => (said += chunk.toString()))
    socket.write(`${head(body.length)}\r\n${body}${head(good.length)}connection: close\r\n\r\n${good}`)
    await once(socket, 'end')
    socket.destroy()
    expect(said.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 400', 'HTTP/1.1 200'])
    expect(world.files.rows.size).toBe(1)
    expect(world.contents.contents.size).toBe(1)
  })

  test('without a key is refused before it is read', async () => {
    const { url, world } = await listen()
    expect((await post(url, FILE + END, { authorization: 'Bearer other' })).status).toBe(401)
    expectNothing(world)
  })

  test('whose offer to the store has no answer keeps its bytes: the file may be there', async () => {
    const { url, world } = await listen(({ files }) => ({
      files: {
        ...files,
        async create(file) {
          await files.create(file)
          throw Object.assign(new Error('the connection broke'), { code: 'ECONNRESET' })
        },
      },
    }))
    expect((await post(url, FILE + END, { 'idempotency-key': 'k' })).status).toBe(504)
    expect(world.files.rows.size).toBe(1)
    expect([...world.contents.contents.values()].map(String)).toEqual(['abc'])
  })

  test('whose bytes cannot be kept leaves nothing', async () => {
    const { url, world } = await listen(({ contents }) => ({
      contents: { ...contents, write: () => Promise.reject(new Error('store: a file could not be written: ENOSPC')) },
    }))
    expect((await post(url, FILE + END)).status).toBe(500)
    expectNothing(world)
  })
})

describe('the bytes of a file', () => {
  test('are read to their end although it is deleted meanwhile', async () => {
    const bytes = randomBytes(1000)
    const { url, world } = await listen()
    const { text } = await post(
      url,
      Buffer.concat([Buffer.from(part('name="file"', '').slice(0, -2)), bytes, Buffer.from(`\r\n${END}`)]),
    )
    const { id } = JSON.parse(text)
    expect([...world.contents.contents.values()]).toEqual([bytes])
    const { status, text: refusal } = await call(url, { path: `/v1/files/${id}/content`, headers: AUTHORIZED })
    expect({ status, code: JSON.parse(refusal).error.details.error_code }).toEqual({
      status: 400,
      code: 'file_not_downloadable',
    })
    const deleted = await call(url, { method: 'DELETE', path: `/v1/files/${id}`, headers: AUTHORIZED })
    expect(JSON.parse(deleted.text)).toEqual({ id, type: 'file_deleted' })
    expect(world.contents.contents.size).toBe(0)
  })
})
