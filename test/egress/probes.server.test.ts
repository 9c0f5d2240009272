import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { createDial } from '../../src/egress/dial.ts'
import type { Gate } from '../../src/egress/gate.ts'
import { openGate } from '../../src/egress/gate.ts'
import type { Policy } from '../../src/egress/policy.ts'
import type { SandboxProvider } from '../../src/hands/sandbox.ts'
import { providerOf } from '../hands/provider-of.ts'
import { sandboxKinds } from '../support/docker.ts'
import { newInstallation } from '../support/installation.ts'
import { silentLog } from '../support/silent-log.ts'
import { temporalAddress } from '../support/temporal.ts'
import type { World } from './test-proxy.ts'
import { dialTo, serve } from './test-proxy.ts'

/** What names of the outside lead to; a name that is not here has no address. */
const names: Readonly<Record<string, readonly string[]>> = {
  'private.test': ['10.0.0.1'],
  'loopback.test': ['127.0.0.1', '::1'],
  'metadata.test': ['169.254.169.254'],
  'mapped.test': ['::ffff:169.254.169.254'],
  'nat64.test': ['64:ff9b::a9fe:a9fe'],
}
const own = Object.values(networkInterfaces())
  .flatMap((found) => found ?? [])
  .map(({ address }) => address)
const v4 = own.filter((address) => !address.includes(':'))

/** Every spelling of what is not outside, and what is outside but closed. */
const hosts = [
  ...v4,
  ...own.filter((address) => address.includes(':')).map((address) => `[${address}]`),
  ...Object.keys(names),
  'localhost',
  'localhost.',
  'LOCALHOST',
  'host.docker.internal',
  'metadata.google.internal',
  'unknown.test',
  '0.0.0.0',
  '0',
  '127.1',
  '127.0.1',
  '2130706433',
  '0x7f000001',
  '0x7f.0.0.1',
  '017700000001',
  '0177.0.0.1',
  '10.0.0.1',
  '172.17.0.1',
  '192.168.0.1',
  '100.64.0.1',
  '169.254.169.254',
  '169.254.170.2',
  '168.63.129.16',
  '100.100.100.200',
  '192.0.0.192',
  '0xa9fea9fe',
  '2852039166',
  '0251.0376.0251.0376',
  '224.0.0.1',
  '255.255.255.255',
  '[::]',
  '[::1]',
  '[::ffff:127.0.0.1]',
  '[::ffff:7f00:1]',
  '[::127.0.0.1]',
  '[64:ff9b::7f00:1]',
  '[fd00:ec2::254]',
  '[fe80::1]',
  '[2002:7f00:1::]',
  '[2001:0:7f00:1::]',
  '[ff02::1]',
]

const policies: Readonly<Record<string, Policy>> = {
  unrestricted: { type: 'unrestricted' },
  // Being named opens no address.
  limited: { type: 'limited', hosts: ['control.test', ...hosts, ...hosts.map((host) => host.replace(/^\[|\]$/g, ''))] },
  closed: { type: 'limited', hosts: [] },
}
/** Unix sockets of this machine that have a name and no file: the network's namespace decides who has them. */
const abstract = readFileSync('/proc/net/unix', 'utf8')
  .split('\n')
  .flatMap((line) => /@[\w./-]+$/.exec(line) ?? [])
  .slice(0, 20)
const kinds = await sandboxKinds()
const program = readFileSync(new URL('probes.py', import.meta.url))

describe.each(kinds)('a %s sandbox', (kind) => {
  let root = ''
  let gate: Gate
  let provider: SandboxProvider
  let control: World
  let canary: ReturnType<typeof createServer>
  let reached = 0
  let mode = ''

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'longhand-probes-'))
    control = await serve((_incoming, answer) => answer.end('control'))
    // Stands for whatever else listens on this machine, on all of its addresses.
    canary = createServer((socket) => {
      reached++
      socket.destroy()
    })
    await new Promise<void>((resolve) => canary.listen(0, resolve))
    const outside = createDial({ resolve: async (host) => names[host] ?? [] })
    const dial = dialTo({ 'control.test:80': control.port, 'control.test:443': control.port })
    gate = await openGate({
      folder: join(root, 'egress'),
      dial: (target) => (target.host === 'control.test' ? dial : outside)(target),
      log: silentLog,
    })
    const doors = {
      open: (name: string) =>
        gate.open(name, { policy: policies[mode] ?? { type: 'limited', hosts: [] }, credentials: [] }),
      close: (name: string) => gate.close(name),
    }
    const installation = newInstallation('probe')
    provider = providerOf(kind, { folder: join(root, 'sandboxes'), installation, doors })
  })
  afterAll(async () => {
    for (const row of await provider.list()) await provider.destroy(row)
    await gate[Symbol.asyncDispose]()
    control.server.close()
    canary.close()
    await rm(root, { recursive: true, force: true })
  })

  test.each(Object.keys(policies))('has no way out but the one that is allowed: %s', async (name) => {
    mode = name
    const row = await provider.provision({ sessionId: `sesn_${process.pid}x${name}`, generation: 1 })
    const sandbox = await provider.attach(row)
    const ports = [
      (canary.address() as AddressInfo).port,
      Number(temporalAddress().split(':')[1]),
      Number(new URL(inject('postgresUrl')).port),
      2375,
      5432,
      8787,
      22,
      80,
    ]
    const wanted = {
      connect: [
        ...hosts.flatMap((host) => [`${host}:443`, `${host}:80`]),
        ...v4.flatMap((address) => ports.map((port) => `${address}:${port}`)),
        'control.test:22',
        'control.test:7233',
        'control.test:65536',
        'control.test@127.0.0.1:443',
        'control.test#@10.0.0.1:80',
        // An address that nobody names is refused whatever it is; without a list it is the internet.
        ...(name === 'unrestricted' ? [] : ['93.184.215.14:443', '1.1.1.1:80', '[2606:4700::1111]:443']),
      ],
      get: [
        ...hosts.map((host) => `http://${host}/`),
        'https://control.test/',
        'file:///etc/passwd',
        'http://control.test:8787/',
        '/doors/x',
        'http://127.0.0.1:3128/',
      ],
      tcp: [
        ...v4.filter((address) => !address.startsWith('127.')),
        '127.0.0.1',
        '1.1.1.1',
        '169.254.169.254',
        '172.17.0.1',
      ].flatMap((address) => ports.map((port) => [address, port])),
      udp: [
        ...v4.filter((address) => !address.startsWith('127.')),
        '1.1.1.1',
        '8.8.8.8',
        '169.254.169.254',
        '2606:4700::1111',
        '224.0.0.251',
        'ff02::fb',
      ].flatMap((address) => [53, 5353].map((port) => [address, port])),
      unix: [
        '/var/run/docker.sock',
        '/run/docker.sock',
        '/run/containerd/containerd.sock',
        '/run/dbus/system_bus_socket',
        '@longhand',
        `${root}/egress/control.sock`,
        '/run/egress/control.sock',
        '/run/egress/../control.sock',
        ...abstract,
      ],
      names: ['example.com', 'control.test', 'metadata.google.internal'],
      others: ['ping', 'io_uring', 'interface'],
      families: [
        ['AF_VSOCK', 40, 1, 0],
        ['AF_PACKET', 17, 3, 0],
        ['AF_ALG', 38, 5, 0],
        ['AF_BLUETOOTH', 31, 3, 0],
        ['raw', 2, 3, 255],
        ['ICMP', 2, 3, 1],
        ['ICMPv6', 10, 3, 58],
      ],
    }
    const { output } = (await sandbox?.run({
      id: 'probes',
      command: `/usr/bin/python3 - '${JSON.stringify(wanted)}'`,
      stdin: program,
      timeoutMs: 60_000,
      capBytes: 400_000,
    })) ?? { output: Buffer.from('{}') }
    const found = Object.entries(JSON.parse(Buffer.from(output).toString()) as Record<string, unknown>)
    expect(found.length).toBeGreaterThan(200)
    const refused = [
      400,
      403,
      'no name',
      'ECONNREFUSED',
      'ENETUNREACH',
      'EHOSTUNREACH',
      'ENOENT',
      'EPERM',
      'EACCES',
      'EAFNOSUPPORT',
      'EADDRNOTAVAIL',
    ]
    expect(found.filter(([, outcome]) => !refused.includes(outcome as string))).toEqual([])
    expect(reached).toBe(0)

    const asked = await sandbox?.run({
      id: 'control',
      command: 'curl -sS http://control.test/',
      timeoutMs: 10_000,
      capBytes: 4_096,
    })
    const allowed = name === 'closed' ? 'does not allow control.test' : 'control'
    expect(Buffer.from(asked?.output ?? '').toString()).toContain(allowed)
  })
})

describe('the probes', () => {
  test('would notice a way out', async () => {
    const sockets = await mkdtemp(join(tmpdir(), 'longhand-probes-'))
    const canary = createServer((socket) => socket.destroy())
    const unix = createServer((socket) => socket.destroy())
    try {
      await Promise.all([
        new Promise<void>((resolve) => canary.listen(0, '127.0.0.1', resolve)),
        new Promise<void>((resolve) => unix.listen(join(sockets, 'a.sock'), resolve)),
      ])
      const { port } = canary.address() as AddressInfo
      const wanted = {
        tcp: [['127.0.0.1', port]],
        udp: [['127.0.0.1', port]],
        unix: [join(sockets, 'a.sock')],
        names: ['localhost'],
        families: [['raw', 2, 3, 255]],
      }
      const script = new URL('probes.py', import.meta.url).pathname
      const { stdout } = await promisify(execFile)('/usr/bin/python3', [script, JSON.stringify(wanted)])
      const raw = process.getuid?.() === 0 ? 'opened' : 'EPERM'
      expect(JSON.parse(stdout)).toEqual({
        [`tcp 127.0.0.1 ${port}`]: 'connected',
        [`udp 127.0.0.1 ${port}`]: 'sent',
        [`unix ${join(sockets, 'a.sock')}`]: 'connected',
        'name localhost': expect.stringContaining('127.0.0.1'),
        'family raw': raw,
      })
    } finally {
      canary.close()
      unix.close()
      await rm(sockets, { recursive: true })
    }
  })
})
