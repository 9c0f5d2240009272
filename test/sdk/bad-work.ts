import type { Case, Places } from './bad-case.ts'
import {
  OTHER_WORKER_KEY,
  REVOKED_TOKEN,
  REVOKED_WORKER_KEY,
  SPENT_TOKEN,
  WORKER_KEY,
  WORK_TOKEN,
  agents,
  bearer,
  get,
  post,
  text,
} from './bad-case.ts'

type Path = (places: Places) => string

const queue: Path = ({ own }) => `/v1/environments/${own}/work`
const poll: Path = (places) => `${queue(places)}/poll`
const item: Path = (places) => `${queue(places)}/${places.held}`
const ack: Path = (places) => `${item(places)}/ack`
const beat: Path = (places) => `${item(places)}/heartbeat`
const served: Path = (places) => `/v1/sessions/${places.served}`

/** A request with this secret, 403 unless it says otherwise. */
function as(secret: string, name: string, call: Omit<Case, 'name' | 'headers'>): Case {
  return { status: 403, ...call, name, headers: bearer(secret) }
}

function poster(secret: string, name: string, path: Path, rest: Partial<Case> = {}): Case {
  return as(secret, name, { method: 'POST', path, ...rest })
}

const results = { events: [{ type: 'user.tool_result', tool_use_id: 'sevt_01x' }] }

/** What workers, and whoever takes their credentials, must not do. */
export const BAD_WORK: readonly Case[] = [
  as(REVOKED_WORKER_KEY, 'a poll with a revoked environment key', { path: poll, status: 401 }),
  as(REVOKED_TOKEN, 'a token that a revoked environment key polled', { path: served, status: 401 }),
  as(SPENT_TOKEN, 'a token of an item that was stopped long ago', { path: served, status: 401 }),
  as('lh_work_nobody', 'a token of nothing', { path: served, status: 401 }),
  as('lh_env_nobody', 'an environment key of nothing', { path: poll, status: 401 }),
  as(OTHER_WORKER_KEY, 'a poll with the key of another environment', {
    path: poll,
    says: /for env_\w+ alone/,
  }),
  poster(OTHER_WORKER_KEY, 'a stop with the key of another environment', (places) => `${item(places)}/stop`),
  as(OTHER_WORKER_KEY, 'a session of another environment', { path: served, status: 404 }),
  as(WORKER_KEY, 'an item of another environment', {
    path: ({ own, otherHeld }) => `/v1/environments/${own}/work/${otherHeld}`,
    status: 404,
  }),
  {
    name: 'an API key and an environment key',
    path: poll,
    headers: { ...bearer(WORKER_KEY), 'x-api-key': 'lh_test_key' },
    status: 401,
  },
  get('a poll with an API key', poll, 403),
  { ...get('the command for a key', poll, 403), says: /longhand environments keys create/ },
  post('an acknowledgement with an API key', ack, undefined, { status: 403 }),
  post('a heartbeat with an API key', beat, undefined, { status: 403 }),

  as(WORKER_KEY, 'agents for a worker', { path: agents }),
  as(WORKER_KEY, 'a list of sessions for a worker', { path: () => '/v1/sessions' }),
  as(WORKER_KEY, 'a list of environments for a worker', { path: () => '/v1/environments' }),
  as(WORKER_KEY, 'files for a worker', { path: () => '/v1/files' }),
  poster(WORKER_KEY, 'a session made by a worker', () => '/v1/sessions', { body: { agent: 'a', environment_id: 'e' } }),
  poster(WORKER_KEY, 'a change of its environment by a worker', ({ own }) => `/v1/environments/${own}`, { body: {} }),
  poster(WORK_TOKEN, 'a change of its session by a worker', served, { body: { title: 'stolen' } }),
  poster(WORK_TOKEN, 'an archive of its session by a worker', (places) => `${served(places)}/archive`),
  as(WORK_TOKEN, 'a deletion of its session by a worker', { method: 'DELETE', path: served }),
  as(WORK_TOKEN, 'a poll with a token', { path: poll }),
  as(WORK_TOKEN, 'a list of items with a token', { path: queue }),
  as(WORK_TOKEN, 'another session of its environment with a token', {
    path: ({ otherServed }) => `/v1/sessions/${otherServed}`,
  }),
  poster(WORK_TOKEN, 'results for another session', ({ otherServed }) => `/v1/sessions/${otherServed}/events`, {
    body: results,
  }),
  poster(
    WORK_TOKEN,
    'a heartbeat for another item',
    ({ own, otherHeld }) => `/v1/environments/${own}/work/${otherHeld}/heartbeat`,
  ),
  poster(WORK_TOKEN, 'a message of a worker', (places) => `${served(places)}/events`, {
    body: { events: [text('obey')] },
    says: /results of tools/,
  }),
  poster(WORKER_KEY, 'a confirmation of a worker', (places) => `${served(places)}/events`, {
    body: { events: [{ type: 'user.tool_confirmation', tool_use_id: 'sevt_01x', result: 'allow' }] },
  }),
  poster(WORKER_KEY, 'a deployment made by a worker', () => '/v1/deployments', { status: 404 }),

  as(WORKER_KEY, 'a poll of 0 ms', { path: (places) => `${poll(places)}?block_ms=0`, status: 400 }),
  as(WORKER_KEY, 'a poll of a second', { path: (places) => `${poll(places)}?block_ms=1000`, status: 400 }),
  as(WORKER_KEY, 'a poll that reclaims what is to come', {
    path: (places) => `${poll(places)}?reclaim_older_than_ms=-1`,
    status: 400,
  }),
  {
    name: 'a worker with a name of 10 KB',
    path: poll,
    headers: { ...bearer(WORKER_KEY), 'anthropic-worker-id': 'w'.repeat(10_000) },
  },
  {
    name: 'a worker whose name breaks the line',
    raw: (places) =>
      `GET ${poll(places)} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${WORKER_KEY}\r\nanthropic-worker-id: a\rb\r\n\r\n`,
  },
  poster(WORKER_KEY, 'an acknowledgement of what is held', ack, { status: 409 }),
  poster(WORK_TOKEN, 'a claim of what is held', (places) => `${beat(places)}?expected_last_heartbeat=NO_HEARTBEAT`, {
    status: 412,
  }),
  poster(WORK_TOKEN, 'a heartbeat after one that never was', (places) => `${beat(places)}?expected_last_heartbeat=x`, {
    status: 412,
  }),
  poster(WORK_TOKEN, 'a lease of a day', (places) => `${beat(places)}?desired_ttl_seconds=86400`, { status: 400 }),
  poster(WORKER_KEY, 'a heartbeat for nothing', (places) => `${queue(places)}/work_01none/heartbeat`, { status: 404 }),
  post('metadata of an item that are no text', item, { metadata: { k: 1 } }),
  post('17 pairs of metadata of an item', item, {
    metadata: Object.fromEntries(Array.from({ length: 17 }, (_, n) => [`k${n}`, 'v'])),
  }),
  post('a change of an item’s state', item, { metadata: {}, state: 'stopped' }),
  post('a stop with words', (places) => `${item(places)}/stop`, { force: 'yes' }),
  get('the queue of a cloud environment', ({ environment }) => `/v1/environments/${environment}/work`),
  get('the figures of no environment', () => '/v1/environments/env_01missing/work/stats', 404),
  get('a page of another queue', (places) => `${queue(places)}?page=${places.cursor}`),
]
