import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import Docker from 'dockerode'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readConfig } from '../src/config.ts'
import { connectDoors } from '../src/doors.ts'
import { StartError } from '../src/dev/start-error.ts'
import { DEFAULT_IMAGE } from '../src/hands/docker/image.ts'
import { devOptions, examineSandbox } from '../src/programs.ts'
import { assembleProviders, chooseSandbox, createSandboxProvider, openSandboxes } from '../src/sandboxes.ts'
import { hasDocker } from './support/docker.ts'

let data = ''
beforeAll(async () => {
  data = await mkdtemp(join(tmpdir(), 'longhand-sandboxes-'))
})
afterAll(() => rm(data, { recursive: true }))

const settings = (sandbox: 'auto' | 'docker' | 'local', sandboxImage = DEFAULT_IMAGE) => ({
  data,
  sandbox,
  sandboxImage,
  host: undefined,
})

/** Nobody answers while this lives. */
function withoutDaemon(): Disposable {
  const before = process.env['DOCKER_HOST']
  process.env['DOCKER_HOST'] = 'unix:///nonexistent/docker.sock'
  return {
    [Symbol.dispose]() {
      if (before === undefined) delete process.env['DOCKER_HOST']
      else process.env['DOCKER_HOST'] = before
    },
  }
}

describe('the sandboxes of a configuration', () => {
  test('are local under auto where no daemon answers, and Docker is then nowhere to be seen', async () => {
    using _ = withoutDaemon()
    expect(await chooseSandbox(settings('auto'))).toEqual({ kind: 'local', because: 'no Docker daemon answers' })
    expect((await createSandboxProvider(settings('auto'))).kind).toBe('local')
    expect(existsSync(join(data, 'docker-installation'))).toBe(false)
  })

  test('fail the start with a remedy where Docker is asked for and does not answer', async () => {
    using _ = withoutDaemon()
    const creating = createSandboxProvider(settings('docker'))
    await expect(creating).rejects.toThrow(StartError)
    await expect(creating).rejects.toMatchObject({ remedy: expect.stringContaining('choose local') })
  })
})

const NAME = expect.stringMatching(/^[0-9a-f]{12}$/)

describe('the hosts of a configuration', () => {
  test('are this machine, or what it is called', async () => {
    const { offers } = await openSandboxes(settings('local'))
    expect(offers).toEqual([{ host: NAME, provider: 'local', packages: false, runtimes: [] }])
    expect((await openSandboxes(settings('local'))).offers).toEqual(offers)
    const { provider, offers: named } = await openSandboxes({ ...settings('local'), host: 'rack-1' })
    expect(named).toMatchObject([{ host: 'rack-1' }])
    expect(await provider.host()).toBe('rack-1')
  })
})

describe('the doctor', () => {
  test('tries what limits local sandboxes, and their way to the network', async () => {
    const findings = await examineSandbox({ ...readConfig({ data }, { HOME: '/' }), sandbox: 'local' })
    expect(findings.filter(({ ok }) => !ok)).toEqual([])
    const names = ['sandbox way to the network', 'sandbox processes', 'sandbox memory']
    expect(findings.map(({ name }) => name)).toEqual(expect.arrayContaining(names))
    expect(await connectDoors({ data }).names()).toEqual([])
  })
})

describe.runIf(await hasDocker())('the sandboxes of a configuration, with Docker', () => {
  test('are Docker’s under auto, and local ones are looked after, too', async () => {
    const local = await assembleProviders(settings('local'), 'local')
    const row = await local.provision({ sessionId: `sesn_kinds${process.pid}`, generation: 1 })
    const provider = await createSandboxProvider(settings('auto'))
    expect(provider.kind).toBe('docker')
    expect(await provider.attach(row)).not.toBeNull()
    expect(await provider.list()).toMatchObject([{ reference: row.reference }])
    await provider.destroy(row)
    expect(await provider.list()).toEqual([])
  })

  test('are the same for every process of a data folder, also of one that makes local ones', async () => {
    const [one, two] = await Promise.all([
      createSandboxProvider(settings('docker')),
      createSandboxProvider(settings('docker')),
    ])
    const row = await one.provision({ sessionId: `sesn_same${process.pid}`, generation: 1 })
    try {
      expect(await two.list()).toMatchObject([{ reference: row.reference }])
      const other = await createSandboxProvider(settings('local'))
      expect(await other.list()).toMatchObject([{ reference: row.reference }])
      const stranger = await mkdtemp(join(tmpdir(), 'longhand-stranger-'))
      expect(await (await createSandboxProvider({ ...settings('docker'), data: stranger })).list()).toEqual([])
      await rm(stranger, { recursive: true })
    } finally {
      await one.destroy(row)
    }
  })

  test('are on the daemon’s host, and the machine’s own is served too, where nothing new is made', async () => {
    const { provider, offers } = await openSandboxes(settings('docker'))
    const [docker, local] = offers
    expect(docker).toEqual({
      host: NAME,
      provider: 'docker',
      packages: true,
      runtimes: expect.arrayContaining(['runc']),
    })
    expect(local).toEqual({ host: NAME, provider: 'local', packages: false, runtimes: [] })
    expect(docker?.host).not.toBe(local?.host)
    expect(await provider.host()).toBe(docker?.host)
    const moved = await openSandboxes(settings('local'))
    expect(moved.offers.map(({ host }) => host)).toEqual([local?.host, docker?.host])
    expect(moved.offers.every(({ packages }) => !packages)).toBe(true)
    using _ = withoutDaemon()
    const left = await openSandboxes(settings('auto'))
    expect(left.offers.map(({ host }) => host)).toEqual([local?.host])
  })

  describe('of a worker that is in a container', () => {
    const key = { sessionId: `sesn_within${process.pid}`, generation: 1 }
    const link = () => `${data}.elsewhere`
    beforeAll(() => symlink(data, link()))
    afterAll(async () => {
      await connectDoors({ data }).end()
      await rm(link())
    })

    test('have their way to the network by the path that the daemon knows', async () => {
      const provider = await createSandboxProvider(
        { ...settings('docker'), dockerData: link() },
        connectDoors({ data }),
      )
      const row = await provider.provision(key)
      const container = new Docker().getContainer(row.reference.split('.')[0] ?? '')
      const { HostConfig } = await container.inspect()
      expect(HostConfig.Mounts?.[0]?.Source).toMatch(`${link()}/egress/`)
      await provider.destroy(row)
    })

    test('are refused with what to do where the daemon finds nothing there, or something else', async () => {
      const doors = connectDoors({ data })
      const provider = (dockerData: string) => createSandboxProvider({ ...settings('docker'), dockerData }, doors)
      const nowhere = (await provider('/nonexistent/data')).provision(key)
      await expect(nowhere).rejects.toThrow('/nonexistent/data/egress/')
      await expect(nowhere).rejects.toThrow('set LONGHAND_DOCKER_DATA to the path')
      const other = await mkdtemp(join(tmpdir(), 'longhand-other-'))
      const folder = await doors.open(`${key.sessionId}.1`, key.sessionId)
      await mkdir(join(other, relative(data, folder)), { recursive: true })
      await expect((await provider(other)).provision(key)).rejects.toThrow('set LONGHAND_DOCKER_DATA to the path')
      const findings = await (await provider('/nonexistent/data')).doctor()
      expect(findings.find(({ ok }) => !ok)?.remedy).toContain('set LONGHAND_DOCKER_DATA')
      expect(await doors.names()).toEqual([])
      await rm(other, { recursive: true })
    })

    test('are looked at by the doctor with all that limits them, through the door', async () => {
      const findings = await examineSandbox({ ...readConfig({ data }, { HOME: '/' }), sandbox: 'docker' })
      expect(findings.filter(({ ok }) => !ok)).toEqual([])
      const names = ['sandbox way to the network', 'sandbox processes', 'sandbox memory']
      expect(findings.map(({ name }) => name)).toEqual(expect.arrayContaining(names))
      expect(await connectDoors({ data }).names()).toEqual([])
    })
  })

  test('end with `dev`, of whatever kind they are', async () => {
    const config = { ...readConfig({ data }, { HOME: '/' }), sandbox: 'docker' } as const
    const [docker, local] = await Promise.all([assembleProviders(config, 'docker'), assembleProviders(config, 'local')])
    const key = { sessionId: `sesn_end${process.pid}`, generation: 1 }
    await docker.provision(key)
    await local.provision({ ...key, generation: 2 })
    expect(await docker.list()).toHaveLength(2)
    await devOptions(config, {}).endSandboxes?.()
    expect(await docker.list()).toEqual([])
  })

  test('are local under auto where the image is missing, and fail the start where Docker is asked for', async () => {
    const missing = 'longhand-none:1'
    expect(await chooseSandbox(settings('auto', missing))).toMatchObject({ kind: 'local' })
    await expect(createSandboxProvider(settings('docker', missing))).rejects.toMatchObject({
      message: `no Docker sandboxes: the daemon has no image ${missing}`,
      remedy: `Pull or build ${missing} on this daemon.`,
    })
  })
})
