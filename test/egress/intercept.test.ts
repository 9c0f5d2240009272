import { once } from 'node:events'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Credential } from '../../src/egress/credential.ts'
import { mostBody } from '../../src/egress/credential.ts'
import type { World } from './test-proxy.ts'
import { ask, openSecureTunnel, openTunnel, serve, useProxy, worldAuthority } from './test-proxy.ts'

const proxy = useProxy()
const credential: Credential = {
  placeholder: 'LONGHAND_SECRET_0001',
  value: 'the-secret',
  policy: { type: 'limited', hosts: ['api.test', 'strange.test'] },
  headers: true,
  body: true,
}
const { placeholder, value } = credential
const urls: string[] = []
let world: World

/** Repeats what it was sent, as JSON; `/upgrade` answers as a server of WebSockets would, and then repeats every byte. */
beforeAll(async () => {
  world = await serve((incoming, answer) => {
    urls.push(incoming.url ?? '')
    const chunks: Buffer[] = []
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
    incoming.on('end', () => {
      const body = Buffer.concat(chunks)
      answer.end(
        JSON.stringify({ headers: incoming.rawHeaders, bytes: body.length, body: body.toString().slice(0, 200) }),
      )
    })
  }, 'api.test')
  world.server.on('upgrade', (incoming, socket) => {
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nX-Key: ${String(incoming.headers['x-key'])}\r\n\r\n`,
    )
    socket.pipe(socket)
  })
  Object.assign(proxy.world, {
    'api.test:443': world.port,
    'other.test:443': world.port,
    'strange.test:443': world.port,
  })
})
afterAll(() => {
  world.server.closeAllConnections()
  world.server.close()
})
beforeEach(() => proxy.allow({ policy: { type: 'unrestricted' }, credentials: [credential] }))

async function askInside(url: string, asked: Parameters<typeof ask>[2] = {}, host = 'api.test') {
  const socket = await openSecureTunnel(proxy.path, host, proxy.authority.certificate)
  return ask('', url, { ...asked, headers: { Host: host, ...asked.headers }, socket })
}

async function heard(asked: Parameters<typeof ask>[2]) {
  const { body } = await askInside('/', { method: 'POST', ...asked })
  return JSON.parse(body) as { headers: string[]; bytes: number; body: string }
}

describe('a host that a credential is for', () => {
  test('is spoken to by the proxy: the sandbox’s own authority vouches for it', async () => {
    expect((await askInside('/')).status).toBe(200)
    await expect(openSecureTunnel(proxy.path, 'api.test', worldAuthority.certificate)).rejects.toThrow('certificate')
  })

  test('gets the secret in headers, JSON and forms, and the length that fits', async () => {
    const header = await heard({ headers: { Authorization: `Bearer ${placeholder}` } })
    expect(header.headers).toContain(`Bearer ${value}`)
    const json = JSON.stringify({ key: placeholder })
    const body = await heard({ headers: { 'Content-Type': 'application/json' }, body: json })
    expect(JSON.parse(body.body)).toEqual({ key: value })
    expect(body.headers).toContain(String(json.length - placeholder.length + value.length))
  })

  test('gets bodies that are too long, or no text, as they are', async () => {
    const long = Buffer.alloc(mostBody + 1, 'x')
    long.write(placeholder)
    const whole = await heard({ headers: { 'Content-Type': 'text/plain' }, body: long })
    expect([whole.bytes, whole.body.startsWith(placeholder)]).toEqual([mostBody + 1, true])
    const chunked = { 'Content-Type': 'text/plain', 'Transfer-Encoding': 'chunked' }
    const cut = await heard({ headers: chunked, body: long })
    expect([cut.bytes, cut.body.startsWith(placeholder)]).toEqual([mostBody + 1, true])
    const binary = await heard({ headers: { 'Content-Type': 'application/octet-stream' }, body: placeholder })
    expect(binary.body).toBe(placeholder)
  })

  test('hears nothing of a request that breaks off before its secrets are in place', async () => {
    const socket = await openSecureTunnel(proxy.path, 'api.test', proxy.authority.certificate)
    const head = 'POST /cut HTTP/1.1\r\nHost: api.test\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n'
    socket.write(`${head}{"key":"${placeholder.slice(0, -4)}`)
    // It was taken up by then: a second connection is served behind it.
    await askInside('/behind')
    socket.destroy()
    await askInside('/last')
    expect(urls.slice(-2)).toEqual(['/behind', '/last'])
    expect(urls).not.toContain('/cut')
  })

  test('gets a request of its own alone', async () => {
    const answer = await askInside('/', { headers: { Host: 'other.test' } })
    expect([answer.status, answer.body]).toEqual([
      421,
      'This connection was opened to api.test: requests to other.test need one of their own.\n',
    ])
  })

  test('is not spoken to when it cannot prove its name', async () => {
    const answer = await askInside('/', {}, 'strange.test')
    expect([answer.status, answer.body]).toEqual([
      502,
      expect.stringContaining('No trusted connection to strange.test'),
    ])
  })

  test('can go over to another protocol', async () => {
    const socket = await openSecureTunnel(proxy.path, 'api.test', proxy.authority.certificate)
    socket.write(
      `GET /upgrade HTTP/1.1\r\nHost: api.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nX-Key: ${placeholder}\r\n\r\n`,
    )
    let seen = ''
    while (!seen.includes('\r\n\r\n')) seen += String((await once(socket, 'data'))[0])
    expect(seen).toMatch(/^HTTP\/1\.1 101 [\s\S]*X-Key: the-secret/)
    socket.write('frame')
    seen = ''
    while (!seen.includes('frame')) seen += String((await once(socket, 'data'))[0])
    socket.destroy()
  })

  test('serves requests one after the other on one connection', async () => {
    const socket = await openSecureTunnel(proxy.path, 'api.test', proxy.authority.certificate)
    const request = `GET / HTTP/1.1\r\nHost: api.test\r\nX-Key: ${placeholder}\r\n\r\n`
    for (let round = 0; round < 3; round++) {
      socket.write(request)
      let seen = ''
      while (!seen.includes(value)) seen += String((await once(socket, 'data'))[0])
      expect(seen).toMatch(/^HTTP\/1\.1 200/)
    }
    socket.destroy()
  })
})

describe('every other host', () => {
  test('is passed on to uninterpreted, with the placeholder as it is', async () => {
    const socket = await openSecureTunnel(proxy.path, 'api.test', proxy.authority.certificate)
    socket.destroy()
    const tunnel = await openTunnel(proxy.path, 'other.test:443')
    expect(tunnel).toHaveProperty('socket')
    if ('socket' in tunnel) tunnel.socket.destroy()
  })

  test('a policy closes to credentials too', async () => {
    proxy.allow({ policy: { type: 'limited', hosts: [] }, credentials: [credential] })
    expect(await openTunnel(proxy.path, 'api.test:443')).toMatchObject({ refusal: { status: 403 } })
  })

  test('never hears a secret in the open: plain HTTP keeps the placeholder', async () => {
    const plain = await serve((incoming, answer) => answer.end(String(incoming.headers['x-key'])))
    proxy.world['api.test:80'] = plain.port
    const answer = await ask(proxy.path, 'http://api.test/', { headers: { 'X-Key': placeholder } })
    expect(answer.body).toBe(placeholder)
    plain.server.close()
  })
})
