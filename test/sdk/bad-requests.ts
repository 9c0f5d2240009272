import type { Call } from './raw-http.ts'

const MISSING = 'sesn_01missing'
const OTHER_KEY = 'lh_other_secret'

/** Ids that the requests are made with. */
export interface Places {
  readonly session: string
  readonly agent: string
  /** Of the second page of the session's events, one event a page. */
  readonly cursor: string
  /** Of a list of another workspace. */
  readonly foreignCursor: string
}

export interface Case extends Omit<Call, 'path'> {
  readonly name: string
  readonly path?: (places: Places) => string
  readonly body?: unknown
  readonly status?: number
}

/** `error.type` of each status that may be answered. */
export const TYPES: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  409: 'conflict_error',
  413: 'request_too_large',
}

const events = ({ session }: Places): string => `/v1/sessions/${session}/events`
const update = ({ session }: Places): string => `/v1/sessions/${session}`
const sessions = (): string => '/v1/sessions'
const agents = (): string => '/v1/agents'
const post = (name: string, path: (places: Places) => string, body: unknown, rest: Partial<Case> = {}): Case => ({
  name,
  method: 'POST',
  path,
  body,
  ...rest,
})
const send = (name: string, ...list: unknown[]): Case => post(name, events, { events: list })
const get = (name: string, path: (places: Places) => string, status = 400): Case => ({ name, path, status })
const text = (words: string): object => ({ type: 'user.message', content: [{ type: 'text', text: words }] })
const pairs = (count: number): object => Object.fromEntries(Array.from({ length: count }, (_, n) => [`k${n}`, 'v']))
const bearer = (key: string): Record<string, string> => ({ authorization: `Bearer ${key}` })

export const BAD_REQUESTS: readonly Case[] = [
  { name: 'no key', headers: {}, status: 401 },
  { name: 'a wrong key', headers: bearer('nobody'), status: 401 },
  { name: 'an empty bearer token', headers: { authorization: 'Bearer ' }, status: 401 },
  { name: 'another scheme', headers: { authorization: 'Basic bGg6dGVzdA==' }, status: 401 },
  { name: 'a wrong x-api-key', headers: { 'x-api-key': 'nobody' }, status: 401 },
  { name: 'two keys that differ', headers: { ...bearer('lh_test_key'), 'x-api-key': OTHER_KEY }, status: 401 },
  {
    name: 'another workspace by name',
    headers: { ...bearer('lh_test_key'), 'anthropic-workspace-id': 'other' },
    status: 403,
  },
  { name: 'no key on an unknown route', path: () => '/v1/nothing', headers: {}, status: 401 },

  get('an unknown session', () => `/v1/sessions/${MISSING}`, 404),
  get('an agent where a session belongs', (places) => `/v1/sessions/${places.agent}`, 404),
  get('an unknown agent', () => '/v1/agents/agent_01missing', 404),
  get('an unknown environment', () => '/v1/environments/env_01missing', 404),
  get('an unknown model', () => '/v1/models/none', 404),
  get('a stream of an unknown session', () => `/v1/sessions/${MISSING}/events/stream`, 404),
  get('an id with U+0000', () => '/v1/agents/agent%00', 404),
  get('an id with a slash', () => '/v1/agents/..%2f..%2fsessions', 404),
  get('an id with a line break', () => '/v1/agents/a%0d%0aset-cookie:%20x', 404),
  get('an id of 3,000 characters', () => `/v1/agents/${'a'.repeat(3000)}`, 404),
  get('a version that never was', (places) => `/v1/agents/${places.agent}?version=7`, 404),
  get('version 0', (places) => `/v1/agents/${places.agent}?version=0`),
  get('a version past the integers', (places) => `/v1/agents/${places.agent}?version=2147483648`),

  get('a path that is no UTF-8', () => '/v1/agents/%ff'),
  get('a path with half an escape', () => '/v1/agents/%zz'),
  get('an unknown route', () => '/v1/vaults/x/y/z', 404),
  get('a doubled slash', () => '/v1//agents', 404),
  get('a trailing slash', () => '/v1/agents/', 404),
  get('another case', () => '/V1/Agents', 404),
  get('dots in the path', () => '/v1/agents/../../etc/passwd', 404),
  { name: 'PUT', method: 'PUT', path: update, body: {}, status: 404 },
  { name: 'PATCH', method: 'PATCH', path: update, body: { title: 'x' }, status: 404 },
  { name: 'OPTIONS', method: 'OPTIONS', path: agents, status: 404 },
  {
    name: 'a method override',
    path: update,
    headers: { ...bearer('lh_test_key'), 'x-http-method-override': 'DELETE' },
    status: 200,
  },

  post('truncated JSON', events, '{"events":['),
  post('JSON with a tail', events, '{"events":[]} x'),
  post('an empty body', events, ''),
  post('no body', events, undefined),
  post('bytes that are no UTF-8', agents, Buffer.from([0x7b, 0xff, 0x7d])),
  post('a list', agents, []),
  post('null', sessions, 'null'),
  post('text that says that it is text', events, 'hello', {
    headers: { ...bearer('lh_test_key'), 'content-type': 'text/plain' },
  }),
  post('a form', agents, 'a=b', {
    headers: { ...bearer('lh_test_key'), 'content-type': 'application/x-www-form-urlencoded' },
  }),
  post(
    'UTF-16',
    agents,
    {},
    { headers: { ...bearer('lh_test_key'), 'content-type': 'application/json; charset=utf-16' } },
  ),
  post('33 MB', events, `{"events":"${'x'.repeat(33 * 1024 * 1024)}"}`, { status: 413 }),
  post('more text than a session queues', events, { events: [text('x'.repeat(600 * 1024))] }, { status: 413 }),
  post('JSON nested 10,000 deep', events, `{"events":${'['.repeat(10_000)}${']'.repeat(10_000)}}`),
  post('a key named __proto__', agents, '{"name":"x","model":"m","metadata":{"__proto__":"x"}}'),
  post('a number past all bounds', (places) => `/v1/agents/${places.agent}`, '{"version":1e400}'),
  send('U+0000 in a text', text('a\0b')),
  post(
    'half a surrogate pair',
    events,
    String.raw`{"events":[{"type":"user.message","content":[{"type":"text","text":"\ud800"}]}]}`,
  ),

  post('an unknown field', agents, { name: 'x', model: 'm', status: 'running' }),
  post('a field of the server', sessions, { agent: 'a', environment_id: 'e', created_at: '2026-01-01T00:00:00Z' }),
  post('a number for a name', agents, { name: 7, model: 'm' }),
  post('a list for a title', update, { title: ['x'] }),
  post('a title that is too long', update, { title: 'x'.repeat(513) }),
  post('17 pairs of metadata', update, { metadata: pairs(17) }),
  post('a key of 65 characters', update, { metadata: { ['k'.repeat(65)]: 'v' } }),
  post('a value of 513 characters', update, { metadata: { k: 'v'.repeat(513) } }),
  post('metadata that is no text', update, { metadata: { k: 1 } }),
  post('one field that is refused among others', update, { title: 'not stored', vault_ids: ['vlt_x'] }),
  post('what is not built yet', update, { agent: { tools: [] } }),

  post('no events', events, { events: [] }),
  post('257 events', events, { events: Array.from({ length: 257 }, () => text('x')) }),
  send('an unknown type', { type: 'user.poem' }),
  send('an event of the server', { type: 'agent.message', content: [{ type: 'text', text: 'x' }] }),
  send('a status of the server', { type: 'session.status_idle', stop_reason: { type: 'end_turn' } }),
  send('an id of its own', { ...text('x'), id: 'sevt_01mine' }),
  send('a time of its own', { ...text('x'), processed_at: '2026-01-01T00:00:00Z' }),
  send('a good event and a bad one', text('fine'), { type: 'user.message', content: [] }),
  send('white space', text(' \n')),
  send('a redacted block', { type: 'user.message', content: [{ type: 'redacted' }] }),
  send('a confirmation of nothing', { type: 'user.tool_confirmation', tool_use_id: 'sevt_x', result: 'allow' }),
  post(
    'a key of 256 characters',
    events,
    { events: [text('x')] },
    { headers: { ...bearer('lh_test_key'), 'idempotency-key': 'k'.repeat(256) } },
  ),

  post(
    'an unknown agent of a session',
    sessions,
    { agent: 'agent_01missing', environment_id: 'env_01missing' },
    { status: 404 },
  ),
  post('no environment', sessions, { agent: 'agent_01missing' }),
  post('initial events of the server', sessions, {
    agent: 'a',
    environment_id: 'e',
    initial_events: [{ type: 'user.interrupt' }],
  }),
  post('51 initial events', sessions, {
    agent: 'a',
    environment_id: 'e',
    initial_events: Array.from({ length: 51 }, () => text('x')),
  }),
  post('a budget', sessions, {
    agent: 'a',
    environment_id: 'e',
    budget: { type: 'limit', max_list_cost: { amount: '1', currency: 'USD' } },
  }),

  get('limit=0', (places) => `${events(places)}?limit=0`),
  get('limit=-1', () => `${agents()}?limit=-1`),
  get('limit=1001', (places) => `${events(places)}?limit=1001`),
  get('limit=ten', () => `${sessions()}?limit=ten`),
  get('two limits', () => `${sessions()}?limit=1&limit=2`),
  get('an unknown order', (places) => `${events(places)}?order=sideways`),
  get('an unknown parameter', (places) => `${events(places)}?after=x`),
  get('an unknown status', () => `${sessions()}?statuses%5B%5D=asleep`),
  get('a time that is none', (places) => `${events(places)}?created_at%5Bgt%5D=yesterday`),
  get('a version without its agent', () => `${sessions()}?agent_version=1`),
  get('deltas of an unknown kind', (places) => `${events(places)}/stream?event_deltas%5B%5D=agent.tool_use`),
  get('a cursor that is none', (places) => `${events(places)}?page=abc`),
  get('an altered cursor', (places) => `${events(places)}?page=${places.cursor.slice(0, -2)}AA`),
  get('a cursor with another order', (places) => `${events(places)}?order=desc&page=${places.cursor}`),
  get('a cursor of another list', (places) => `${agents()}?page=${places.cursor}`),
  get('a cursor of another workspace', (places) => `${sessions()}?page=${places.foreignCursor}`),
  get('an id with U+0000 in a filter', () => `${sessions()}?agent_id=a%00b`),
]
