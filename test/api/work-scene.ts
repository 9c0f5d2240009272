import type { ApiContext, Caller } from '../../src/api/context.ts'
import type { StoredWork } from '../../src/store/work-steps.ts'
import { createEnvironment } from '../../src/wire/environments.ts'
import type { FakeWork } from './fake-work.ts'
import { createFakeWork } from './fake-work.ts'
import { buildWork, noon } from '../store/builders.ts'
import { createFakeApp, storeSession } from './fakes.ts'

export const NOON = '2026-03-01T12:00:00.000Z'
const beside = { workspaceId: 'default', keyId: 'key_9' }
const CALLERS: Readonly<Record<string, Caller>> = {
  key: { type: 'key', workspaceId: 'default', keyId: 'key_1' },
  environment: { type: 'environment', ...beside, environmentId: 'env_own' },
  work: { type: 'work', ...beside, environmentId: 'env_own', sessionId: 'sesn_1', workId: 'work_1', attempt: 1 },
  late: { type: 'work', ...beside, environmentId: 'env_own', sessionId: 'sesn_1', workId: 'work_1', attempt: 0 },
}

export function buildItem(change: Partial<StoredWork> = {}): StoredWork {
  return buildWork({ environmentId: 'env_own', ...change })
}

export const active = buildItem({
  state: 'active',
  polledAt: noon,
  acknowledgedAt: noon,
  startedAt: noon,
  latestHeartbeatAt: noon,
  leaseUntil: new Date(noon.getTime() + 90_000),
})

type Change = (work: FakeWork) => Partial<ApiContext>

/** An application with a self-hosted environment, env_own, and what to ask it with. */
export function workScene(items: readonly StoredWork[] = [], change: Change = () => ({})) {
  const work = createFakeWork()
  for (const item of items) work.items.set(item.id, item)
  const own = createEnvironment({ name: 'own', config: { type: 'self_hosted' } }, { id: 'env_own', now: NOON })
  const fake = createFakeApp(() => {
    const { environments } = createFakeApp().context
    const read: ApiContext['environments']['read'] = async (workspace, id) =>
      id === own.id ? own : environments.read(workspace, id)
    return {
      callers: { verify: async (secret) => CALLERS[secret] ?? null },
      environments: { ...environments, read },
      work,
      ...change(work),
    }
  })
  storeSession(fake.world, 'sesn_1', { environmentId: 'env_own', status: 'running' })
  async function send(as: string, call: string, payload?: unknown, headers: Record<string, string> = {}) {
    const [method, path = ''] = call.split(' ')
    const answer = await fake.app.inject({
      method: method === 'GET' ? 'GET' : 'POST',
      url: path.startsWith('/v1') ? path : `/v1/environments/env_own/work${path}`,
      headers: {
        authorization: `Bearer ${as}`,
        ...headers,
        ...(payload ? { 'content-type': 'application/json' } : {}),
      },
      ...(payload ? { payload: JSON.stringify(payload) } : {}),
    })
    return { status: answer.statusCode, body: answer.json(), text: answer.body, headers: answer.headers }
  }
  return { ...fake, work, send }
}

/** A new item as clients see it. */
export const SHOWN = {
  id: 'work_1',
  type: 'work',
  environment_id: 'env_own',
  data: { type: 'session', id: 'sesn_1' },
  state: 'queued',
  secret: null,
  metadata: {},
  created_at: NOON,
  acknowledged_at: null,
  started_at: null,
  latest_heartbeat_at: null,
  stop_requested_at: null,
  stopped_at: null,
}
