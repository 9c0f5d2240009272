import type { StoredWork } from '../../src/store/work-steps.ts'
import { acknowledge, beat, stop } from '../../src/store/work-steps.ts'
import type { WorkItem, WorkKey, WorkOutcome, WorkQueue } from '../../src/store/work.ts'

export interface FakeWork extends WorkQueue {
  readonly items: Map<string, StoredWork>
  readonly polls: { readonly environmentId: string; readonly worker: string }[]
  /** Secrets of tokens, in the order in which they were given out. */
  readonly tokens: string[]
  readonly ended: string[]
  now: Date
}

/** A queue in memory that takes the real one's steps, for one environment and on a clock that tests set. */
export function createFakeWork(): FakeWork {
  const items = new Map<string, StoredWork>()
  const polls: FakeWork['polls'] = []
  const tokens: string[] = []
  const ended: string[] = []
  function find({ id, environmentId }: WorkKey): StoredWork | null {
    const item = items.get(id)
    return item?.environmentId === environmentId ? item : null
  }
  function step(key: WorkKey, take: (item: StoredWork) => { item: StoredWork; done: boolean }): WorkOutcome {
    const item = find(key)
    if (!item) return null
    const taken = take(item)
    items.set(key.id, taken.item)
    return taken
  }
  const fake: FakeWork = {
    items,
    polls,
    tokens,
    ended,
    now: new Date('2026-03-01T12:00:00.000Z'),
    enqueue: async () => null,
    async claim(environmentId, { token }) {
      const [item] = [...items.values()].filter((each) => each.environmentId === environmentId && isOpen(each))
      if (!item) return null
      tokens.push(token.secret)
      const taken = { ...item, polledAt: fake.now, given: item.given + 1 }
      items.set(item.id, taken)
      return taken
    },
    polled: async (environmentId, worker) => void polls.push({ environmentId, worker }),
    ack: async (key, given) => step(key, (item) => acknowledge(item, given, fake.now)),
    beat: async (key, given) => step(key, (item) => beat(item, given, fake.now)),
    stop: async (key, given) => step(key, (item) => stop(item, given, fake.now)),
    endOf: async (sessionId) => void ended.push(sessionId),
    read: async (key) => find(key),
    list: async (environmentId, { limit, from }) => {
      const all = [...items.values()].filter((item) => item.environmentId === environmentId).toReversed()
      const start = from ? all.findIndex(({ id }) => id === from.id) + 1 : 0
      return all.slice(start, start + limit)
    },
    async update(key, change) {
      const item = find(key)
      if (!item) return null
      const changed = { ...item, metadata: change(item.metadata) }
      items.set(item.id, changed)
      return changed
    },
    stats: async () => ({ depth: 2, pending: 1, oldestQueuedAt: fake.now, workersPolling: 3 }),
    verifyToken: async () => null,
    worthALook: async () => [],
    uninvited: async () => [],
    settle: async () => undefined,
    tidy: async () => undefined,
    forget: async () => undefined,
  }
  return fake
}

function isOpen({ state, polledAt }: WorkItem): boolean {
  return state === 'queued' && polledAt === null
}
