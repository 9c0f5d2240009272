import type { ApiContext, Caller } from '../../src/api/context.ts'
import { createApp } from '../../src/api/app.ts'
import { createWithFile } from '../../src/api/file-bytes.ts'
import type { LogView } from '../../src/history/tracked.ts'
import type { IngressRow } from '../../src/store/ingress.ts'
import { createSecretBox } from '../../src/store/secrets.ts'
import type { ResourceRow, UnsettledResource } from '../../src/store/session-resources.ts'
import type { Configuration, SessionRow, StatusHint } from '../../src/store/sessions.ts'
import { currentHarness } from '../../src/model/harness.ts'
import { createEnvironment } from '../../src/wire/environments.ts'
import type { Agent } from '../../src/wire/types.ts'
import { createValidator } from '../../src/wire/validate.ts'
import type { EventsSignal } from '../../src/workflows/messages.ts'
import { buildAgent } from '../store/builders.ts'
import type { MemoryBlobs } from '../support/memory-blobs.ts'
import { createMemoryBlobs } from '../support/memory-blobs.ts'
import type { MemoryContents } from '../support/memory-contents.ts'
import { createMemoryContents } from '../support/memory-contents.ts'
import type { MemoryFiles } from '../support/memory-files.ts'
import { createMemoryFiles } from '../support/memory-files.ts'
import { POLICY } from '../support/session-builders.ts'
import { createFakeWork } from './fake-work.ts'
import { buildView, viewReader } from './view-builder.ts'

const KEY = 'lh_fake'
const FAKE_CALLER: Caller = { type: 'key', workspaceId: 'default', keyId: 'key_1' }
const WEB_VERSIONS = { search: 'web_search_20250305', fetch: 'web_fetch_20250910' } as const
export const AUTHORIZED = { authorization: `Bearer ${KEY}` }

const validator = createValidator()

/** What the fakes were asked to do, and what they hold. */
interface StoredResource extends ResourceRow {
  readonly isRemoved: boolean
  readonly pending?: UnsettledResource['pending'] | null
}

export interface World {
  readonly agents: Map<string, Agent>
  readonly sessions: Map<string, SessionRow>
  readonly configurations: Map<string, Configuration>
  readonly ingress: Map<
    string,
    IngressRow & { readonly key: string | null; readonly bodyHash: string; readonly tries: number }
  >
  readonly signals: { readonly session: string; readonly signal: EventsSignal; readonly requestId: string }[]
  readonly hints: StatusHint[]
  readonly logged: { readonly details: object; readonly message: string }[]
  readonly blobs: MemoryBlobs
  readonly files: MemoryFiles
  readonly contents: MemoryContents
  readonly resources: Map<string, StoredResource>
  /** Sealed tokens by the ids of their resources. */
  readonly tokens: Map<string, Buffer>
  view: LogView
}

/** An application over ports in memory; `change` replaces some of them. */
export function createFakeApp(change: (world: World) => Partial<ApiContext> = () => ({})) {
  const world: World = {
    agents: new Map(),
    sessions: new Map(),
    configurations: new Map(),
    ingress: new Map(),
    signals: [],
    hints: [],
    logged: [],
    blobs: createMemoryBlobs(),
    files: createMemoryFiles(),
    contents: createMemoryContents(),
    resources: new Map(),
    tokens: new Map(),
    view: buildView([]),
  }
  const context = { ...createContext(world), ...change(world) }
  const app = createApp(context, { error: (details, message) => void world.logged.push({ details, message }) })
  return { app, context, world }
}

export function storeSession(world: World, id: string, change: Partial<SessionRow> = {}): SessionRow {
  const row: SessionRow = {
    id,
    workspaceId: 'default',
    environmentId: 'env_1',
    configurationId: `cfg of ${id}`,
    agentId: 'agent_1',
    agentVersion: 1,
    status: 'idle',
    title: null,
    metadata: {},
    budget: null,
    createdAt: new Date(0),
    updatedAt: new Date(0),
    archivedAt: null,
    ...change,
  }
  world.sessions.set(id, row)
  return row
}

function createContext(world: World): ApiContext {
  const environment = createEnvironment({ name: 'fake' }, { id: 'env_1', now: '2026-03-01T12:00:00.000Z' })
  const environments = new Map([[environment.id, environment]])
  return {
    callers: { verify: async (secret) => (secret === KEY ? FAKE_CALLER : null) },
    agents: {
      create: async (_, agent) => {
        world.agents.set(agent.id, agent)
        return agent
      },
      read: async (_, id, version) => {
        const agent = world.agents.get(version === undefined ? id : `${id} ${version}`) ?? world.agents.get(id)
        return agent && (version === undefined || agent.version === version) ? agent : null
      },
      update: async (_, id, change) => {
        const latest = world.agents.get(id)
        if (!latest) return null
        const next = change(latest)
        world.agents.set(id, next)
        return next
      },
      archive: async () => null,
      list: async () => [...world.agents.values()],
      versions: async () => [],
    },
    hosts: { offers: async () => [] },
    environments: {
      create: async (_, made) => {
        environments.set(made.id, made)
        return made
      },
      read: async (_, id) => environments.get(id) ?? null,
      findNamed: async (_, name) => [...environments.values()].find((each) => each.name === name) ?? null,
      update: async (_, id, change) => (id === environment.id ? change(environment) : null),
      archive: async () => null,
      delete: async () => 'missing',
      list: async () => [...environments.values()],
      ensureDefault: async () => environment,
    },
    sessions: createSessions(world),
    ingress: createIngress(world),
    log: {
      ...viewReader(),
      read: async () => world.view,
      known: () => world.view,
      subscribe: async () => ({ view: world.view, cancel: () => undefined }),
      forget: () => undefined,
      close: () => undefined,
    },
    blobs: world.blobs,
    files: world.files,
    contents: world.contents,
    withFile: createWithFile(world),
    resources: createResources(world),
    resourceSecrets: {
      put: async ({ resourceId }, seal) => {
        world.tokens.set(resourceId, seal(1))
        return 1
      },
      of: async () => [],
      versions: async () => new Map(),
    },
    secrets: createSecretBox(Buffer.alloc(32, 7)),
    repositoryHosts: ['https://github.com'],
    announceResources: async () => undefined,
    previews: { listen: () => () => undefined },
    workflows: {
      start: async () => undefined,
      signal: async (session, signal, requestId) => void world.signals.push({ session, signal, requestId }),
      configure: async () => ({ refused: null }),
      archive: async () => ({ refused: null }),
      terminate: async () => undefined,
    },
    validator,
    policyFor: () => POLICY,
    webVersions: (_, harness = currentHarness.id) => (harness === currentHarness.id ? WEB_VERSIONS : null),
    quota: { request: () => undefined, running: async () => null },
    takesUrls: true,
    takesFast: true,
    models: async () => [],
    announceDeleted: async () => undefined,
    work: createFakeWork(),
    workFeed: { listen: () => ({ heard: async () => undefined, end: () => undefined }) },
    workTimes: { lease: 90_000, idle: 120_000 },
  }
}

function createResources({ resources }: World): ApiContext['resources'] {
  const of = (session: string) => [...resources.values()].filter(({ sessionId }) => sessionId === session)
  const set = (row: ResourceRow): void => {
    const { resource } = resources.get(row.resource.id) ?? row
    resources.set(resource.id, { ...row, resource, isRemoved: false })
  }
  return {
    create: async (rows) => rows.forEach(set),
    add: async (row, judge) => {
      const others = of(row.sessionId).filter(
        ({ isRemoved, resource }) => !isRemoved && resource.id !== row.resource.id,
      )
      judge(others)
      const { resource } = resources.get(row.resource.id) ?? row
      const added = { ...row, resource, updatedAt: new Date() }
      set(added)
      alter(resources, resource.id, { pending: 'added' })
      return added
    },
    removeDead: async (session, { known, ms }) => {
      for (const row of of(session))
        if (!known.includes(row.resource.id) && row.updatedAt.getTime() < Date.now() - ms)
          alter(resources, row.resource.id, { isRemoved: true })
    },
    giveUp: async () => false,
    of: async (session, ids) => of(session).filter(({ resource }) => ids.includes(resource.id)),
    repositories: async () => [],
    listed: async (sessions) =>
      new Map(sessions.map((id) => [id, of(id).filter(({ isRemoved, pending }) => !isRemoved && !pending)])),
    removing: async (_, id) => alter(resources, id, { pending: 'removed' }),
    remove: async (_, id) => alter(resources, id, { isRemoved: true, pending: null }),
    settle: async (_, id) => alter(resources, id, { pending: null }),
    unsettled: async () => [],
    touch: async (_, id) => (resources.has(id) ? new Date('2026-03-02T12:00:00.000Z') : null),
  }
}

function alter(resources: World['resources'], id: string, change: Partial<StoredResource>): void {
  const row = resources.get(id)
  if (row) resources.set(id, { ...row, ...change })
}

function createSessions(world: World): ApiContext['sessions'] {
  return {
    create: async (row, configuration) => {
      if (world.sessions.has(row.id)) return
      world.sessions.set(row.id, row)
      world.configurations.set(row.id, configuration)
    },
    read: async (workspace, id) => {
      const row = world.sessions.get(id)
      return row?.workspaceId === workspace ? row : null
    },
    find: async (id) => world.sessions.get(id) ?? null,
    configuration: async (id, named) => {
      const first = world.configurations.get(id) ?? null
      const added = world.configurations.get(`${id} ${named ?? world.sessions.get(id)?.configurationId}`)
      return added ?? (named === undefined || first?.id === named ? first : null)
    },
    addConfiguration: async ({ id }, configuration) =>
      void world.configurations.set(`${id} ${configuration.id}`, configuration),
    configurations: async (ids) => new Map([...world.configurations].filter(([id]) => ids.includes(id))),
    list: async () => [...world.sessions.values()],
    repair: async (id, fold) => {
      const row = world.sessions.get(id)
      const kept = fold.status === 'terminated' ? row?.archivedAt : null
      if (row) world.sessions.set(id, { ...row, ...fold, archivedAt: fold.archivedAt ?? kept ?? null })
    },
    archiveEnded: async (id) => {
      const row = world.sessions.get(id)
      if (row) world.sessions.set(id, { ...row, status: 'terminated', archivedAt: row.archivedAt ?? new Date() })
    },
    hint: async (hints) => {
      world.hints.push(...hints)
      for (const { id, status } of hints) {
        const row = world.sessions.get(id)
        if (row) world.sessions.set(id, { ...row, status })
      }
    },
    countRunning: async () => 0,
    stale: async () => [],
    bury: async (_, id) => world.sessions.delete(id),
    abandon: async () => undefined,
    clear: async () => undefined,
    uncleared: async () => [],
    buried: async () => [],
  }
}

function createIngress({ ingress }: World): ApiContext['ingress'] {
  const mark = (id: string, state: IngressRow['state']): void => {
    const row = ingress.get(id)
    if (row) ingress.set(id, { ...row, state })
  }
  const claim: ApiContext['ingress']['claim'] = async ({ target, key, bodyHash, isRetry, retry }) => {
    const same = [...ingress.values()].filter((row) => row.target === target && row.key === key)
    if (key !== null) return same[0] && same[0].bodyHash !== bodyHash ? { conflict: true } : (same[0] ?? null)
    const [taken] = same
      .filter((row) => isRetry && row.bodyHash === bodyHash && row.state !== 'answered' && row.tries < retry)
      .toReversed()
      .toSorted((a, b) => Number(a.state !== 'begun') - Number(b.state !== 'begun') || b.tries - a.tries)
    if (taken) ingress.set(taken.id, { ...taken, tries: retry })
    return taken ?? null
  }
  return {
    claim,
    begin: async (request, mint) => {
      const earlier = await claim(request)
      if (earlier) return earlier
      const { workspaceId, target, key, bodyHash, retry: tries } = request
      const row = { ...mint(), workspaceId, target, state: 'begun' as const, key, bodyHash, tries }
      ingress.set(row.id, row)
      return row
    },
    accepted: async (id) => mark(id, 'accepted'),
    answered: async (id) => mark(id, 'answered'),
    acceptedIds: async () => [],
    prune: async () => undefined,
  }
}

export function storeAgent(world: World, change: Partial<Agent> = {}): Agent {
  const agent = buildAgent(change)
  world.agents.set(agent.id, agent)
  return agent
}
