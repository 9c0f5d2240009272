import { WIRE_SCHEMA } from '../../src/wire/schema.ts'
import { applyLimits } from '../../src/wire/limits.ts'
import { DEFINITIONS } from '../../src/wire/requests.ts'
import type { Bodies, Queries } from '../../src/wire/requests.ts'
import { HORRORS, mutate, toText } from './fuzz-mutation.ts'
import type { Random } from './fuzz-random.ts'
import type { Ids, Sampler } from './fuzz-sample.ts'
import { createSampler, isNode } from './fuzz-sample.ts'

/**
 * A route of the API: its path with `:id`, what stands for the id, and what its body and query are. A `:thread` is mostly
 * the session's own, a `:resource` and a `:work` anything.
 */
export interface Route {
  readonly method: 'GET' | 'POST' | 'DELETE'
  readonly path: string
  readonly id?: 'agent' | 'environment' | 'session' | 'model' | 'file'
  readonly body?: keyof Bodies
  readonly query?: keyof Queries
  /** Its body is a form with a file. */
  readonly isForm?: true
  /** How often it is asked, 1 if nothing is said. */
  readonly weight?: number
}

export const ROUTES: readonly Route[] = [
  { method: 'POST', path: '/v1/agents', body: 'agents.create', weight: 4 },
  { method: 'GET', path: '/v1/agents', query: 'agents.list', weight: 2 },
  { method: 'GET', path: '/v1/agents/:id', id: 'agent', query: 'agents.retrieve' },
  { method: 'POST', path: '/v1/agents/:id', id: 'agent', body: 'agents.update', weight: 4 },
  { method: 'POST', path: '/v1/agents/:id/archive', id: 'agent' },
  { method: 'GET', path: '/v1/agents/:id/versions', id: 'agent', query: 'agents.versions' },
  { method: 'POST', path: '/v1/environments', body: 'environments.create', weight: 4 },
  { method: 'GET', path: '/v1/environments', query: 'environments.list', weight: 2 },
  { method: 'GET', path: '/v1/environments/:id', id: 'environment' },
  { method: 'POST', path: '/v1/environments/:id', id: 'environment', body: 'environments.update', weight: 2 },
  { method: 'POST', path: '/v1/environments/:id/archive', id: 'environment' },
  { method: 'DELETE', path: '/v1/environments/:id', id: 'environment' },
  { method: 'GET', path: '/v1/environments/:id/work', id: 'environment', query: 'work.list' },
  { method: 'GET', path: '/v1/environments/:id/work/poll', id: 'environment', query: 'work.poll' },
  { method: 'GET', path: '/v1/environments/:id/work/stats', id: 'environment' },
  { method: 'GET', path: '/v1/environments/:id/work/:work', id: 'environment' },
  { method: 'POST', path: '/v1/environments/:id/work/:work', id: 'environment', body: 'work.update' },
  { method: 'POST', path: '/v1/environments/:id/work/:work/ack', id: 'environment' },
  { method: 'POST', path: '/v1/environments/:id/work/:work/heartbeat', id: 'environment', query: 'work.heartbeat' },
  { method: 'POST', path: '/v1/environments/:id/work/:work/stop', id: 'environment', body: 'work.stop' },
  { method: 'POST', path: '/v1/sessions', body: 'sessions.create', weight: 4 },
  { method: 'GET', path: '/v1/sessions', query: 'sessions.list', weight: 3 },
  { method: 'GET', path: '/v1/sessions/:id', id: 'session' },
  { method: 'POST', path: '/v1/sessions/:id', id: 'session', body: 'sessions.update', weight: 3 },
  { method: 'POST', path: '/v1/sessions/:id/archive', id: 'session' },
  { method: 'DELETE', path: '/v1/sessions/:id', id: 'session' },
  { method: 'POST', path: '/v1/sessions/:id/events', id: 'session', body: 'events.send', weight: 6 },
  { method: 'GET', path: '/v1/sessions/:id/events', id: 'session', query: 'events.list', weight: 4 },
  { method: 'GET', path: '/v1/sessions/:id/events/stream', id: 'session', query: 'events.stream', weight: 2 },
  { method: 'GET', path: '/v1/sessions/:id/threads', id: 'session', query: 'threads.list', weight: 2 },
  { method: 'GET', path: '/v1/sessions/:id/threads/:thread', id: 'session' },
  { method: 'POST', path: '/v1/sessions/:id/threads/:thread/archive', id: 'session' },
  { method: 'GET', path: '/v1/sessions/:id/threads/:thread/events', id: 'session', query: 'threads.events', weight: 2 },
  { method: 'GET', path: '/v1/sessions/:id/threads/:thread/stream', id: 'session', query: 'events.stream' },
  { method: 'GET', path: '/v1/sessions/:id/resources', id: 'session', query: 'resources.list' },
  { method: 'POST', path: '/v1/sessions/:id/resources', id: 'session', body: 'resources.add' },
  { method: 'GET', path: '/v1/sessions/:id/resources/:resource', id: 'session' },
  { method: 'POST', path: '/v1/sessions/:id/resources/:resource', id: 'session', body: 'resources.update' },
  { method: 'DELETE', path: '/v1/sessions/:id/resources/:resource', id: 'session' },
  { method: 'POST', path: '/v1/files', isForm: true, weight: 3 },
  { method: 'GET', path: '/v1/files', query: 'files.list', weight: 2 },
  { method: 'GET', path: '/v1/files/:id', id: 'file' },
  { method: 'GET', path: '/v1/files/:id/content', id: 'file' },
  { method: 'DELETE', path: '/v1/files/:id', id: 'file' },
  { method: 'GET', path: '/v1/models', query: 'models.list' },
  { method: 'GET', path: '/v1/models/:id', id: 'model' },
]

/** What requests are made with: ids that are good for something. */
export interface Pool {
  readonly agent: readonly string[]
  readonly environment: readonly string[]
  readonly session: readonly string[]
  /** Calls that sessions wait for their client to settle. */
  readonly call: readonly string[]
  readonly model: readonly string[]
  readonly file: readonly string[]
  readonly page: readonly string[]
  /** Of another workspace, deleted, archived, or missing. */
  readonly others: readonly string[]
}

export interface FuzzRequest {
  readonly route: Route
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer | null
}

const SCHEMA = applyLimits(WIRE_SCHEMA)
const WEIGHTED = ROUTES.flatMap((route) => Array.from({ length: route.weight ?? 1 }, () => route))
const BOUNDARY = 'frontier'
const METHODS = ['PUT', 'PATCH', 'OPTIONS', 'DELETE', 'PROPFIND', 'QUERY', 'TRACE']
/** Those that end something are mostly asked of what is not there, or the others would have nothing to ask. */
const ENDING = /archive$/
const NOISE: readonly (readonly [string, string])[] = [
  ['anthropic-beta', 'managed-agents-2026-04-01,none'],
  ['anthropic-version', '2023-06-01'],
  ['anthropic-workspace-id', 'default'],
  ['anthropic-workspace-id', 'other'],
  ['authorization', 'Bearer nobody'],
  ['authorization', 'Basic eDp5'],
  ['x-api-key', 'nobody'],
  ['content-type', 'text/plain'],
  ['content-type', 'application/json; charset=utf-16'],
  ['content-type', 'application/vnd.x+json'],
  ['content-type', ';;'],
  ['content-encoding', 'gzip'],
  ['accept', 'text/html'],
  ['idempotency-key', 'the same'],
  ['idempotency-key', 'x'.repeat(300)],
  ['x-stainless-retry-count', '1'],
  ['x-stainless-retry-count', 'NaN'],
  ['last-event-id', '1.1.0'],
  ['last-event-id', 'none'],
  ['x-http-method-override', 'DELETE'],
  ['x-forwarded-for', "127.0.0.1' or 1=1"],
]

/** Makes requests of the routes: a good one from the schema, and then, mostly, something wrong with it. */
export function createRequests(pool: Pool, random: Random): () => FuzzRequest {
  const ids: Ids = {
    agent: pool.agent,
    id: pool.agent,
    environment_id: pool.environment,
    agent_id: pool.agent,
    page: pool.page,
    after_id: pool.model,
    before_id: pool.model,
    model: pool.model,
    tool_use_id: pool.call,
    custom_tool_use_id: pool.call,
  }
  const everything = Object.values(pool).flat()
  const sampler = createSampler(SCHEMA, ids, random)

  return () => {
    const route = random.pick(WEIGHTED)
    const isGood = random.chance(0.05)
    const isWrong = (share: number): boolean => !isGood && random.chance(share)
    const method = isWrong(0.03) ? random.pick(METHODS) : route.method
    const path = makePath(route, { ...pool, everything }, { isWrong, random })
    const query = makeQuery(route, sampler, { isWrong, random, everything })
    const body = makeBody(route, sampler, { isWrong, random, everything })
    const noise = isWrong(0.15) ? Object.fromEntries([random.pick(NOISE), random.pick(NOISE)]) : {}
    const headers = route.isForm ? { 'content-type': `multipart/form-data; boundary=${BOUNDARY}`, ...noise } : noise
    return { route, method, path: query ? `${path}?${query}` : path, headers, body }
  }
}

interface Wrongness {
  readonly isWrong: (share: number) => boolean
  readonly random: Random
}

interface Mixture extends Wrongness {
  readonly everything: readonly string[]
}

function makePath(
  route: Route,
  pool: Pool & { everything: readonly string[] },
  { isWrong, random }: Wrongness,
): string {
  if (isWrong(0.01))
    return random.pick(['/', '//', '/v1', '/v1/%2e%2e/agents', '/V1/agents', '*', '/v1/agents/%00', '/v1/%ff'])
  if (!route.id) return route.path
  const isEnding = route.method === 'DELETE' || ENDING.test(route.path)
  const share = isEnding ? 0.97 : 0.15
  const id = random.chance(share)
    ? random.pick([...pool.others, ...pool.everything.slice(0, isEnding ? 0 : undefined), ...HORRORS])
    : random.pick(pool[route.id])
  const other = random.pick([...pool.everything, ...HORRORS])
  const thread = random.chance(0.8) ? id.replace(/^sesn_/, 'sthr_') : other
  const named = { id, thread, resource: other, work: other }
  // True because the pattern takes these names alone.
  return route.path.replaceAll(/:(id|thread|resource|work)/g, (_, name: keyof typeof named) => {
    return encodeURIComponent(toWhole(named[name]))
  })
}

function makeQuery({ query }: Route, sampler: Sampler, { isWrong, random, everything }: Mixture): string {
  const sampled = query ? sampler.sample(DEFINITIONS[query]) : {}
  const good = isNode(sampled) ? sampled : {}
  const values = isWrong(0.4) ? mutate(good, random, everything) : good
  const parts = Object.entries(isNode(values) ? values : {}).flatMap(([name, value]) =>
    [value].flat().map((item) => `${encodeURIComponent(toWhole(name))}=${encodeURIComponent(toParameter(item))}`),
  )
  if (isWrong(0.1))
    parts.push(
      random.pick([
        'limit=1',
        'beta=true',
        '%',
        '=',
        '&&',
        'page=%zz',
        'limit=%31%00',
        'order=asc&order=desc',
        '__proto__=1',
      ]),
    )
  return parts.join('&').slice(0, 8_000)
}

function toParameter(value: unknown): string {
  return toWhole(typeof value === 'string' ? value : JSON.stringify(value))
}

/** Short enough for a line of a request, and without half a surrogate pair, which cannot be escaped. */
function toWhole(text: string): string {
  return Buffer.from(text.slice(0, 2_000)).toString()
}

function makeBody(route: Route, sampler: Sampler, { isWrong, random, everything }: Mixture): Buffer | null {
  const { method, body } = route
  if (route.isForm) return isWrong(0.4) ? damage(makeForm(random), random) : makeForm(random)
  if (!body) return method === 'GET' || !isWrong(0.2) ? null : Buffer.from(toText(random.pick([{}, [], 'x', null])))
  if (isWrong(0.02)) return null
  const other = isWrong(0.03) ? random.pick(Object.values(DEFINITIONS)) : DEFINITIONS[body]
  const good = random.chance(0.5) && other === DEFINITIONS[body] ? makeWorkable(body, sampler) : sampler.sample(other)
  const text = Buffer.from(toText(isWrong(0.93) ? mutate(good, random, everything) : good))
  return isWrong(0.05) ? damage(text, random) : text
}

function makeForm(random: Random): Buffer {
  const filename = random.pick(['a.txt', 'b.pdf', '../c', '', '\u0000', 'x'.repeat(300), ...HORRORS.map(toWhole)])
  const file = `form-data; name="file"; filename="${filename.replaceAll(/["\r\n]/g, '')}"\r\n\r\nwhat it holds`
  const expiry = `form-data; name="expires_in_seconds"\r\n\r\n${random.pick(['3600', '0', '1e9', '', '-1', 'soon'])}`
  const parts = random.pick([[file], [file], [file, expiry], [expiry, file], [file, file], [expiry], []])
  const text = parts.map((part) => `--${BOUNDARY}\r\ncontent-disposition: ${part}\r\n`).join('')
  return Buffer.from(`${text}--${BOUNDARY}--\r\n`)
}

/** What the schema allows is more than what is built: this is what can be done today, where that is little. */
function makeWorkable(body: keyof Bodies, sampler: Sampler): unknown {
  const sampled = sampler.sample(DEFINITIONS[body])
  if (!isNode(sampled)) return sampled
  if (body === 'events.send') {
    return { events: [{ type: 'user.message', content: [{ type: 'text', text: 'work on it' }] }] }
  }
  const { agent, environment_id: environment, title = null, metadata = {} } = sampled
  if (body === 'sessions.create') return { agent, environment_id: environment, title, metadata }
  return sampled
}

/** The bytes with some of them cut off, doubled or changed. */
function damage(bytes: Buffer, random: Random): Buffer {
  const at = random.below(bytes.length + 1)
  const kind = random.below(4)
  if (kind === 0) return bytes.subarray(0, at)
  if (kind === 1) return Buffer.concat([bytes, bytes.subarray(at)])
  if (kind === 2) return Buffer.concat([bytes.subarray(0, at), Buffer.from([random.below(256)]), bytes.subarray(at)])
  return Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), bytes])
}
