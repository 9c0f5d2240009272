import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import type { Server } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createDial } from '../../src/egress/dial.ts'
import type { Gate } from '../../src/egress/gate.ts'
import { openGate } from '../../src/egress/gate.ts'
import type { Policy } from '../../src/egress/policy.ts'
import { toPolicy } from '../../src/egress/policy.ts'
import type { Sandbox, SandboxProvider } from '../../src/hands/sandbox.ts'
import type { CloudConfig } from '../../src/wire/types.ts'
import { openSandbox } from '../hands/local-sandboxes.ts'
import { providerOf } from '../hands/provider-of.ts'
import { sandboxKinds } from '../support/docker.ts'
import { newInstallation } from '../support/installation.ts'
import { silentLog } from '../support/silent-log.ts'

/** Stands for the one address of the internet; every other one is of the inside. */
const PUBLIC = '127.0.0.2'
const INSIDE = '127.0.0.1'

const limited: CloudConfig['networking'] = {
  type: 'limited',
  allowed_hosts: ['api.test', '*.wild.test', 'XN--BCHER-KVA.test', 'turning.test', 'both.test'],
  allow_package_managers: true,
  allow_mcp_servers: true,
}
const policies = {
  unrestricted: { type: 'unrestricted' },
  limited: toPolicy(limited, [{ url: 'https://mcp.test:443/sse' }]),
} satisfies Record<string, Policy>
type Mode = keyof typeof policies

/** What an agent may rely on; what the environment names and a request spells differently is the same host. */
const reachable = [
  ['http://api.test/', 'limited'],
  ['http://api.test:80/', 'limited'],
  ['http://API.TEST/', 'limited'],
  ['http://api.test./', 'limited'],
  ['http://api.test/path?query=1&more=%20', 'limited'],
  ['http://a.wild.test/', 'limited'],
  ['http://a.b.wild.test/', 'limited'],
  ['http://xn--bcher-kva.test/', 'limited'],
  ['http://mcp.test/', 'limited'],
  ...[
    'pypi.org',
    'files.pythonhosted.org',
    'registry.npmjs.org',
    'deb.debian.org',
    'proxy.golang.org',
    'index.crates.io',
  ].map((host) => [`http://${host}/`, 'limited'] as const),
  ['http://anything.test/', 'unrestricted'],
  ['http://wild.test/', 'unrestricted'],
  [`http://${PUBLIC}/`, 'unrestricted'],
] as const satisfies readonly (readonly [string, Mode])[]

/** What leads from an open host to one that is not, and what a redirect must not do. */
const redirects = [
  ['http://10.0.0.1/', 'limited', 'does not allow 10.0.0.1'],
  ['http://10.0.0.1/', 'unrestricted', '10.0.0.1 has no public address'],
  ['http://169.254.169.254/latest/meta-data/', 'unrestricted', '169.254.169.254 has no public address'],
  ['http://localhost/', 'unrestricted', 'Failed to connect to localhost'],
  ['http://api.test:22/', 'limited', 'allows ports 80 and 443 alone'],
  ['http://other.test/', 'limited', 'does not allow other.test'],
  [`http://api.test/to?http://10.0.0.1/`, 'unrestricted', '10.0.0.1 has no public address'],
  ['file:///etc/hostname', 'unrestricted', 'Protocol "file" not supported'],
] as const satisfies readonly (readonly [string, Mode, string])[]

/** Answers a port that was free on both addresses; a program of the machine's may have it on one of them. */
async function listenOnOnePort([first, at]: readonly [Server, string], [second, also]: readonly [Server, string]) {
  for (;;) {
    await once(first.listen(0, at), 'listening')
    const { port } = first.address() as AddressInfo
    try {
      await once(second.listen(port, also), 'listening')
      return port
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')) throw error
      await new Promise((resolve) => first.close(resolve))
    }
  }
}

const kinds = await sandboxKinds()

describe.each(kinds)('from a %s sandbox', (kind) => {
  const sandboxes = new Map<Mode, Sandbox>()
  const addresses: Record<string, string[][]> = {}
  let root = ''
  let gate: Gate
  let provider: SandboxProvider
  let web: Server
  let inside: Server
  let insideHeard = 0
  let serial = 0

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'longhand-reach-'))
    web = createServer(({ url = '', headers: { host = '' } }, answer) => {
      const [path, to] = url.split('?')
      // Without it a second request would go where the first one went, to what was looked at then.
      answer.setHeader('connection', 'close')
      if (path === '/to' && to !== undefined) answer.writeHead(302, { location: url.slice('/to?'.length) })
      answer.end(`reached ${host.toLowerCase()}`)
    })
    inside = createServer((_incoming, answer) => {
      insideHeard += 1
      answer.end('inside')
    })
    const port = await listenOnOnePort([web, PUBLIC], [inside, INSIDE])
    const dial = createDial({
      resolve: async (host) => addresses[host]?.shift() ?? (host === 'localhost' ? [INSIDE] : [PUBLIC]),
      isOpen: (address) => address === PUBLIC,
    })
    gate = await openGate({ folder: join(root, 'egress'), dial: ({ host }) => dial({ host, port }), log: silentLog })
    const doors = {
      open(name: string, session: string) {
        const policy = session.endsWith('unrestricted') ? policies.unrestricted : policies.limited
        return gate.open(name, { policy, credentials: [] })
      },
      close: (name: string) => gate.close(name),
    }
    const installation = newInstallation('reach')
    provider = providerOf(kind, { folder: join(root, 'sandboxes'), installation, doors })
    for (const mode of ['unrestricted', 'limited'] as const) {
      sandboxes.set(mode, (await openSandbox(provider, `sesn_${process.pid}x${mode}`)).sandbox)
    }
  })
  afterAll(async () => {
    for (const row of await provider.list()) await provider.destroy(row)
    await gate[Symbol.asyncDispose]()
    web.close()
    inside.close()
    await rm(root, { recursive: true, force: true })
  })

  async function curl(mode: Mode, words: string): Promise<string> {
    const request = { id: `c${++serial}`, command: `curl -sS ${words} 2>&1`, timeoutMs: 30_000, capBytes: 20_000 }
    const result = await sandboxes.get(mode)?.run(request)
    return Buffer.from(result?.output ?? '').toString()
  }

  test.each(reachable)('%s is reached where the network is %s', async (url, mode) => {
    expect(await curl(mode, `'${url}'`)).toBe(`reached ${new URL(url).host.replace(/\.$/, '')}`)
  })

  test.each(['http://wild.test/', 'http://notwild.test/', 'http://api.test.evil.test/', 'http://sub.api.test/'])(
    '%s is not what a limited network names',
    async (url) => {
      expect(await curl('limited', `'${url}'`)).toContain(`does not allow ${new URL(url).hostname}`)
    },
  )

  test.each(redirects)('a redirect to %s is judged anew where the network is %s', async (to, mode, told) => {
    expect(await curl(mode, `-L 'http://api.test/to?${to}'`)).toContain(told)
    expect(insideHeard).toBe(0)
  })

  test('a name is judged by what it leads to each time', async () => {
    addresses['turning.test'] = [[PUBLIC], [INSIDE], [PUBLIC]]
    const asked = 'http://turning.test/'
    expect(await curl('limited', asked)).toBe('reached turning.test')
    expect(await curl('limited', asked)).toContain('turning.test has no public address')
    expect(await curl('limited', asked)).toBe('reached turning.test')
    expect(insideHeard).toBe(0)
  })

  test('a name with an address of the inside among others leads to the others alone', async () => {
    addresses['both.test'] = [[INSIDE, PUBLIC]]
    expect(await curl('limited', 'http://both.test/')).toBe('reached both.test')
    expect(insideHeard).toBe(0)
  })
})
