import { primaryThread } from '../../src/workflows/messages.ts'
import type { Case, Places } from './bad-case.ts'
import { agent, agents, bearer, events, get, KEY, MISSING, post, sessions, text } from './bad-case.ts'

const edited = ({ cursor }: Places, change: (bytes: Buffer) => void): string => {
  const bytes = Buffer.from(cursor, 'base64url')
  change(bytes)
  return bytes.toString('base64url')
}
const resume = (name: string, id: string | ((places: Places) => string)): Case => ({
  name: `a stream from ${name}`,
  path: (places) => `${events(places)}/stream`,
  headersOf: (places) => ({ ...bearer(KEY), 'last-event-id': typeof id === 'string' ? id : id(places) }),
})

/** Ids, cursors and versions of something else, of nobody, or of what is gone. */
export const BAD_IDS: readonly Case[] = [
  get('a session where an agent belongs', ({ session }) => `/v1/agents/${session}`, 404),
  get('an environment where an agent belongs', ({ environment }) => `/v1/agents/${environment}`, 404),
  get('an agent where an environment belongs', (places) => `/v1/environments/${places.agent}`, 404),
  get('an environment where a session belongs', ({ environment }) => `/v1/sessions/${environment}`, 404),
  get('an agent where a model belongs', (places) => `/v1/models/${places.agent}`, 404),
  get('events of an agent', (places) => `/v1/sessions/${places.agent}/events`, 404),
  get('versions of a session', ({ session }) => `/v1/agents/${session}/versions`, 404),
  post(
    'events to an agent',
    (places) => `/v1/sessions/${places.agent}/events`,
    { events: [text('x')] },
    { status: 404 },
  ),
  {
    name: 'DELETE of an agent as a session',
    method: 'DELETE',
    path: (places) => `/v1/sessions/${places.agent}`,
    status: 404,
  },
  post('an archive of nothing', () => `/v1/sessions/${MISSING}/archive`, undefined, { status: 404 }),
  {
    ...post('a session as the agent of a session', sessions, undefined, { status: 404 }),
    bodyOf: ({ session, environment }) => ({ agent: session, environment_id: environment }),
  },
  {
    ...post('an agent as the environment of a session', sessions, undefined, { status: 404 }),
    bodyOf: (places) => ({ agent: places.agent, environment_id: places.agent }),
  },
  {
    ...post('a version of an agent that never was', sessions, undefined, { status: 404 }),
    bodyOf: (places) => ({
      agent: { type: 'agent', id: places.agent, version: 9 },
      environment_id: places.environment,
    }),
  },
  {
    ...post('an archived agent of a session', sessions, undefined),
    bodyOf: ({ archivedAgent, environment }) => ({ agent: archivedAgent, environment_id: environment }),
  },
  {
    ...post('a version of an archived agent', sessions, undefined),
    bodyOf: ({ archivedAgent: id, environment }) => ({
      agent: { type: 'agent', id, version: 1 },
      environment_id: environment,
    }),
  },
  post('an update of an archived agent', (places) => `/v1/agents/${places.archivedAgent}`, { name: 'x' }),
  {
    ...post('an archived environment of a session', sessions, undefined),
    bodyOf: ({ agent: id, archivedEnvironment }) => ({ agent: id, environment_id: archivedEnvironment }),
  },
  ...[-1, 0, 1.5, 2 ** 31, '1'].map((version): Case => ({
    ...post(`${typeof version} ${version} as the version of a session’s agent`, sessions, undefined),
    bodyOf: (places) => ({
      agent: { type: 'agent', id: places.agent, version },
      environment_id: places.environment,
    }),
  })),
  {
    ...post('an agent of another workspace in a roster', agents, undefined),
    bodyOf: ({ foreignAgent }) => ({
      name: 'x',
      model: 'm',
      multiagent: { type: 'coordinator', agents: [{ type: 'agent', id: foreignAgent }] },
    }),
    says: /no such agent/,
  },
  agent('an agent of nobody in a roster', { multiagent: { type: 'coordinator', agents: ['agent_01missing'] } }),
  get('a negative version', (places) => `/v1/agents/${places.agent}?version=-1`),
  get('a version that is no integer', (places) => `/v1/agents/${places.agent}?version=1.5`),
  get('two versions', (places) => `/v1/agents/${places.agent}?version=1&version=1`),
  { ...post('a stale version', (places) => `/v1/agents/${places.agent}`, { name: 'x', version: 7 }), status: 409 },

  get('a session where a thread belongs', ({ session }) => `/v1/sessions/${session}/threads/${session}`, 404),
  get('a thread where a session belongs', (places) => `/v1/sessions/${primaryThread(places.session)}/threads`, 404),
  get(
    'a thread of another session',
    (places) => `/v1/sessions/${places.session}/threads/${primaryThread(places.archived)}`,
    404,
  ),
  get('events of another thread', ({ session }) => `/v1/sessions/${session}/threads/sthr_01missing/events`, 404),
  get('a stream of another thread', ({ session }) => `/v1/sessions/${session}/threads/sthr_01missing/stream`, 404),
  get('threads of a deleted session', ({ deleted }) => `/v1/sessions/${deleted}/threads`, 404),
  get('threads of a status of nobody', ({ session }) => `/v1/sessions/${session}/threads?statuses%5B%5D=asleep`),
  get('1,001 threads', ({ session }) => `/v1/sessions/${session}/threads?limit=1001`),
  get('a page of threads', (places) => `/v1/sessions/${places.session}/threads?page=${places.cursor}`),
  get('a thread’s events by their type', (places) => {
    return `/v1/sessions/${places.session}/threads/${primaryThread(places.session)}/events?types%5B%5D=user.message`
  }),
  get('a page of resources', (places) => `/v1/sessions/${places.session}/resources?page=${places.cursor}`),
  get('a resource of nobody', ({ session }) => `/v1/sessions/${session}/resources/sesrsc_01missing`, 404),
  post('a resource of another kind', ({ session }) => `/v1/sessions/${session}/resources`, {
    type: 'github_repository',
    url: 'https://github.com/a/b',
  }),
  post('a resource without its file', ({ session }) => `/v1/sessions/${session}/resources`, { type: 'file' }),
  post('a token that is none', ({ session }) => `/v1/sessions/${session}/resources/sesrsc_01missing`, {
    authorization_token: '',
  }),
  get('a stage of models of nobody', () => '/v1/models?lifecycle%5B%5D=unborn'),
  get('a vault, which is not built yet', () => '/v1/vaults/vlt_01missing', 404),
  get('a path that no API has', () => '/v1/soothsayers', 404),

  get('a deleted session', ({ deleted }) => `/v1/sessions/${deleted}`, 404),
  get('the events of a deleted session', ({ deleted }) => `/v1/sessions/${deleted}/events`, 404),
  get('a stream of a deleted session', ({ deleted }) => `/v1/sessions/${deleted}/events/stream`, 404),
  {
    name: 'DELETE of a deleted session',
    method: 'DELETE',
    path: ({ deleted }) => `/v1/sessions/${deleted}`,
    status: 404,
  },
  post(
    'a message to a deleted session',
    ({ deleted }) => `/v1/sessions/${deleted}/events`,
    { events: [text('x')] },
    { status: 404 },
  ),
  post('a title for a deleted session', ({ deleted }) => `/v1/sessions/${deleted}`, { title: 'x' }, { status: 404 }),
  post('a message to an archived session', ({ archived }) => `/v1/sessions/${archived}/events`, {
    events: [text('x')],
  }),
  post('an interrupt of an archived session', ({ archived }) => `/v1/sessions/${archived}/events`, {
    events: [{ type: 'user.interrupt' }],
  }),
  post('a title for an archived session', ({ archived }) => `/v1/sessions/${archived}`, { title: 'x' }),

  get('a cursor of another session', (places) => `${events(places)}?page=${places.otherCursor}`),
  get(
    'a cursor with another tag',
    (places) => `${events(places)}?page=${edited(places, (bytes) => bytes.writeUInt8(bytes.readUInt8(0) ^ 1, 0))}`,
  ),
  get('a cursor with another position', (places) => {
    return `${events(places)}?page=${edited(places, (bytes) => bytes.writeUInt8(0x39, bytes.length - 2))}`
  }),
  get(
    'a cursor that was decoded',
    (places) =>
      `${events(places)}?page=${encodeURIComponent(Buffer.from(places.cursor, 'base64url').toString('latin1'))}`,
  ),
  get('a cursor spelt as base64', (places) => `${events(places)}?page=${places.cursor}%3D%3D`),
  get('a cursor of 3,000 characters', (places) => `${events(places)}?page=${'A'.repeat(3000)}`),
  get('a cursor twice', (places) => `${events(places)}?page=${places.cursor}&page=${places.cursor}`),
  get(
    'a cursor whose place the times exclude',
    (places) => `${events(places)}?page=${places.cursor}&created_at%5Bgt%5D=2100-01-01T00:00:00Z`,
  ),
  get('a cursor of events in a list of sessions', (places) => `/v1/sessions?page=${places.cursor}`),
  get('a cursor in a list of versions', (places) => `/v1/agents/${places.agent}/versions?page=${places.cursor}`),
  get('a model that no list starts behind', () => '/v1/models?after_id=none'),

  get('an event type of nobody', (places) => `${events(places)}?types%5B%5D=user.poem`),
  get('an event type that no list holds', (places) => `${events(places)}?types%5B%5D=event_delta`),
  get('101 event types', (places) => `${events(places)}?${'types%5B%5D=user.message&'.repeat(101)}`),
  get('types without brackets', (places) => `${events(places)}?types=user.message`),
  get('an empty type', (places) => `${events(places)}?types%5B%5D=`),
  get('a day that is none', () => '/v1/sessions?created_at%5Bgte%5D=2026-02-30T00:00:00Z'),
  get(
    'two starts',
    () => '/v1/sessions?created_at%5Bgt%5D=2026-01-01T00:00:00Z&created_at%5Bgt%5D=2026-01-02T00:00:00Z',
  ),
  get('a deployment', () => '/v1/sessions?deployment_id=depl_x'),
  get('a memory store', () => '/v1/sessions?memory_store_id=memstore_x'),
  get('archived ones, perhaps', () => '/v1/sessions?include_archived=maybe'),
  get('a page that is empty', () => '/v1/sessions?page=', 200),
  get('no session of this agent', () => '/v1/sessions?agent_id=agent_01missing', 200),
  get('a time in the year 9999', () => '/v1/sessions?created_at%5Bgt%5D=9999-12-31T23:59:59.999Z', 200),
  get('a time in the year 0', () => '/v1/sessions?created_at%5Bgt%5D=0000-01-01T00:00:00Z', 200),

  get('deltas of an unknown kind for a thread', ({ session }) => {
    return `/v1/sessions/${session}/threads/${primaryThread(session)}/stream?event_deltas%5B%5D=agent.tool_use`
  }),
  get('101 deltas', (places) => `${events(places)}/stream?${'event_deltas%5B%5D=agent.message&'.repeat(101)}`),
  get('deltas without brackets', (places) => `${events(places)}/stream?event_deltas=agent.message`),
  get('a cursor for a stream', (places) => `${events(places)}/stream?page=${places.cursor}`),
  resume('a position that is none', 'abc'),
  resume('an event’s id', 'sevt_01none'),
  resume('a position of the future', '1.999999.0'),
  resume('a run of the future', '99.1.0'),
  resume('a position past all integers', `1.${'9'.repeat(400)}.0`),
  resume('a negative position', '1.-1.0'),
  resume('8 KB of position', '1'.repeat(8_000)),
]
