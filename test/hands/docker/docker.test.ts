import { describe, expect, test } from 'vitest'
import type { DockerOptions } from '../../../src/hands/docker/docker.ts'
import { createDockerProvider } from '../../../src/hands/docker/docker.ts'
import { HandsUnavailable } from '../../../src/hands/hands.ts'
import type { Doors } from '../../../src/hands/network.ts'
import type { FakeEngine } from './fake-engine.ts'
import { createFakeEngine } from './fake-engine.ts'

const key = { sessionId: 'sesn_1', generation: 1 }
const name = 'longhand-abc-sesn_1-1'

function build({ report = '', ...more }: { report?: string } & Pick<DockerOptions, 'toHostPath'> = {}) {
  const engine = createFakeEngine()
  engine.answer = (_, argv) => `${report}\nboot ${argv[4]}\n`
  const open = new Set<string>()
  const doors: Doors = {
    async open(door) {
      open.add(door)
      return '/doors/1'
    },
    close: async (door) => void open.delete(door),
  }
  const options = { engine, image: 'i', installation: 'abc', doors, ...more }
  return { engine, open, provider: createDockerProvider(options) }
}

describe('the Docker provider', () => {
  test('refuses a sandbox that is weaker than asked, says how, and leaves none', async () => {
    const { engine, provider } = build()
    await expect(provider.provision(key)).rejects.toThrow(
      /weaker than asked: .*the root file system is writable; .*no seccomp filter is in force/,
    )
    expect(engine.containers.size).toBe(0)
  })

  test.each([
    ['sha256:before', true, 'sha256:before'],
    ['sha256:before', false, 'i'],
    [undefined, true, 'i'],
  ])('makes a sandbox after one of the image %s, which is there: %s, of %s', async (image, isThere, used) => {
    const { engine, provider } = build()
    const asked: string[] = []
    const { create } = engine
    engine.hasImage = async (wanted) => isThere && wanted === image
    engine.create = (container, spec) => {
      asked.push(spec.Image ?? '')
      return create(container, spec)
    }
    const recipe = { ...(image === undefined ? {} : { image }), files: [], repositories: [], supplies: 0 }
    await expect(provider.provision(key, recipe)).rejects.toThrow('weaker than asked')
    expect(asked).toEqual([used])
  })

  test('says what the container said when it cannot be prepared', async () => {
    const { engine, provider } = build()
    engine.answer = () => 'OCI runtime exec failed: no sh\n'
    await expect(provider.provision(key)).rejects.toThrow('cannot be prepared: OCI runtime exec failed: no sh')
    expect(engine.containers.size).toBe(0)
  })

  test.each<[string, (engine: FakeEngine) => void]>([
    ['cannot be made', (engine) => (engine.create = () => Promise.reject(new HandsUnavailable('no such image')))],
    ['is weaker than asked', () => {}],
    ['is taken away all the time', (engine) => (engine.beforeStart = () => engine.containers.clear())],
    ['has a daemon that is away', (engine) => (engine.find = () => Promise.reject(new HandsUnavailable('away')))],
  ])('leaves no door of a sandbox that %s', async (_, prepare) => {
    const { engine, open, provider } = build()
    prepare(engine)
    await expect(provider.provision(key)).rejects.toThrow(HandsUnavailable)
    expect([...open]).toEqual([])
  })

  test('has its door mounted from where the daemon sees it, and says what to do where it sees nothing', async () => {
    const { engine, open, provider } = build({ toHostPath: (path) => `/host${path}` })
    engine.create = async (_, { HostConfig }) => {
      throw new HandsUnavailable(`bind source path does not exist: ${HostConfig?.Mounts?.[0]?.Source}`)
    }
    const attempt = provider.provision(key)
    await expect(attempt).rejects.toThrow('does not find the way to the network at /host/doors/1. Where this process')
    expect([...open]).toEqual([])
  })

  test('is refused where the folder of its door is another one inside', async () => {
    const { engine, open, provider } = build({ report: 'egress:empty -' })
    await expect(provider.provision(key)).rejects.toThrow('set LONGHAND_DOCKER_DATA')
    expect([engine.containers.size, open.size]).toEqual([0, 0])
  })

  test('leaves open the door of what another has made', async () => {
    const { engine, open, provider } = build()
    await engine.create(name, { Labels: { 'longhand.installation': 'abc' } })
    await expect(provider.provision(key)).rejects.toThrow('weaker than asked')
    expect([...open]).toEqual(['sesn_1.1'])
  })

  test('leaves open the door of a sandbox of which the daemon cannot tell', async () => {
    const { engine, open, provider } = build()
    engine.create = async () => {
      engine.find = () => Promise.reject(new HandsUnavailable('away'))
      throw new HandsUnavailable('away')
    }
    await expect(provider.provision(key)).rejects.toThrow('away')
    expect([...open]).toEqual(['sesn_1.1'])
  })

  test.each([
    ['at once', (engine: FakeEngine, end: () => void) => (engine.beforeStart = end)],
    ['while it is looked at', (engine: FakeEngine, end: () => string) => (engine.answer = end)],
  ])('says so when a container ends %s', async (_, prepare) => {
    const { engine, provider } = build()
    prepare(engine, () => {
      Object.assign(engine.containers.get(name) ?? {}, { status: 'exited', exitCode: 127 })
      return 'is not running'
    })
    await expect(provider.provision(key)).rejects.toThrow('ended at once, with code 127')
    expect(engine.containers.size).toBe(0)
  })

  test('leaves alone what another has made', async () => {
    const { engine, provider } = build()
    await engine.create(name, { Labels: { 'longhand.installation': 'abc' } })
    await expect(provider.provision(key)).rejects.toThrow('weaker than asked')
    expect(engine.removed).toEqual([])
  })

  test.each([
    ['could never be started', 'created'],
    ['is weaker than asked', 'running'],
  ])('makes a new one where an old one, made by who died over it, %s', async (_, status) => {
    const { engine, provider } = build()
    const old = await engine.create(name, { Labels: { 'longhand.installation': 'abc' } })
    const createdAt = new Date(Date.now() - 60_000).toISOString()
    Object.assign(engine.containers.get(name) ?? {}, { status, createdAt })
    engine.start = async (id) => {
      if (id === old && status === 'created') throw new HandsUnavailable('no space left on device')
      return true
    }
    await provider.provision(key).catch(() => {})
    expect(engine.removed[0]).toBe(old)
    expect(engine.removed).toHaveLength(2)
  })

  test('leaves alone an old one of which the daemon cannot tell', async () => {
    const { engine, provider } = build()
    await engine.create(name, { Labels: { 'longhand.installation': 'abc' } })
    const createdAt = new Date(Date.now() - 60_000).toISOString()
    Object.assign(engine.containers.get(name) ?? {}, { status: 'running', createdAt })
    engine.answer = () => ''
    await expect(provider.provision(key)).rejects.toThrow('cannot be prepared')
    expect(engine.removed).toEqual([])
  })

  test('makes a new one where an ended one has the name', async () => {
    const { engine, provider } = build()
    const old = await engine.create(name, {})
    Object.assign(engine.containers.get(name) ?? {}, { status: 'exited' })
    await provider.provision(key).catch(() => {})
    expect(engine.removed[0]).toBe(old)
  })

  test('begins again when somebody clears away what it was about to start, and gives up in the end', async () => {
    const { engine, provider } = build()
    let starts = 0
    engine.beforeStart = () => {
      starts++
      engine.containers.delete(name)
    }
    await expect(provider.provision(key)).rejects.toThrow('is being removed by others all the time')
    expect(starts).toBe(3)
  })

  test.each(['', 'a b', '../x', 'x'.repeat(200)])('takes no session id like %j', async (sessionId) => {
    await expect(build().provider.provision({ sessionId, generation: 1 })).rejects.toThrow('expected a session id')
  })
})
