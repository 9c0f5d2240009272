import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import type { RequestListener, Server } from 'node:http'
import { createServer } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createAuthority } from '../../src/egress/authority.ts'
import { createDial } from '../../src/egress/dial.ts'
import type { Gate } from '../../src/egress/gate.ts'
import { openGate } from '../../src/egress/gate.ts'
import type { Doors } from '../../src/hands/network.ts'
import type { Sandbox } from '../../src/hands/sandbox.ts'

/** What is asked of bench/egress/requests.py. */
export interface Asked {
  readonly host: string
  readonly secure: boolean
  readonly path: string
  readonly count: number
  readonly bytes: number
}

/** A server on loopback that stands for hosts of the internet, and a gate whose proxies find it there. */
export interface Ways extends AsyncDisposable {
  readonly doors: Doors
  /** Milliseconds of each request, made from inside. */
  through(sandbox: Sandbox, id: string, asked: Asked): Promise<readonly number[]>
  /** The same by the same program on the host, without a proxy. */
  direct(asked: Asked): Promise<readonly number[]>
}

export const largeBytes = 64 * 1024 * 1024
/** Hosts with and without a credential. */
export const hosts = { trusted: 'api.bench', other: 'other.bench' }

const program = readFileSync(new URL('requests.py', import.meta.url))
const placeholder = 'LONGHAND_BENCH_0001'

export async function openWays(): Promise<Ways> {
  const world = createAuthority()
  const large = Buffer.alloc(1024 * 1024, 'x')
  const listener: RequestListener = (incoming, answer) => {
    incoming.resume()
    incoming.once('end', () => {
      if (incoming.url !== '/large') return answer.end('ok')
      let left = largeBytes / large.length
      const write = (): void => {
        while (left-- > 0) if (!answer.write(large)) return void answer.once('drain', write)
        answer.end()
      }
      write()
    })
  }
  const plain = await listen(createServer(listener))
  const secure = await listen(createSecureServer(world.issue(hosts.trusted), listener))
  const folder = await mkdtemp(join(tmpdir(), 'longhand-bench-egress-'))
  const dial = createDial({ resolve: async () => ['127.0.0.1'], isOpen: () => true })
  const gate: Gate = await openGate({
    folder,
    dial: ({ host, port }) => dial({ host, port: port === 443 ? secure.port : plain.port }),
    trusted: world.certificate,
    log: { info: () => {}, warn: () => {} },
  })
  const credential = {
    placeholder,
    value: 'secret',
    policy: { type: 'limited', hosts: [hosts.trusted] },
    headers: true,
    body: true,
  } as const
  const toArgument = (asked: Asked, place: object) => JSON.stringify({ ...asked, key: placeholder, ...place })
  return {
    doors: {
      open: (name) => gate.open(name, { policy: { type: 'unrestricted' }, credentials: [credential] }),
      close: (name) => gate.close(name),
    },
    async through(sandbox, id, asked) {
      const argument = toArgument(asked, { proxy: ['127.0.0.1', 3128], port: asked.secure ? 443 : 80 })
      const command = `/usr/bin/python3 - '${argument}'`
      const { output } = await sandbox.run({ id, command, stdin: program, timeoutMs: 120_000, capBytes: 100_000 })
      return parse(Buffer.from(output).toString())
    },
    async direct(asked) {
      const port = asked.secure ? secure.port : plain.port
      const argument = toArgument(asked, { proxy: null, host: '127.0.0.1', port })
      const { stdout } = await promisify(execFile)('/usr/bin/python3', ['-c', program.toString(), argument])
      return parse(stdout)
    },
    async [Symbol.asyncDispose]() {
      await gate[Symbol.asyncDispose]()
      for (const { server } of [plain, secure]) server.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function listen(server: Server): Promise<{ readonly server: Server; readonly port: number }> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  // A server that listens on TCP has such an address.
  return { server, port: (server.address() as AddressInfo).port }
}

function parse(text: string): readonly number[] {
  if (!text.startsWith('[')) throw new Error(`expected the times of requests, got ${text.slice(0, 500)}`)
  // Printed by requests.py.
  return JSON.parse(text) as number[]
}
