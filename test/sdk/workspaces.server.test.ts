import Anthropic, { AuthenticationError, BadRequestError } from '@anthropic-ai/sdk'
import { beforeAll, describe, expect, test } from 'vitest'
import { primaryThread } from '../../src/workflows/messages.ts'
import { createSession, newId } from '../store/builders.ts'
import { collect, refused } from './drive.ts'
import { call } from './raw-http.ts'
import { useStack } from './use-stack.ts'

const use = useStack({ apis: 2 })

interface Workspace {
  readonly id: string
  readonly key: { readonly id: string; readonly secret: string }
  /** A client of each api process. */
  readonly clients: readonly [Anthropic, Anthropic]
}

async function openWorkspace(): Promise<Workspace> {
  const { stores, urls } = use().stack
  const id = newId('wrkspc')
  await stores.keys.createWorkspace(id, id)
  return { id, ...(await openKey(id, urls)) }
}

async function openKey(workspaceId: string, urls: readonly string[]): Promise<Omit<Workspace, 'id'>> {
  const key = { id: newId('key'), secret: newId('lh') }
  await use().stack.stores.keys.create({ id: key.id, name: key.id, workspaceId }, key.secret)
  const [left = '', right = ''] = urls
  const clientOf = (baseURL: string): Anthropic => new Anthropic({ baseURL, apiKey: key.secret, maxRetries: 0 })
  return { key, clients: [clientOf(left), clientOf(right)] }
}

const NOBODY = {
  agent: 'agent_01nobody',
  environment: 'env_01nobody',
  own: 'env_01nobody',
  session: 'sesn_01nobody',
  thread: 'sthr_01nobody',
  work: 'work_01nobody',
}

type Ids = typeof NOBODY

/** Every route that names a resource, with a request that is fine for who owns it. */
const ROUTES: readonly [method: string, path: string, body?: object][] = [
  ['GET', '/v1/agents/:agent'],
  ['GET', '/v1/agents/:agent?version=1'],
  ['POST', '/v1/agents/:agent', { name: 'stolen' }],
  ['POST', '/v1/agents/:agent/archive'],
  ['GET', '/v1/agents/:agent/versions'],
  ['GET', '/v1/environments/:environment'],
  ['POST', '/v1/environments/:environment', { name: 'stolen' }],
  ['POST', '/v1/environments/:environment/archive'],
  ['DELETE', '/v1/environments/:environment'],
  ['GET', '/v1/environments/:own/work'],
  ['GET', '/v1/environments/:own/work/stats'],
  ['GET', '/v1/environments/:own/work/:work'],
  ['POST', '/v1/environments/:own/work/:work', { metadata: { stolen: 'yes' } }],
  ['POST', '/v1/environments/:own/work/:work/stop', { force: true }],
  ['GET', '/v1/sessions/:session'],
  ['POST', '/v1/sessions/:session', { title: 'stolen' }],
  ['POST', '/v1/sessions/:session/archive'],
  ['DELETE', '/v1/sessions/:session'],
  ['GET', '/v1/sessions/:session/events'],
  ['GET', '/v1/sessions/:session/events/stream'],
  ['POST', '/v1/sessions/:session/events', { events: [{ type: 'user.interrupt' }] }],
  ['GET', '/v1/sessions/:session/threads'],
  ['GET', '/v1/sessions/:session/threads/:thread'],
  ['POST', '/v1/sessions/:session/threads/:thread/archive'],
  ['GET', '/v1/sessions/:session/threads/:thread/events'],
  ['GET', '/v1/sessions/:session/threads/:thread/stream'],
  ['GET', '/v1/sessions/:session/resources'],
  ['POST', '/v1/sessions/:session/resources', { type: 'file', file_id: 'file_01none' }],
  ['GET', '/v1/sessions/:session/resources/sesrsc_01none'],
  ['POST', '/v1/sessions/:session/resources/sesrsc_01none', { authorization_token: 'stolen' }],
  ['DELETE', '/v1/sessions/:session/resources/sesrsc_01none'],
]

describe('a workspace', () => {
  let mine: Workspace
  let theirs: Workspace
  let ids: Ids
  /** What the owner sees of it all. */
  let owned: () => Promise<unknown>

  beforeAll(async () => {
    mine = await openWorkspace()
    theirs = await openWorkspace()
    const { agents, environments, sessions } = theirs.clients[0].beta
    const agent = await agents.create({ name: 'theirs', model: 'claude-opus-5-5' })
    const environment = await environments.create({ name: 'theirs' })
    // Without a session, so that nothing but its workspace keeps it from being deleted.
    const spare = await environments.create({ name: 'spare' })
    const session = await sessions.create({ agent: agent.id, environment_id: environment.id })
    const thread = primaryThread(session.id)
    const own = await environments.create({ name: 'own', config: { type: 'self_hosted' } })
    const { stores } = use().stack
    const { id: served } = await createSession(stores, theirs.id, { environmentId: own.id })
    const work = newId('work')
    await stores.work.enqueue({ id: work, sessionId: served })
    ids = { agent: agent.id, environment: spare.id, own: own.id, session: session.id, thread, work }
    owned = async () => [
      await collect(agents.list({ include_archived: true })),
      await collect(environments.list({ include_archived: true })),
      await collect(sessions.list({ include_archived: true })).then((list) => list.map(({ id, title }) => [id, title])),
      await collect(sessions.events.list(session.id)),
      await collect(environments.work.list(own.id)),
    ]
  })

  test.each(ROUTES)('is closed to keys of others: %s %s', async (method, path, body) => {
    const before = await owned()
    const ask = (of: Ids) =>
      call(use().stack.urls[0] ?? '', {
        method,
        path: path.replaceAll(/:(agent|environment|own|session|thread|work)/g, (_, kind: keyof Ids) => of[kind]),
        headers: { authorization: `Bearer ${mine.key.secret}` },
        body,
      })
    const [foreign, missing] = [await ask(ids), await ask(NOBODY)]
    expect([foreign.status, missing.status]).toEqual([404, 404])
    const said = (text: string): unknown => {
      const { error } = JSON.parse(text)
      return JSON.parse(JSON.stringify(error).replaceAll(/(agent|env|sesn|work)_\w+/g, '$1_…'))
    }
    expect(said(foreign.text)).toEqual(said(missing.text))
    expect(await owned()).toEqual(before)
  })

  test('lends nothing to sessions and rosters of others', async () => {
    const { agents, environments, sessions } = mine.clients[0].beta
    const agent = await agents.create({ name: 'mine', model: 'claude-opus-5-5' })
    const environment = await environments.create({ name: 'theirs' })
    for (const parts of [
      { agent: ids.agent, environment_id: environment.id },
      { agent: agent.id, environment_id: ids.environment },
    ]) {
      expect(await refused(sessions.create(parts))).toMatchObject({ status: 404 })
    }
    const roster = { type: 'coordinator' as const, agents: [{ type: 'agent' as const, id: ids.agent }] }
    const boss = agents.create({ name: 'boss', model: 'claude-opus-5-5', multiagent: roster })
    expect(await refused(boss)).toBeInstanceOf(BadRequestError)
  })

  test('shows its own in lists and takes no cursor of others', async () => {
    const { beta } = (await openWorkspace()).clients[0]
    for (const list of [beta.agents.list(), beta.environments.list(), beta.sessions.list()])
      expect(await collect<unknown>(list)).toEqual([])
    const page = (await theirs.clients[0].beta.environments.list({ limit: 1 })).next_page ?? ''
    expect(page).not.toBe('')
    expect(await refused(mine.clients[0].beta.environments.list({ page }))).toBeInstanceOf(BadRequestError)
  })

  test('is opened by each of its keys, and every answer names it', async () => {
    const other = await openKey(theirs.id, use().stack.urls)
    const { data, response } = await other.clients[1].beta.agents.retrieve(ids.agent).withResponse()
    expect(data.id).toBe(ids.agent)
    expect(response.headers.get('anthropic-workspace-id')).toBe(theirs.id)
  })
})

describe('a revoked key', () => {
  test('opens nothing any more, in any process, from the next request on; the other keys do', async () => {
    const { stack } = use()
    const workspace = await openWorkspace()
    const other = await openKey(workspace.id, stack.urls)
    const rounds = 20
    for (let round = 0; round < rounds; round++) {
      const { key, clients } = await openKey(workspace.id, stack.urls)
      for (const { beta } of clients) expect(await collect(beta.agents.list())).toEqual([])
      await stack.stores.keys.revoke(key.id, new Date())
      for (const { beta } of clients) expect(await refused(beta.agents.list())).toBeInstanceOf(AuthenticationError)
    }
    for (const { beta } of other.clients) expect(await collect(beta.agents.list())).toEqual([])
    console.log(`revoked keys: n = ${rounds * 2} requests after revocation, over 2 apis, let in = 0`)
  })
})
