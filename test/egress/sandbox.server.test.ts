import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Credential } from '../../src/egress/credential.ts'
import type { Gate } from '../../src/egress/gate.ts'
import { openGate } from '../../src/egress/gate.ts'
import type { Permit } from '../../src/egress/proxy-options.ts'
import type { Doors } from '../../src/hands/network.ts'
import type { Sandbox, SandboxProvider } from '../../src/hands/sandbox.ts'
import { openSandbox } from '../hands/local-sandboxes.ts'
import { providerOf } from '../hands/provider-of.ts'
import { findInFiles, searchInside, spellingsOf } from '../support/canary-scan.ts'
import { sandboxKinds } from '../support/docker.ts'
import { newInstallation } from '../support/installation.ts'
import { silentLog } from '../support/silent-log.ts'
import type { World } from './test-proxy.ts'
import { dialTo, serve, worldAuthority } from './test-proxy.ts'

const canary = `canary-${Math.random().toString(36).slice(2)}-"quoted"`
const credential: Credential = {
  placeholder: 'LONGHAND_PLACEHOLDER_0001',
  value: canary,
  policy: { type: 'limited', hosts: ['api.test'] },
  headers: true,
  body: true,
}
const permits = {
  open: { policy: { type: 'unrestricted' }, credentials: [] },
  limited: { policy: { type: 'limited', hosts: ['api.test'] }, credentials: [] },
  trusted: { policy: { type: 'unrestricted' }, credentials: [credential] },
} satisfies Record<string, Permit>
const kinds = await sandboxKinds()

describe.each(kinds)('the network of a %s sandbox', (kind) => {
  const heard: string[] = []
  const sandboxes: Record<string, Sandbox> = {}
  const worlds: World[] = []
  let root = ''
  let gate: Gate
  let provider: SandboxProvider
  let serial = 0
  const world: Record<string, number> = {}
  const startGate = () =>
    openGate({ folder: join(root, 'egress'), dial: dialTo(world), trusted: worldAuthority.certificate, log: silentLog })

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'longhand-way-'))
    worlds.push(
      await serve((incoming, answer) => {
        let body = ''
        incoming.setEncoding('utf8').on('data', (chunk: string) => (body += chunk))
        incoming.on('end', () => {
          heard.push(JSON.stringify([incoming.headers, body]))
          answer.end(`api heard ${incoming.url}`)
        })
      }, 'api.test'),
      await serve((_incoming, answer) => answer.end('web')),
    )
    Object.assign(world, { 'api.test:443': worlds[0]?.port, 'web.test:80': worlds[1]?.port })
    gate = await startGate()
    const doors: Doors = {
      open(name, session) {
        const permit = Object.entries(permits).find(([of]) => session.endsWith(of))?.[1]
        return gate.open(name, permit ?? permits.limited)
      },
      close: (name) => gate.close(name),
    }
    const installation = newInstallation('way')
    provider = providerOf(kind, { folder: join(root, 'sandboxes'), installation, doors })
    for (const name of Object.keys(permits)) {
      sandboxes[name] = (await openSandbox(provider, `sesn_${process.pid}x${name}`)).sandbox
    }
  })
  afterAll(async () => {
    for (const row of await provider.list()) await provider.destroy(row)
    await gate[Symbol.asyncDispose]()
    for (const { server } of worlds) server.close()
    await rm(root, { recursive: true, force: true })
  })

  async function run(name: keyof typeof permits, command: string): Promise<string> {
    const sandbox = sandboxes[name]
    if (sandbox === undefined) throw new Error(`expected a sandbox ${name}`)
    const { output } = await sandbox.run({ id: `c${++serial}`, command, timeoutMs: 30_000, capBytes: 100_000 })
    return Buffer.from(output).toString()
  }

  test('reaches what the policy allows', async () => {
    expect(await run('open', 'curl -sS http://web.test/')).toBe('web')
    expect(await run('limited', 'curl -sSk https://api.test/x')).toBe('api heard /x')
  })

  test('says why it refuses', async () => {
    const refused = await run('limited', 'curl -sS http://web.test/; curl -sSv https://web.test/ 2>&1 | grep 403')
    expect(refused).toContain('The network of this environment does not allow web.test. It allows api.test.')
    expect(refused).toContain('403 Forbidden: The network of this environment does not allow web.test')
  })

  test('comes back after everything in the sandbox was killed', async () => {
    await run('open', 'kill -9 -1')
    expect(await run('open', 'sleep 2; curl -sS --retry 20 --retry-connrefused --retry-delay 1 http://web.test/')).toBe(
      'web',
    )
  })

  test('knows no secret, which reaches its host nevertheless', async () => {
    const { placeholder } = credential
    const said = await run(
      'trusted',
      `curl -sS https://api.test/h -H 'X-Key: ${placeholder}' -u 'user:${placeholder}'
       curl -sS https://api.test/b -H 'Content-Type: application/json' -d '{"key":"${placeholder}"}'
       python3 -c 'import urllib.request as u; print(u.urlopen("https://api.test/p").read().decode())'`,
    )
    expect(said).toContain('api heard /h')
    expect(said).toContain('api heard /b')
    expect(said).toContain('api heard /p')
    const [header = '', body = ''] = heard.slice(-3)
    expect(JSON.parse(header)[0]).toMatchObject({
      'x-key': canary,
      authorization: `Basic ${Buffer.from(`user:${canary}`).toString('base64')}`,
    })
    expect(JSON.parse(JSON.parse(body)[1] as string)).toEqual({ key: canary })
    const secrets = spellingsOf(canary).filter((spelling) => !spelling.includes('\0'))
    expect(await run('trusted', searchInside(secrets))).toBe('')
    expect(await run('trusted', `echo planted-control > /tmp/planted; ${searchInside(['planted-control'])}`)).toContain(
      '/tmp/planted',
    )
    expect(await findInFiles(root, spellingsOf(canary))).toEqual([])
    expect(await findInFiles(root, spellingsOf(`sesn_${process.pid}xtrusted`))).not.toEqual([])
  })

  test('goes on with the policies of before when the gate is another one', async () => {
    await gate[Symbol.asyncDispose]()
    expect(await run('limited', 'curl -sS http://web.test/')).toContain('does not answer just now')
    gate = await startGate()
    expect(await run('limited', 'curl -sSk https://api.test/again')).toBe('api heard /again')
    expect(await run('limited', 'curl -sS http://web.test/')).toContain('does not allow web.test')
  })

  test('ends with its sandbox', async () => {
    const rows = await provider.list()
    expect(gate.names()).toHaveLength(rows.length)
    for (const row of rows) await provider.destroy(row)
    expect(gate.names()).toEqual([])
    expect((await readdir(join(root, 'egress'))).filter((name) => /^[0-9a-f]{16}/.test(name))).toEqual([])
  })
})
