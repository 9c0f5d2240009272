import { describe, expect, test } from 'vitest'
import { defaultLimits } from '../../../src/hands/docker/container-spec.ts'
import type { ImageOptions } from '../../../src/hands/docker/images.ts'
import { createImages, withoutPackages } from '../../../src/hands/docker/images.ts'
import { HandsUnavailable } from '../../../src/hands/hands.ts'
import { RecipeFailed } from '../../../src/hands/recipe.ts'
import type { CloudConfig } from '../../../src/wire/types.ts'
import { NO_PACKAGES } from '../../support/packages.ts'
import { silentLog } from '../../support/silent-log.ts'
import type { FakeEngine } from './fake-engine.ts'
import { createFakeEngine } from './fake-engine.ts'

const numpy = { ...NO_PACKAGES, pip: ['numpy'] }
const noDefaults = { User: '', WorkingDir: '', Env: [], Entrypoint: [], Cmd: [] }
const minute = 60_000
const before = (ms: number) => new Date(Date.now() - ms).toISOString()

interface World {
  readonly engine: FakeEngine
  readonly doors: Set<string>
  readonly opened: string[]
}

function build(more: Partial<ImageOptions> = {}) {
  const engine = createFakeEngine()
  const doors = new Set<string>()
  const opened: string[] = []
  const options: ImageOptions = {
    engine,
    base: 'i',
    installation: 'abc',
    limits: defaultLimits,
    log: silentLog,
    doors: {
      async open(name, networking) {
        doors.add(name)
        opened.push(networking?.type ?? 'none')
        return '/doors/1'
      },
      close: async (name) => void doors.delete(name),
      names: async () => [...doors],
    },
    ...more,
  }
  const world: World = { engine, doors, opened }
  return { ...world, options, images: createImages(options), another: () => createImages(options) }
}

/** Lets what is started end at once like this. */
function ending({ engine }: World, exitCode: number, said = ''): void {
  const start = engine.start.bind(engine)
  engine.start = async (id) => {
    const started = await start(id)
    end(engine, id, exitCode)
    engine.written.set(id, said)
    return started
  }
}

function end(engine: FakeEngine, id: string, exitCode: number, finishedAt = new Date().toISOString()): void {
  const state = [...engine.containers.values()].find((container) => container.id === id)
  Object.assign(state ?? {}, { status: 'exited', exitCode, finishedAt })
}

/** Puts the builder of another process in place. */
async function plant({ engine }: World, state: object): Promise<string> {
  const made = createFakeEngine()
  Object.assign(made, { image: engine.image })
  const names: string[] = []
  made.create = async (name) => {
    names.push(name)
    throw new HandsUnavailable('enough')
  }
  const { options } = build({ engine: made })
  await createImages({ ...options, engine: made })
    .ensure({ packages: numpy })
    .catch(() => {})
  const [name = ''] = names
  const id = (await engine.create(name, { Labels: { 'longhand.door': 'build.other' } })) ?? ''
  Object.assign(engine.containers.get(name) ?? {}, state)
  return id
}

describe('the image of an environment', () => {
  test.each<[string, CloudConfig['packages'] | undefined]>([
    ['no packages', NO_PACKAGES],
    ['nothing said of packages', undefined],
  ])('is the one that there is, with %s', async (_, packages) => {
    const { images, engine } = build()
    expect(await images.ensure(packages ? { packages } : {})).toBe('i')
    expect(engine.containers.size).toBe(0)
  })

  test('is made once for all who ask at the same time, and found by those who ask later', async () => {
    const world = build()
    ending(world, 0)
    const ids = await Promise.all(Array.from({ length: 10 }, () => world.images.ensure({ packages: numpy })))
    expect(new Set([...ids, await world.another().ensure({ packages: numpy })])).toEqual(new Set([ids[0]]))
    expect(world.engine.commits).toHaveLength(1)
    expect([world.engine.containers.size, world.doors.size]).toEqual([0, 0])
  })

  test('is named by what is in it: its base and the packages, by manager', async () => {
    const world = build()
    ending(world, 0)
    const tags = async (packages: CloudConfig['packages']) => {
      await world.images.ensure({ packages })
      return world.engine.commits.at(-1)?.tag
    }
    const first = await tags({ ...NO_PACKAGES, pip: ['a'], npm: ['b'] })
    expect(first).toMatch(/^[0-9a-f]{16}$/)
    expect(await tags({ pip: ['a'], npm: ['b'], go: [], gem: [], cargo: [], apt: [], type: 'packages' })).toBe(first)
    expect(await tags({ ...NO_PACKAGES, pip: ['b'], npm: ['a'] })).not.toBe(first)
    world.engine.addImage('i')
    expect(await tags({ ...NO_PACKAGES, pip: ['a'], npm: ['b'] })).not.toBe(first)
  })

  test('has what its base has for its containers, and a label to know it by, but none of the builder’s', async () => {
    const world = build()
    const base = await world.engine.image('i')
    const defaults = { User: 'agent', WorkingDir: '/workspace', Env: ['A=b'], Entrypoint: [], Cmd: ['bash'] }
    world.engine.imagesById.forEach((image) => (image.defaults = defaults))
    ending(world, 0)
    await world.images.ensure({ packages: numpy })
    const [made] = world.engine.commits
    expect(base).not.toBeNull()
    expect(made).toMatchObject({ repo: 'longhand-env', defaults })
    expect(made?.labels).toEqual({ 'longhand.build': '', 'longhand.door': '', 'longhand.packages': made?.tag })
  })

  test('does not take over the builder’s command where its base has none', async () => {
    const world = build()
    ending(world, 0)
    await world.images.ensure({ packages: numpy })
    expect(world.engine.commits[0]?.defaults.Cmd).toEqual(['sh'])
  })

  test('is waited for where another process makes it', async () => {
    const world = build()
    const id = await plant(world, { status: 'running', startedAt: before(0) })
    const waiting = world.images.ensure({ packages: numpy })
    await expect.poll(() => world.engine.containers.size).toBe(1)
    const [tag = ''] = [...world.engine.containers.keys()]
    expect(tag).toContain('longhand-abc-build-')
    end(world.engine, id, 0, before(minute))
    await waiting
    expect(world.engine.commits).toEqual([expect.objectContaining({ container: id })])
  })

  test('is begun by whoever finds it made, and not begun', async () => {
    const world = build()
    const id = await plant(world, {})
    ending(world, 0)
    const making = world.images.ensure({ packages: numpy })
    await expect.poll(() => world.engine.containers.values().next().value?.status).toBe('exited')
    end(world.engine, id, 0, before(minute))
    await making
    expect(world.engine.commits).toHaveLength(1)
  })

  test.each<[string, object]>([
    ['could never be started', { status: 'created', createdAt: before(2 * minute) }],
    ['went on for longer than it may', { status: 'running', startedAt: before(13 * minute) }],
    ['failed a while ago', { status: 'exited', exitCode: 1, finishedAt: before(6 * minute) }],
  ])('is begun anew where a builder %s', async (_, state) => {
    const world = build()
    const old = await plant(world, state)
    ending(world, 0)
    await world.images.ensure({ packages: numpy })
    expect(world.engine.removed[0]).toBe(old)
    expect(world.engine.commits).toHaveLength(1)
    expect(world.doors.size).toBe(0)
  })

  test('fails in the words of the package manager, and is not tried again by anybody for a while', async () => {
    const world = build()
    const said =
      'longhand-manager\tapt\nfine\nlonghand-manager\tpip\n\u001B[31mERROR: No matching distribution\u001B[0m\n'
    ending(world, 123, said)
    const failure = await world.images.ensure({ packages: numpy }).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(RecipeFailed)
    expect(String(failure)).toBe(
      'RecipeFailed: packages of the environment: pip: exit code 123:\nfine\nERROR: No matching distribution',
    )
    await expect(world.another().ensure({ packages: numpy })).rejects.toThrow('No matching distribution')
    expect(world.opened).toHaveLength(1)
  })

  test('fails with its last words alone, and says when it took too long', async () => {
    const world = build()
    ending(world, 124, `longhand-manager\tnpm\n${'x'.repeat(5_000)}end`)
    const failure = String(await world.images.ensure({ packages: numpy }).catch((error: unknown) => error))
    expect(failure).toContain('npm: it took longer than 10 minutes:\nxxx')
    expect(failure.slice(-5)).toBe('xxend')
    expect(failure.length).toBeLessThan(2_200)
  })

  test('is tried under each network for itself: what one may not reach another may', async () => {
    const world = build()
    ending(world, 1)
    const limited = {
      type: 'limited' as const,
      allowed_hosts: [],
      allow_mcp_servers: false,
      allow_package_managers: true,
    }
    for (const networking of [limited, { type: 'unrestricted' as const }])
      await expect(world.images.ensure({ packages: numpy, networking })).rejects.toThrow(RecipeFailed)
    expect(world.opened).toEqual(['limited', 'unrestricted'])
  })

  test.each<[string, (engine: FakeEngine) => void, string]>([
    ['the daemon is away', (engine) => (engine.find = () => Promise.reject(new HandsUnavailable('away'))), 'away'],
    ['its base is not there', (engine) => engine.imagesById.clear(), 'no image i'],
    [
      'the builder cannot be made',
      (engine) => (engine.create = () => Promise.reject(new HandsUnavailable('no space'))),
      'no space',
    ],
  ])('may be had later where %s', async (_, prepare, message) => {
    const world = build()
    prepare(world.engine)
    const failure = await world.images.ensure({ packages: numpy }).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(HandsUnavailable)
    expect(String(failure)).toContain(message)
    expect(world.doors.size).toBe(0)
  })

  test('asks for patience where somebody has paused its builder', async () => {
    const world = build()
    await plant(world, { status: 'paused' })
    await expect(world.images.ensure({ packages: numpy })).rejects.toThrow('docker unpause')
  })

  test.each(['--index-url=http://a.test', '', ' ', 'a\nb', 'a\0b'])(
    'is refused for a package like %j',
    async (name) => {
      const { images, engine } = build()
      await expect(images.ensure({ packages: { ...NO_PACKAGES, pip: [name] } })).rejects.toThrow(
        'pip: expected a package',
      )
      expect(engine.containers.size).toBe(0)
    },
  )

  test('is refused altogether where none are made', async () => {
    expect(await withoutPackages('i')({})).toBe('i')
    await expect(withoutPackages('i')({ packages: numpy })).rejects.toThrow(RecipeFailed)
  })
})

describe('old images', () => {
  test('are removed when nobody has used them for 30 days, unless a container needs them', async () => {
    const { engine, images } = build()
    const day = 24 * 60 * minute
    const labels = { 'longhand.packages': 'x' }
    const add = async (tag: string, state: object) => {
      const id = await engine.commit('c', { repo: 'longhand-env', tag, labels, defaults: noDefaults })
      Object.assign(engine.imagesById.get(id) ?? {}, state)
      return id
    }
    const kept = [
      await add('new', {}),
      await add('used', { namedAt: before(29 * day) }),
      await add('unknown', { namedAt: null }),
      await add('needed', { namedAt: before(40 * day) }),
    ]
    engine.needed.add(kept[3] ?? '')
    await add('old', { namedAt: before(31 * day) })
    await add('replaced', { names: [] })
    await images.tidy()
    expect([...engine.imagesById.keys()].slice(1)).toEqual(kept)
  })

  test('count as used when one of their packages is asked for', async () => {
    const world = build()
    ending(world, 0)
    const id = await world.images.ensure({ packages: numpy })
    const image = world.engine.imagesById.get(id)
    if (image) image.namedAt = before(2 * 24 * 60 * minute)
    await world.images.ensure({ packages: numpy })
    expect(Date.parse(image?.namedAt ?? '')).toBeGreaterThan(Date.now() - minute)
  })
})

describe('what is left of making images', () => {
  test.each<[string, object, number]>([
    ['a builder that failed a moment ago', { status: 'exited', exitCode: 1, finishedAt: before(minute) }, 1],
    ['one that failed long ago', { status: 'exited', exitCode: 1, finishedAt: before(60 * minute) }, 0],
    ['one that works', { status: 'running', createdAt: before(9 * minute) }, 1],
    ['one that nobody began', { status: 'created', createdAt: before(60 * minute) }, 0],
  ])('of %s', async (_, state, left) => {
    const world = build()
    await plant(world, state)
    world.doors.add('build.other')
    await world.images.tidy()
    expect([world.engine.containers.size, world.doors.size]).toEqual([left, left])
  })

  test('of a process that died before it had a builder is its door, which is closed by a later look', async () => {
    const world = build()
    await plant(world, { status: 'running', createdAt: before(minute) })
    for (const name of ['build.other', 'build.left']) world.doors.add(name)
    for (const after of [0, 1]) await world.images.tidy(Date.now() + after * minute)
    expect(world.doors.size).toBe(2)
    await world.images.tidy(Date.now() + 2 * minute)
    expect([...world.doors]).toEqual(['build.other'])
  })
})
