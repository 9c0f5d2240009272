import type { Answer, Call } from './raw-http.ts'
import { call, exchange } from './raw-http.ts'

export const MISSING = 'sesn_01missing'
export const KEY = 'lh_test_key'
export const OTHER_KEY = 'lh_other_secret'
export const REVOKED_KEY = 'lh_revoked_secret'
/** Of the workers of an environment, of those of another, and of those whose key was revoked. */
export const WORKER_KEY = 'lh_env_worker_secret'
export const OTHER_WORKER_KEY = 'lh_env_other_secret'
export const REVOKED_WORKER_KEY = 'lh_env_revoked_secret'
/** Tokens of the worker: of an item that is held, of one that was stopped long ago, and one that a revoked key polled. */
export const WORK_TOKEN = 'lh_work_token_secret'
export const SPENT_TOKEN = 'lh_work_spent_secret'
export const REVOKED_TOKEN = 'lh_work_revoked_secret'

/** Ids that the requests are made with. */
export interface Places {
  readonly session: string
  readonly archived: string
  readonly deleted: string
  readonly agent: string
  readonly environment: string
  /** Of the second page of the session's events, one event a page. */
  readonly cursor: string
  /** Of the events of another session. */
  readonly otherCursor: string
  /** Of a list of another workspace. */
  readonly foreignCursor: string
  readonly foreignAgent: string
  readonly archivedAgent: string
  readonly archivedEnvironment: string
  /** A session that waits for its client: to be allowed a call of a built-in tool, and to do one of its own. */
  readonly waiting: string
  readonly asked: string
  readonly custom: string
  /** A call of the client's tool that another session waits for. */
  readonly elsewhere: string
  /** A self-hosted environment, its session with the item that its worker holds, and another one of each. */
  readonly own: string
  readonly served: string
  readonly held: string
  readonly otherOwn: string
  readonly otherServed: string
  readonly otherHeld: string
}

/** A request, `GET /v1/agents` unless it says otherwise. */
export interface Case extends Omit<Call, 'path'> {
  readonly name: string
  readonly path?: (places: Places) => string
  readonly body?: unknown
  /** Bodies and headers with ids in them. */
  readonly bodyOf?: (places: Places) => unknown
  readonly headersOf?: (places: Places) => Record<string, string>
  /** 400 unless it says otherwise; 200 for what looks bad and is fine, and stores nothing either. */
  readonly status?: number
  /** What `error.message` must say. */
  readonly says?: RegExp
  /** Bytes to send instead of a request; they must make the server close the connection. */
  readonly raw?: (places: Places) => string | Buffer
}

/** `error.type` of each status that may be answered. */
export const TYPES: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  409: 'conflict_error',
  412: 'invalid_request_error',
  413: 'request_too_large',
}

/** Sends it to the server at `base`, with the key of its own workspace unless it brings headers. */
export function ask(base: string, bad: Case, places: Places): Promise<Answer> {
  if (bad.raw) return exchange(base, bad.raw(places))
  const { method, path = agents, body = bad.bodyOf?.(places), headers = bad.headersOf?.(places) ?? bearer(KEY) } = bad
  return call(base, { ...(method ? { method } : {}), path: path(places), headers, body })
}

export const events = ({ session }: Places): string => `/v1/sessions/${session}/events`
export const update = ({ session }: Places): string => `/v1/sessions/${session}`
export const sessions = (): string => '/v1/sessions'
export const agents = (): string => '/v1/agents'
export const environments = (): string => '/v1/environments'

export function post(name: string, path: (places: Places) => string, body: unknown, rest: Partial<Case> = {}): Case {
  return { name, method: 'POST', path, body, ...rest }
}

/** Events to the session. */
export function send(name: string, ...list: unknown[]): Case {
  return post(name, events, { events: list })
}

export function get(name: string, path: (places: Places) => string, status = 400): Case {
  return { name, path, status }
}

export function text(words: string): object {
  return { type: 'user.message', content: [{ type: 'text', text: words }] }
}

/** A new agent with these fields. */
export function agent(name: string, change: object, rest: Partial<Case> = {}): Case {
  return post(name, agents, { name: 'bad', model: 'm', ...change }, rest)
}

/** A new environment with these fields. */
export function environment(name: string, change: object, rest: Partial<Case> = {}): Case {
  return post(name, environments, { name: 'bad', ...change }, rest)
}

export function times<Item>(count: number, make: (index: number) => Item): Item[] {
  return Array.from({ length: count }, (_, index) => make(index))
}

export function pairs(count: number): object {
  return Object.fromEntries(times(count, (index) => [`k${index}`, 'v']))
}

export function bearer(key: string): Record<string, string> {
  return { authorization: `Bearer ${key}` }
}
