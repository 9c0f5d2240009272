import { METHODS } from 'node:http'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Answer } from '../sdk/raw-http.ts'
import { call, exchange, openSocket } from '../sdk/raw-http.ts'
import { AUTHORIZED, createFakeApp } from './fakes.ts'

const KEY = `authorization: ${AUTHORIZED.authorization}\r\n`
const HEAD = `host: localhost\r\nconnection: close\r\n${KEY}`

/** The application on a port of its own; `limits` are the server's, in milliseconds. */
async function listen(limits: { requestTimeout?: number; headersTimeout?: number } = {}) {
  const { app, world } = createFakeApp()
  const before = { requestTimeout: app.server.requestTimeout, headersTimeout: app.server.headersTimeout }
  Object.assign(app.server, limits, { connectionsCheckingInterval: 20 })
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  onTestFinished(() => app.close())
  return { app, world, url, before }
}

function expectError({ status, headers, text }: Answer, expected: { status: number; message: RegExp }): void {
  const { type, error, request_id: id } = JSON.parse(text)
  expect({ status, type }).toEqual({ status: expected.status, type: 'error' })
  expect(error.message).toMatch(expected.message)
  expect(headers['request-id']).toBe(id)
  expect(id).toMatch(/^req_01/)
}

describe('a connection', () => {
  const unusual = 'content-length: 2\r\n\r\n{}'
  test.each([
    { name: 'without a host', bytes: `GET /v1/agents HTTP/1.1\r\n${KEY}connection: close\r\n\r\n`, message: /^host: / },
    { name: 'in HTTP/2.0', bytes: `GET /v1/agents HTTP/2.0\r\n${HEAD}\r\n`, message: /HTTP\/2\.0/ },
    { name: 'with two keys', bytes: `GET /v1/agents HTTP/1.1\r\n${HEAD}${KEY}\r\n`, message: /^authorization: / },
    {
      name: 'with two hosts',
      bytes: `GET /v1/agents HTTP/1.1\r\n${HEAD}host: other\r\n\r\n`,
      message: /^host: expected once/,
    },
    { name: 'with CONNECT', bytes: `CONNECT x:443 HTTP/1.1\r\n${HEAD}\r\n`, message: /HTTP/ },
    {
      name: 'that expects tea',
      bytes: `POST /v1/agents HTTP/1.1\r\n${HEAD}expect: tea\r\n${unusual}`,
      message: /^expect: /,
    },
    {
      name: 'with 20 KB of headers',
      bytes: `GET /v1/agents HTTP/1.1\r\n${HEAD}x: ${'x'.repeat(20_000)}\r\n\r\n`,
      message: /^headers: /,
    },
  ])('$name is refused in the words of the API', async ({ bytes, message }) => {
    const { url, world } = await listen()
    expectError(await exchange(url, bytes), { status: 400, message })
    expect(world.logged).toEqual([])
  })

  test('in HTTP/1.0 needs no host', async () => {
    const { url } = await listen()
    const { status, text } = await exchange(url, `GET /v1/models HTTP/1.0\r\n${KEY}\r\n`)
    expect({ status, ...JSON.parse(text) }).toMatchObject({ status: 200, data: [] })
  })

  test.each([
    { name: 'silence', bytes: '' },
    { name: 'half a request line', bytes: 'GET /v1/ag' },
    { name: 'headers without an end', bytes: `POST /v1/agents HTTP/1.1\r\n${HEAD}` },
    { name: 'half a body', bytes: `POST /v1/agents HTTP/1.1\r\n${HEAD}content-length: 9\r\n\r\n{` },
    {
      name: 'chunks without an end',
      bytes: `POST /v1/agents HTTP/1.1\r\n${HEAD}transfer-encoding: chunked\r\n\r\n1\r\n{\r\n`,
    },
  ])('of which only $name arrives is ended', async ({ bytes }) => {
    const { app, url, world, before } = await listen({ requestTimeout: 200, headersTimeout: 100 })
    expect(before).toEqual({ requestTimeout: 120_000, headersTimeout: 30_000 })
    expectError(await exchange(url, bytes), { status: 400, message: /too long to arrive/ })
    await connectionsGone(app.server)
    expect(world.logged).toEqual([])
  })

  test('that was refused is closed although the client keeps its half open', async () => {
    const { app, url } = await listen()
    const socket = await openSocket(url, 'GARBAGE\r\n\r\n')
    onTestFinished(() => void socket.destroy())
    await connectionsGone(app.server)
    expect(socket.readableLength).toBeGreaterThan(0)
  })

  test('that breaks off inside a body is nobody’s failure', async () => {
    const { app, url, world } = await listen()
    const socket = await openSocket(url, `POST /v1/agents HTTP/1.1\r\n${HEAD}content-length: 9\r\n\r\n{`)
    await connections(app.server, 1)
    socket.destroy()
    await connectionsGone(app.server)
    expect(world.logged).toEqual([])
  })
})

describe('a method', () => {
  test.each(METHODS.filter((method) => !['CONNECT', 'GET', 'HEAD', 'POST'].includes(method)))(
    '%s that no route has is not found',
    async (method) => {
      const { url, world } = await listen()
      const answer = await call(url, { method, path: '/v1/agents', headers: AUTHORIZED })
      expectError(answer, { status: 404, message: /route/ })
      expect(world.logged).toEqual([])
    },
  )
})

type Server = Awaited<ReturnType<typeof listen>>['app']['server']

const connectionsGone = (server: Server): Promise<void> => connections(server, 0)

async function connections(server: Server, expected: number): Promise<void> {
  await expect
    .poll(() => new Promise((resolve) => server.getConnections((_, count) => resolve(count))), { timeout: 5000 })
    .toBe(expected)
}
