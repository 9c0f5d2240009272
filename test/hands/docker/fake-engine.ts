import type { ContainerState, Engine, Usage } from '../../../src/hands/docker/engine.ts'
import type { FakeImages } from './fake-images.ts'
import { createFakeImages } from './fake-images.ts'

type Mutable<T> = { -readonly [Name in keyof T]: T[Name] }

export interface FakeEngine extends Engine, FakeImages {
  /** By name. */
  readonly containers: Map<string, Mutable<ContainerState>>
  readonly removed: string[]
  /** Scripts of the execs, in order. */
  readonly execs: string[]
  /** What an exec prints; the default prints nothing. */
  answer: (script: string, argv: readonly string[]) => string
  usageNow: Usage
  /** Called before each start. */
  beforeStart: (id: string) => void
}

/** A daemon in memory whose containers run nothing. */
export function createFakeEngine(): FakeEngine {
  const containers = new Map<string, Mutable<ContainerState>>()
  let serial = 0
  const byId = (id: string) => [...containers].find(([name, state]) => name === id || state.id === id)
  const engine: FakeEngine = {
    ...createFakeImages('i'),
    containers,
    removed: [],
    execs: [],
    answer: () => '',
    usageNow: { memory: { used: 1, limit: 100 }, pids: { used: 1, limit: 100 } },
    beforeStart: () => {},
    info: async () => ({ id: 'daemon', version: '1', storage: 'fake', runtimes: ['runc'] }),
    hasImage: async () => true,
    async create(name, { Image = '', Labels = {} }) {
      if (containers.has(name)) return null
      const id = String(++serial).padStart(64, '0')
      containers.set(name, {
        id,
        status: 'created',
        createdAt: new Date().toISOString(),
        startedAt: '',
        finishedAt: '0001-01-01T00:00:00Z',
        exitCode: 0,
        image: Image,
        labels: Labels,
      })
      return id
    },
    async start(id) {
      engine.beforeStart(id)
      const state = byId(id)?.[1]
      if (state?.status === 'created') Object.assign(state, { status: 'running', startedAt: `start ${++serial}` })
      return state !== undefined
    },
    find: async (id) => byId(id)?.[1] ?? null,
    list: async () => [...containers.values()].map(({ id }) => id),
    async remove(id) {
      engine.removed.push(id)
      containers.delete(byId(id)?.[0] ?? '')
    },
    orphans: async () => [],
    removeVolume: async () => {},
    usage: async () => engine.usageNow,
    putArchive: async (id) => byId(id) !== undefined,
    pipe: async () => Promise.reject(new Error('nothing gives or takes a stream in here')),
    open: async () => Promise.reject(new Error('nothing stays in here')),
    async exec(_, { argv }) {
      engine.execs.push(argv[2] ?? '')
      return { stdout: Buffer.from(engine.answer(argv[2] ?? '', argv)), stderr: '' }
    },
  }
  return engine
}
