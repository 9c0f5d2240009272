import { createHash } from 'node:crypto'
import type { RequestListener } from 'node:http'
import { request } from 'node:http'
import { connect, createServer as createTcpServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createDial } from '../../src/egress/dial.ts'
import type { RepositoryRoute } from '../../src/egress/repository-route.ts'
import type { World } from './test-proxy.ts'
import { ask, openTunnel, serve, useProxy } from './test-proxy.ts'

const silenceMs = 300
const proxy = useProxy(15_000, { silenceMs })
/** One that dials as in earnest. */
const strict = useProxy(15_000, { dial: createDial() })
const authorization = `Basic ${Buffer.from('x-access-token:the-token').toString('base64')}`
const route: RepositoryRoute = {
  url: 'https://github.com/o/r',
  upstream: 'https://git.test/o/r',
  authorization,
  isTrusted: false,
}
const refs = '/git/github.com/o/r/info/refs?service=git-upload-pack'
const push = '/git/github.com/o/r/git-receive-pack'

const heard: string[][] = []
let behave: RequestListener = (_incoming, answer) => answer.end('refs')
let world: World

beforeAll(async () => {
  world = await serve((incoming, answer) => {
    heard.push([`${incoming.method} ${incoming.url}`, ...incoming.rawHeaders])
    behave(incoming, answer)
  }, 'git.test')
  proxy.world['git.test:443'] = world.port
})
afterAll(() => {
  world.server.closeAllConnections()
  world.server.close()
})
beforeEach(() => {
  heard.length = 0
  behave = (_incoming, answer) => answer.end('refs')
  permit(route)
})

/** A sandbox that may reach nothing but its repositories. */
function permit(...repositories: readonly RepositoryRoute[]): void {
  proxy.allow({ policy: { type: 'limited', hosts: [] }, credentials: [], repositories })
}

describe('the route of git', () => {
  test('asks in the name of the token, whatever the policy lets through', async () => {
    expect(await ask(proxy.path, refs)).toMatchObject({ status: 200, body: 'refs' })
    const [[line, ...headers] = []] = heard
    expect(line).toBe('GET /o/r.git/info/refs?service=git-upload-pack')
    expect(headers.slice(0, 2)).toEqual(['Host', 'git.test'])
    expect(headers.filter((name) => /^authorization$/i.test(name))).toHaveLength(1)
    expect(headers).toContain(authorization)
  })

  test('passes what git says of itself on, and nothing that says who it is', async () => {
    behave = (incoming, answer) => {
      answer.setHeader('Set-Cookie', 'a=b').setHeader('WWW-Authenticate', 'Basic').setHeader('Content-Type', 'x/y')
      void text(incoming).then((body) => answer.end(`got ${body}`))
    }
    const theirs = {
      Authorization: 'Basic theirs',
      Cookie: 'theirs',
      'X-Access-Token': 'theirs',
      'Private-Token': 'theirs',
      'Proxy-Authorization': 'theirs',
      Connection: 'Git-Protocol',
    }
    const own = {
      'Git-Protocol': 'version=2',
      'Content-Encoding': 'gzip',
      'Content-Type': 'a/b',
      'User-Agent': 'git/2',
    }
    const answer = await ask(proxy.path, push, { method: 'POST', headers: { ...theirs, ...own }, body: 'pack' })
    expect(answer).toMatchObject({ status: 200, body: 'got pack' })
    expect(answer.headers['content-type']).toBe('x/y')
    expect(answer.headers).not.toHaveProperty('set-cookie')
    expect(answer.headers).not.toHaveProperty('www-authenticate')
    const said = heard.flat()
    expect(said.filter((part) => /theirs/.test(part))).toEqual([])
    for (const part of Object.values(own)) expect(said).toContain(part)
  })

  test('asks in nobody’s name where no token is needed', async () => {
    permit({ ...route, authorization: null })
    expect((await ask(proxy.path, refs)).status).toBe(200)
    expect(heard.flat().filter((name) => /^authorization$/i.test(name))).toEqual([])
  })

  test('takes a token that has changed from the next request on', async () => {
    await ask(proxy.path, refs)
    permit({ ...route, authorization: 'Basic new' })
    await ask(proxy.path, refs)
    expect(heard.map((parts) => parts.find((part) => part.startsWith('Basic ')))).toEqual([authorization, 'Basic new'])
  })

  test('goes to addresses inside for the operator’s own repositories alone', async () => {
    const inside = await serve((_incoming, answer) => answer.end('inside'))
    const upstream = `http://127.0.0.1:${inside.port}/base/o/r`
    const permitIt = (isTrusted: boolean) =>
      strict.allow({
        policy: { type: 'unrestricted' },
        credentials: [],
        repositories: [{ ...route, upstream, isTrusted }],
      })
    permitIt(true)
    expect(await ask(strict.path, refs)).toMatchObject({ status: 200, body: 'inside' })
    permitIt(false)
    const refused = await ask(strict.path, refs)
    expect(refused.status).toBe(502)
    expect(refused.body).toMatch(/^repository_clone_error: 127\.0\.0\.1 has no public address/)
    inside.server.close()
  })

  test('sends git for another repository of the host to its real address, without a token', async () => {
    const answer = await ask(proxy.path, refs.replace('/r/', '/r-other/'))
    expect(answer.status).toBe(307)
    expect(answer.headers.location).toBe('https://github.com/o/r-other/info/refs?service=git-upload-pack')
    expect(heard).toEqual([])
  })

  test.each([
    ['GET', `${refs}&x`, 403],
    ['GET', '/git/github.com/o/r/../x/info/refs?service=git-upload-pack', 403],
    ['POST', push.replace('/r/', '/other/'), 403],
    ['GET', `http://127.0.0.1:3128${refs}`, 403],
    ['GET', `http://git.test${refs}`, 403],
    ['GET', `/GIT${refs.slice(4)}`, 400],
    ['GET', `//git${refs.slice(4)}`, 400],
  ])('refuses %s %s: nobody hears of it', async (method, url, status) => {
    const answer = await ask(proxy.path, url, { method })
    expect([answer.status, heard]).toEqual([status, []])
    expect(answer.headers['content-type']).toMatch(/^text\/plain/)
  })

  test('is not to be had by CONNECT', async () => {
    expect(await openTunnel(proxy.path, '127.0.0.1:3128')).toMatchObject({ refusal: { status: 403 } })
  })

  test.each([
    ['two lengths', 'Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd'],
    ['a length and chunks', 'Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /x HTTP/1.1\r\n\r\n'],
    ['chunks of another kind', 'Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n'],
    ['a header with a line break', 'X: a\rAuthorization: b\r\n\r\n'],
    ['a folded header', 'X: a\r\n Authorization: b\r\nContent-Length : 1\r\n\r\n'],
  ])('hears no request with %s', async (_, rest) => {
    const socket = connect(proxy.path)
    socket.end(`POST ${push} HTTP/1.1\r\nHost: x\r\n${rest}`)
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 400/)
    expect(heard).toEqual([])
  })
})

describe('a server of repositories', () => {
  const name = 'o/r'
  test.each([
    [401, authorization, 403, 'repository_authentication_error: github.com refused the token of o/r (401).'],
    [401, null, 403, 'repository_authentication_error: github.com wants a token for o/r (401), and there is none.'],
    [403, authorization, 403, 'repository_forbidden_error: github.com does not let the token of o/r do this (403).'],
    [403, null, 403, 'repository_forbidden_error: github.com lets nobody do this without a token for o/r (403).'],
    [
      404,
      authorization,
      404,
      'repository_not_found_error: github.com has no o/r, or does not show it to its token (404).',
    ],
    [
      404,
      null,
      404,
      'repository_not_found_error: github.com has no o/r, or does not show it to who has no token (404).',
    ],
    [429, authorization, 502, 'repository_clone_error: github.com answered 429 for o/r.'],
    [500, authorization, 502, 'repository_clone_error: github.com answered 500 for o/r.'],
  ])('that answers %i to a token of %j is told as %i', async (status, token, told, sentence) => {
    permit({ ...route, authorization: token })
    behave = (incoming, answer) => {
      incoming.resume()
      answer.writeHead(status, { 'WWW-Authenticate': 'Basic' }).end(`you sent ${incoming.headers.authorization}`)
    }
    for (const [method, url] of [
      ['GET', refs],
      ['POST', push],
    ] as const) {
      const answer = await ask(proxy.path, url, { method })
      expect([answer.status, answer.body.startsWith(sentence)]).toEqual([told, true])
      expect(answer.body).toContain(name)
      expect(answer.headers).not.toHaveProperty('www-authenticate')
    }
  })

  test('that points elsewhere is not followed with a token', async () => {
    behave = (_incoming, answer) => {
      const location = 'https://user:secret@new.test/a/b.git/info/refs?service=git-upload-pack&key=secret'
      answer.writeHead(301, { Location: location }).end()
    }
    const answer = await ask(proxy.path, refs)
    expect([answer.status, answer.body]).toEqual([
      502,
      'repository_clone_error: github.com answered 301 for o/r. It points to new.test/a/b, where no token goes.\n',
    ])
    expect(heard).toHaveLength(1)
  })

  test('that says nothing is given up', async () => {
    behave = () => {}
    expect(await ask(proxy.path, refs)).toMatchObject({
      status: 504,
      body: 'repository_clone_error: github.com said nothing for 0.3 s.\n',
    })
  })

  test('that breaks off in the middle is seen to break off', async () => {
    behave = (_incoming, answer) => {
      answer.writeHead(200, { 'Content-Length': '100' }).write('half', () => answer.destroy())
    }
    await expect(ask(proxy.path, refs)).rejects.toThrow('aborted')
  })

  test('that falls silent in the middle is cut off', async () => {
    behave = (_incoming, answer) => void answer.write('half')
    await expect(ask(proxy.path, refs)).rejects.toThrow('aborted')
  })

  test('that is not there is told', async () => {
    permit({ ...route, upstream: 'https://away.test/o/r' })
    expect((await ask(proxy.path, refs)).body).toBe(
      'repository_clone_error: away.test has no public address, and others cannot be reached from this sandbox.\n',
    )
    const { port, server } = await closedPort()
    permit({ ...route, upstream: `http://127.0.0.1:${port}/o/r`, isTrusted: true })
    server.close()
    expect((await ask(proxy.path, refs)).body).toMatch(/^repository_clone_error: .* does not answer \(ECONNREFUSED\)/)
  })

  test('that cannot prove its name hears nothing', async () => {
    proxy.world['strange.test:443'] = world.port
    permit({ ...route, upstream: 'https://strange.test/o/r' })
    expect((await ask(proxy.path, refs)).body).toMatch(/^repository_clone_error: No trusted connection to strange/)
    expect(heard).toEqual([])
  })

  test('is not asked while the token is not at hand', async () => {
    const { authorization: _, ...unknown } = route
    permit(unknown)
    expect(await ask(proxy.path, refs)).toMatchObject({
      status: 503,
      body: 'repository_clone_error: the way to o/r is being opened again: try again in a few seconds.\n',
    })
    expect(heard).toEqual([])
  })

  test('gets a large push as it comes, and never whole in memory', { timeout: 60_000 }, async () => {
    const received = createHash('sha256')
    let most = 0
    behave = (incoming, answer) => {
      incoming.on('data', (chunk: Buffer) => {
        received.update(chunk)
        most = Math.max(most, process.memoryUsage().arrayBuffers)
      })
      incoming.on('end', () => answer.end('pushed'))
    }
    const sent = createHash('sha256')
    const chunk = Buffer.alloc(1024 * 1024, 'pack')
    const before = process.memoryUsage().arrayBuffers
    const answered = new Promise<string>((resolve, reject) => {
      const outgoing = request({ socketPath: proxy.path, method: 'POST', path: push }, (response) => {
        void text(response).then(resolve, reject)
      })
      outgoing.on('error', reject)
      void (async () => {
        for (let i = 0; i < 100; i++) {
          sent.update(chunk)
          if (!outgoing.write(chunk)) await new Promise((drained) => outgoing.once('drain', drained))
        }
        outgoing.end()
      })()
    })
    expect(await answered).toBe('pushed')
    expect(received.digest('hex')).toBe(sent.digest('hex'))
    expect(most - before).toBeLessThan(50 * 1024 * 1024)
  })
})

async function closedPort() {
  const server = createTcpServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  // A server that listens on TCP has such an address.
  return { server, port: (server.address() as AddressInfo).port }
}
