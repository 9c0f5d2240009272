import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import Docker from 'dockerode'
import { afterAll, describe, expect, test } from 'vitest'
import { defaultLimits } from '../../../src/hands/docker/container-spec.ts'
import { createEngine } from '../../../src/hands/docker/dockerode.ts'
import { createImages } from '../../../src/hands/docker/images.ts'
import type { Recipe } from '../../../src/hands/recipe.ts'
import { RecipeFailed } from '../../../src/hands/recipe.ts'
import type { CloudConfig } from '../../../src/wire/types.ts'
import { worldAuthority } from '../../egress/test-proxy.ts'
import { NO_PACKAGES } from '../../support/packages.ts'
import { silentLog } from '../../support/silent-log.ts'
import { textOf } from '../provider/support.ts'
import { hasPackageBase, PACKAGE_BASE } from './package-base.ts'
import { usePackageSandboxes } from './package-sandboxes.ts'

const program = fileURLToPath(new URL('image-program.ts', import.meta.url))
const limited = { type: 'limited' as const, allowed_hosts: [], allow_mcp_servers: false, allow_package_managers: true }
const every = {
  ...NO_PACKAGES,
  pip: ['longhand-hello==1.0'],
  npm: ['longhand-hello@^1'],
  go: ['example.com/a', 'example.com/b@v1.2'],
  gem: ['hello:1.0', 'other'],
  cargo: ['hello@1'],
  apt: ['longhand-hello=1.*'],
}

describe.runIf(await hasPackageBase())('packages of an environment', () => {
  const docker = new Docker()
  const sandboxes = usePackageSandboxes()
  const { installation, provider, images, permit, builders } = sandboxes
  const children: ChildProcess[] = []
  let serial = 0
  afterAll(() => children.forEach((child) => child.kill('SIGKILL')))

  async function open(packages: CloudConfig['packages'], more: Partial<Recipe> = {}) {
    const recipe: Recipe = { packages, files: [], repositories: [], supplies: 0, networking: limited, ...more }
    const row = await provider.provision({ sessionId: `sesn_${process.pid}x${++serial}`, generation: 1 }, recipe)
    const sandbox = await provider.attach(row)
    if (sandbox === null) throw new Error('expected a new sandbox to live')
    return { row, sandbox }
  }

  test(
    'are there in the first call, and were asked of their managers in alphabetical order',
    { timeout: 180_000 },
    async () => {
      const { sandbox, row } = await open(every)
      expect(await textOf(sandbox, 'hello-apt; hello-npm; hello-pip; python3 -c "import longhand_hello"')).toBe(
        'hello from apt\nhello from npm\nhello from pip\n',
      )
      expect(await textOf(sandbox, 'cat /usr/local/share/installed')).toBe(
        `cargo install --quiet --root /usr/local -- hello@1
gem install --no-document hello:1.0 other
go install -- example.com/a@latest
go install -- example.com/b@v1.2
`,
      )
      const hosts = sandboxes.registries.asked.map((url) => url.split('/')[0])
      expect([...new Set(hosts)]).toEqual([
        'deb.debian.org',
        'registry.npmjs.org',
        'pypi.org',
        'files.pythonhosted.org',
      ])
      expect(row.image).toMatch(/^sha256:/)
    },
  )

  test('stand beside a Node.js whose requests go through the door', async () => {
    const { sandbox } = await open(every)
    const ask = `fetch('http://not-allowed.test').then(({ status }) => status, (error) => error).then(console.log)`
    const said = await textOf(sandbox, `node --version; node -e "${ask}"`)
    expect(said).toMatch(/^v22\.[^]*\b403\b/)
  })

  test('are installed once for all sessions', async () => {
    const { row: first } = await open(every)
    const before = sandboxes.registries.asked.length
    const started = Date.now()
    const { row } = await open(every)
    console.log(`a sandbox with packages that are there: ${Date.now() - started} ms`)
    expect(sandboxes.registries.asked).toHaveLength(before)
    expect(row.image).toBe(first.image)
    expect(await builders('running')).toEqual([])
  })

  test('leave nothing in the image of how they came there', async () => {
    const { row, sandbox } = await open(every)
    const { Config } = await docker.getImage(row.image ?? '').inspect()
    const base = await docker.getImage(PACKAGE_BASE).inspect()
    expect([Config.User, Config.WorkingDir, Config.Cmd, Config.Env]).toEqual(
      [base.Config].flatMap(({ User, WorkingDir, Cmd, Env }) => [User, WorkingDir, Cmd ?? ['sh'], Env]),
    )
    const search =
      'ls -d /longhand-build /var/lib/apt/lists/* 2>/dev/null; find / -xdev -perm /6000 -type f 2>/dev/null'
    expect(await textOf(sandbox, search)).toBe('')
    const authority = worldAuthority.certificate.split('\n')[3] ?? ''
    expect(await textOf(sandbox, `grep -rlF '${authority}' /etc /usr/local /usr/share 2>/dev/null`)).toBe('')
  })

  test.each<[string, Partial<CloudConfig['packages']>, string[]]>([
    [
      'a name that nobody has',
      { pip: ['longhand-helo'] },
      ['pip: exit code', 'No matching distribution found for longhand-helo'],
    ],
    ['a name of npm that nobody has', { npm: ['longhand-helo'] }, ['npm: exit code', '404', 'longhand-helo']],
    [
      'a Debian package that is not there',
      { apt: ['longhand-helo'] },
      ['apt: exit code', 'Unable to locate package longhand-helo'],
    ],
    ['a shell’s words', { pip: ['"; touch /tmp/x; echo "$(id)'] }, ['pip: exit code', 'touch /tmp/x']],
    ['a path', { pip: ['../../x'] }, ['pip: exit code', '../../x']],
    ['one manager that works and one that does not', { apt: ['longhand-hello'], npm: ['nope'] }, ['npm: exit code']],
    [
      'the metadata of the cloud',
      { pip: ['http://169.254.169.254/x-1-py3-none-any.whl'] },
      ['pip: exit code', '403', '169.254.169.254'],
    ],
    ['a host that is none of the registries', { npm: ['https://elsewhere.test/x.tgz'] }, ['npm: exit code', '403']],
  ])('are refused in the words of their manager, with %s', { timeout: 180_000 }, async (_, packages, words) => {
    const failure = await open({ ...NO_PACKAGES, ...packages }).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(RecipeFailed)
    for (const word of words) expect(String(failure)).toContain(word)
  })

  test('say which manager an image does not have', async () => {
    const engine = createEngine()
    const small = createImages({
      engine,
      base: 'longhand-sandbox:1',
      installation,
      limits: defaultLimits,
      doors: undefined,
      log: silentLog,
    })
    await expect(small.ensure({ packages: { ...NO_PACKAGES, npm: ['zx'] } })).rejects.toThrow(
      /npm: exit code 127:\nthis image has no npm/,
    )
  })

  test('are not reached from a builder by any other way', async () => {
    sandboxes.registries.pace = () => new Promise(() => {})
    const making = images.ensure({ packages: { ...NO_PACKAGES, npm: ['longhand-hello', 'slow'] }, networking: limited })
    making.catch(() => {})
    await expect.poll(async () => (await builders('running')).length).toBe(1)
    const [id = ''] = await builders('running')
    const look = "cat /proc/net/route | tail -n +2; ls /sys/class/net; grep -E 'Seccomp:|NoNewPrivs:' /proc/self/status"
    const { stdout } = await createEngine().exec(id.slice(1), { argv: ['sh', '-c', look], user: '0:0', folder: '/' })
    expect(
      Buffer.from(stdout)
        .toString()
        .split('\n')
        .filter((line) => !/^(?:tunl|sit|gre|erspan|ip_vti|ip6)/.test(line)),
    ).toEqual(['lo', 'NoNewPrivs:\t1', 'Seccomp:\t2', ''])
    sandboxes.registries.pace = async () => {}
    await images.end()
    await making.catch(() => {})
  })

  test('are installed once where whoever began it is killed', async () => {
    let go = () => {}
    const held = new Promise<void>((resolve) => (go = resolve))
    sandboxes.registries.pace = () => held
    const packages = { ...NO_PACKAGES, pip: ['longhand-hello>=1'] }
    const before = sandboxes.registries.asked.length
    const door = await sandboxes.gate.open('killed', permit(limited))
    const child = spawn(process.execPath, ['--import', 'tsx', program, installation, door, JSON.stringify(packages)], {
      stdio: 'inherit',
    })
    children.push(child)
    await expect.poll(() => sandboxes.registries.asked.length).toBeGreaterThan(before)
    child.kill('SIGKILL')
    const making = images.ensure({ packages })
    go()
    sandboxes.registries.pace = async () => {}
    await making
    expect(sandboxes.registries.asked.slice(before).filter((url) => url.endsWith('.whl'))).toHaveLength(1)
    await sandboxes.gate.close('killed')
    expect(await builders('running')).toEqual([])
  })

  test('need no network where all is there, and a runtime that the daemon has', async () => {
    await expect(open(NO_PACKAGES, { runtime: 'longhand-none' })).rejects.toThrow(
      /one that this host has \(.*runc.*\), got longhand-none/,
    )
    const { row } = await open(NO_PACKAGES, { runtime: 'runc' })
    expect((await docker.getContainer(row.reference).inspect()).HostConfig.Runtime).toBe('runc')
  })
})
