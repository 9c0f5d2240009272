import type { ContainerState, Engine, Usage } from '../../../src/hands/docker/engine.ts'

type Mutable<T> = { -readonly [Name in keyof T]: T[Name] }

export interface FakeEngine extends Engine {
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
    containers,
    removed: [],
    execs: [],
    answer: () => '',
    usageNow: { memory: { used: 1, limit: 100 }, pids: { used: 1, limit: 100 } },
    beforeStart: () => {},
    info: async () => ({ version: '1', storage: 'fake' }),
    hasImage: async () => true,
    async create(name, { Labels = {} }) {
      if (containers.has(name)) return null
      const id = String(++serial).padStart(64, '0')
      containers.set(name, {
        id,
        status: 'created',
        createdAt: new Date().toISOString(),
        startedAt: '',
        exitCode: 0,
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
    open: async () => Promise.reject(new Error('nothing stays in here')),
    async exec(_, { argv }) {
      engine.execs.push(argv[2] ?? '')
      return { stdout: Buffer.from(engine.answer(argv[2] ?? '', argv)), stderr: '' }
    },
  }
  return engine
}
