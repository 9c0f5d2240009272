import { once } from 'node:events'
import type { AddressInfo, Socket } from 'node:net'
import { connect, createServer as createTcpServer } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { World } from './test-proxy.ts'
import { ask, openSecureTunnel, openTunnel, serve, useProxy, worldAuthority } from './test-proxy.ts'

/** Longer than any test takes: connections end because somebody ends them. */
const proxy = useProxy(15_000, { keptMs: 3_600_000 })
let plain: World
let secure: World

beforeAll(async () => {
  plain = await serve((incoming, answer) => {
    if (incoming.url === '/slow') return void answer.write('data: one\n\n')
    if (incoming.url === '/large') return void answer.end(Buffer.alloc(20_000_000, 'x'))
    answer.setHeader('X-Seen', JSON.stringify(incoming.rawHeaders))
    incoming.pipe(answer)
  })
  secure = await serve((_incoming, answer) => answer.end('secure'), 'api.test')
  Object.assign(proxy.world, { 'web.test:80': plain.port, 'api.test:443': secure.port, 'dead.test:80': 1 })
})
afterAll(() => {
  for (const { server } of [plain, secure]) {
    server.closeAllConnections()
    server.close()
  }
})
beforeEach(() => {
  proxy.allow({ policy: { type: 'unrestricted' }, credentials: [] })
})

async function tunnelTo(authority: string) {
  const tunnel = await openTunnel(proxy.path, authority)
  if (!('socket' in tunnel)) throw new Error(`refused: ${tunnel.refusal.body}`)
  return tunnel.socket
}

describe('proxy, plain HTTP', () => {
  test('passes a request with a body on and its answer back', async () => {
    const answer = await ask(proxy.path, 'http://web.test/echo?a=1', { method: 'POST', body: 'hello' })
    expect([answer.status, answer.body]).toEqual([200, 'hello'])
  })

  test('names the target as the host and leaves out what is for the next hop alone', async () => {
    const headers = {
      Host: 'other.test',
      'Proxy-Connection': 'keep-alive',
      Connection: 'X-Hop',
      'X-Hop': '1',
      'X-Kept': '2',
    }
    const { headers: seen } = await ask(proxy.path, 'http://web.test/', { headers })
    const raw = JSON.parse(String(seen['x-seen'])) as string[]
    expect(raw.join(' ')).toContain('Host web.test')
    expect(raw).toContain('X-Kept')
    expect(raw.filter((name) => /^(?:proxy-connection|x-hop)$/i.test(name))).toEqual([])
  })

  test('shows the first bytes of an answer before the last', async () => {
    const socket = connect(proxy.path)
    socket.write('GET http://web.test/slow HTTP/1.1\r\nHost: web.test\r\n\r\n')
    let seen = ''
    while (!seen.includes('data: one')) seen += String((await once(socket, 'data'))[0])
    socket.destroy()
    expect(seen).toContain('200 OK')
  })

  test('passes 20 MB', async () => {
    expect((await ask(proxy.path, 'http://web.test/large')).body).toHaveLength(20_000_000)
  })

  test.each([
    ['/relative', 400, 'expected CONNECT host:port or http://host/path'],
    ['ftp://web.test/', 400, 'expected CONNECT'],
    ['http://unknown.test/', 403, 'unknown.test has no public address'],
    ['http://dead.test/', 502, 'dead.test:1 does not answer (ECONNREFUSED)'],
    ['http://web.test:8233/', 403, 'allows ports 80 and 443 alone, not 8233'],
  ])('answers %s with %i and a sentence', async (url, status, sentence) => {
    const answer = await ask(proxy.path, url)
    expect(answer.status).toBe(status)
    expect(answer.body).toContain(sentence)
    expect(proxy.refused.filter((target) => target === url)).toHaveLength(1)
  })

  test.each(['/relative-upgrade', 'http://unknown.test/upgrade'])(
    'tells the operator of %s over another protocol',
    async (url) => {
      const socket = connect(proxy.path)
      socket.write(`GET ${url} HTTP/1.1\r\nHost: unknown.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`)
      expect(await text(socket)).toMatch(/^HTTP\/1\.1 40[03] /)
      expect(proxy.refused.filter((target) => target === url)).toHaveLength(1)
    },
  )

  test('uses no connection again that the server has ended', async () => {
    const server = createTcpServer((socket) => {
      socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    proxy.world['ending.test:80'] = (server.address() as AddressInfo).port
    const arrival = once(server, 'connection')
    expect((await ask(proxy.path, 'http://ending.test/')).body).toBe('ok')
    const [first] = (await arrival) as [Socket]
    first.end()
    await once(first, 'close')
    const other = once(server, 'connection')
    expect((await ask(proxy.path, 'http://ending.test/')).body).toBe('ok')
    expect((await other)[0]).not.toBe(first)
    server.close()
  })

  test('obeys a policy that changed since the last request', async () => {
    expect((await ask(proxy.path, 'http://web.test/')).status).toBe(200)
    proxy.allow({ policy: { type: 'limited', hosts: ['api.test'] }, credentials: [] })
    const answer = await ask(proxy.path, 'http://web.test/')
    expect([answer.status, answer.body]).toEqual([
      403,
      'The network of this environment does not allow web.test. It allows api.test.\n',
    ])
  })
})

describe('proxy, CONNECT', () => {
  test('passes TLS uninterpreted: the client sees the target’s own certificate', async () => {
    const socket = await openSecureTunnel(proxy.path, 'api.test', worldAuthority.certificate)
    expect((await ask('', '/', { socket })).body).toBe('secure')
  })

  test('says in the first line and in the body why it refuses', async () => {
    proxy.allow({ policy: { type: 'limited', hosts: [] }, credentials: [] })
    const tunnel = await openTunnel(proxy.path, 'api.test:443')
    const sentence = 'The network of this environment does not allow api.test. It allows no host at all.'
    expect(tunnel).toMatchObject({ refusal: { status: 403, phrase: `Forbidden: ${sentence}`, body: `${sentence}\n` } })
    expect(proxy.refused).toContain('api.test:443')
  })

  test.each([
    ['api.test', 400],
    ['api.test:22', 403],
    ['api.test:99999', 400],
    ['user@api.test:443', 400],
    ['unknown.test:443', 403],
  ])('refuses %s with %i', async (authority, status) => {
    expect(await openTunnel(proxy.path, authority)).toMatchObject({ refusal: { status } })
  })

  test('passes the end of one direction on and leaves the other open', async () => {
    const server = createTcpServer({ allowHalfOpen: true }, (socket) => {
      let heard = 0
      socket.on('data', (chunk: Buffer) => (heard += chunk.length))
      socket.on('end', () => socket.end(`heard ${heard}`))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    proxy.world['half.test:443'] = (server.address() as AddressInfo).port
    const socket = await tunnelTo('half.test:443')
    socket.end(Buffer.alloc(3_000_000))
    expect(await text(socket)).toBe('heard 3000000')
    server.close()
  })

  test.each(['inside', 'outside'] as const)('takes the other side along when the %s breaks', async (broken) => {
    const server = createTcpServer({ allowHalfOpen: true })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    proxy.world['break.test:443'] = (server.address() as AddressInfo).port
    const arrival = once(server, 'connection')
    const inside = await tunnelTo('break.test:443')
    const [outside] = (await arrival) as [typeof inside]
    const [first, second] = broken === 'inside' ? [inside, outside] : [outside, inside]
    second.on('error', () => {}).resume()
    const closed = once(second, 'close')
    if (broken === 'inside') first.destroy()
    else first.resetAndDestroy()
    second.once('end', () => second.end())
    await closed
    expect(second.destroyed).toBe(true)
    server.close()
  })

  test('serves a hundred at once', async () => {
    const answers = Array.from({ length: 100 }, async () => {
      const socket = await openSecureTunnel(proxy.path, 'api.test', worldAuthority.certificate)
      return (await ask('', '/', { socket })).body
    })
    expect(new Set(await Promise.all(answers))).toEqual(new Set(['secure']))
  })

  test('goes on serving others while clients do not come to the point', async () => {
    const slow = Array.from({ length: 50 }, () => connect(proxy.path))
    for (const socket of slow) {
      socket.on('error', () => {})
      socket.write('CONNECT api.test:443 HTTP/1.1\r\n')
    }
    await pause(0)
    expect((await ask(proxy.path, 'http://web.test/')).status).toBe(200)
    for (const socket of slow) socket.destroy()
  })
})
