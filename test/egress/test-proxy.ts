import { mkdtemp, rm } from 'node:fs/promises'
import type { IncomingHttpHeaders, RequestListener, Server } from 'node:http'
import { createServer, request } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as connectSecurely } from 'node:tls'
import { afterAll, beforeAll } from 'vitest'
import type { Authority } from '../../src/egress/authority.ts'
import { createAuthority } from '../../src/egress/authority.ts'
import { createDial } from '../../src/egress/dial.ts'
import type { Dial } from '../../src/egress/dial.ts'
import type { Permit, ProxyOptions } from '../../src/egress/proxy-options.ts'
import { createProxy } from '../../src/egress/proxy.ts'

/** The authority that proves the names of the tests' own servers. */
export const worldAuthority = createAuthority()

/** A server on loopback that stands for a host of the internet. */
export interface World {
  readonly server: Server
  readonly port: number
}

export async function serve(listener: RequestListener, secureName?: string): Promise<World> {
  const server =
    secureName === undefined ? createServer(listener) : createSecureServer(worldAuthority.issue(secureName), listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  // A server that listens on TCP has such an address.
  return { server, port: (server.address() as AddressInfo).port }
}

/** Dials loopback instead of the hosts named here; any other name is unknown. */
export function dialTo(world: Readonly<Record<string, number>>): Dial {
  return ({ host, port }) => {
    const there = world[`${host}:${port}`]
    const dial = createDial({ resolve: async () => (there === undefined ? [] : ['127.0.0.1']), isOpen: () => true })
    return dial({ host, port: there ?? port })
  }
}

export interface TestProxy {
  readonly authority: Authority
  /** By `host:port`, the port on loopback. */
  readonly world: Record<string, number>
  readonly path: string
  readonly refused: readonly string[]
  /** From the next request on. */
  allow(permit: Permit): void
}

/** A proxy on a socket of its own, for a file's tests. */
export function useProxy(
  patienceMs = 15_000,
  more: Partial<Pick<ProxyOptions, 'dial' | 'silenceMs' | 'keptMs'>> = {},
): TestProxy {
  const world: Record<string, number> = {}
  const authority = createAuthority()
  const refused: string[] = []
  let folder = ''
  let permit: Permit = { policy: { type: 'unrestricted' }, credentials: [] }
  const server = createProxy({
    permit: () => permit,
    authority: () => authority,
    dial: (target) => dialTo(world)(target),
    trusted: worldAuthority.certificate,
    patienceMs,
    ...more,
    onRefusal: (target) => refused.push(target),
  })
  // Tunnels are none of the server's own connections any more.
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => sockets.add(socket))
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'longhand-egress-'))
    await new Promise<void>((resolve) => server.listen(join(folder, 'proxy.sock'), resolve))
  })
  afterAll(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
    await rm(folder, { recursive: true, force: true })
  })
  return {
    world,
    authority,
    refused,
    get path() {
      return join(folder, 'proxy.sock')
    },
    allow: (next) => (permit = next),
  }
}

export interface Answer {
  readonly status: number
  readonly phrase: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

export interface Asked {
  readonly method?: string
  readonly headers?: Record<string, string>
  readonly body?: string | Buffer
  /** Within this connection instead of on a new one to the proxy. */
  readonly socket?: Socket
}

/** One request to a proxy, by the URL as a client would write it. */
export function ask(
  path: string,
  url: string,
  { method = 'GET', headers = {}, body, socket }: Asked = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const place =
      socket === undefined ? { socketPath: path, agent: false as const } : { createConnection: () => socket }
    const outgoing = request({ ...place, method, path: url, headers }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      response.on('error', reject)
      response.on('end', () => {
        const { statusCode = 0, statusMessage = '' } = response
        resolve({ status: statusCode, phrase: statusMessage, headers: response.headers, body: text })
      })
    })
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

export type Tunnel = { readonly socket: Socket } | { readonly refusal: Answer }

/** What CONNECT comes to: a connection, or a refusal. */
export function openTunnel(path: string, authority: string): Promise<Tunnel> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path, allowHalfOpen: true })
    socket.on('error', reject)
    socket.write(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n\r\n`)
    let text = ''
    const read = (chunk: Buffer) => {
      text += chunk.toString('latin1')
      const [head = '', ...rest] = text.split('\r\n\r\n')
      if (rest.length === 0) return
      const [, status = '0', phrase = ''] = /^HTTP\/1\.1 (\d+) (.*)/.exec(head) ?? []
      const body = rest.join('\r\n\r\n')
      socket.off('data', read)
      if (status === '200') resolve({ socket })
      else resolve({ refusal: { status: Number(status), phrase, headers: {}, body } })
    }
    socket.on('data', read)
  })
}

/** TLS through CONNECT, as a client that trusts `ca` alone. */
export async function openSecureTunnel(path: string, host: string, ca: string): Promise<Socket> {
  const tunnel = await openTunnel(path, `${host}:443`)
  if (!('socket' in tunnel)) throw new Error(`refused: ${tunnel.refusal.body}`)
  return new Promise((resolve, reject) => {
    const secure = connectSecurely({ socket: tunnel.socket, servername: host, ca }, () => resolve(secure))
    secure.on('error', reject)
  })
}
