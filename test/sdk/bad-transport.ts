import type { Case, Places } from './bad-case.ts'
import { agents, bearer, events, get, KEY, post, text, update } from './bad-case.ts'

const HEAD = `host: localhost\r\nauthorization: Bearer ${KEY}\r\n`
const CLOSING = `${HEAD}connection: close\r\n`
const JSON_BODY = 'content-type: application/json\r\n'
const SENT = JSON.stringify({ events: [text('smuggled')] })

const raw = (name: string, bytes: (places: Places) => string | Buffer, rest: Partial<Case> = {}): Case => ({
  name,
  raw: bytes,
  ...rest,
})
/** One message to the session, as a request that hides behind another one. */
const hidden = (places: Places): string =>
  `POST ${events(places)} HTTP/1.1\r\n${HEAD}${JSON_BODY}content-length: ${SENT.length}\r\n\r\n${SENT}`
const withHeaders = (headers: Record<string, string | string[]>): Partial<Case> => ({
  headers: { ...bearer(KEY), ...headers },
})

/** Requests that are wrong before anybody asks what they want. */
export const BAD_TRANSPORT: readonly Case[] = [
  raw('two authorization headers', () => `GET /v1/agents HTTP/1.1\r\n${CLOSING}authorization: Bearer other\r\n\r\n`),
  raw('two hosts', () => `GET /v1/agents HTTP/1.1\r\n${CLOSING}host: other\r\n\r\n`),
  raw('no host', () => `GET /v1/agents HTTP/1.1\r\nauthorization: Bearer ${KEY}\r\nconnection: close\r\n\r\n`),
  raw('HTTP/2.0 in clear text', () => `GET /v1/agents HTTP/2.0\r\n${CLOSING}\r\n`),
  raw('the preface of HTTP/2', () => 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
  raw('HTTP/1.0', () => `GET /v1/agents HTTP/1.0\r\nauthorization: Bearer ${KEY}\r\n\r\n`, { status: 200 }),
  raw('a TLS hello', () => Buffer.from('1603010200010001fc0303', 'hex')),
  raw('a request behind both lengths', (places) => {
    const chunked = `content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`
    return `POST ${events(places)} HTTP/1.1\r\n${HEAD}${JSON_BODY}${chunked}${hidden(places)}`
  }),
  raw('a request behind an unknown transfer coding', (places) => {
    return `POST ${events(places)} HTTP/1.1\r\n${HEAD}transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n${hidden(places)}`
  }),
  raw('a request behind a coding spelt with a tab', (places) => {
    return `POST ${events(places)} HTTP/1.1\r\n${HEAD}transfer-encoding:\tchunked\r\ncontent-length: 5\r\n\r\n0\r\n\r\n${hidden(places)}`
  }),
  raw(
    'two lengths',
    (places) => `POST ${events(places)} HTTP/1.1\r\n${HEAD}content-length: 2\r\ncontent-length: 3\r\n\r\n{}`,
  ),
  raw('a negative length', (places) => `POST ${events(places)} HTTP/1.1\r\n${HEAD}content-length: -2\r\n\r\n{}`),
  raw(
    'a length past all integers',
    () => `POST /v1/agents HTTP/1.1\r\n${HEAD}content-length: ${'9'.repeat(30)}\r\n\r\n{}`,
  ),
  raw('lines that end in LF alone', () => `GET /v1/agents HTTP/1.1\n${CLOSING.replaceAll('\r', '')}\n`),
  raw('a folded header', () => `GET /v1/agents HTTP/1.1\r\n${CLOSING}x: a\r\n b\r\n\r\n`),
  raw('a space before the colon', () => `GET /v1/agents HTTP/1.1\r\n${CLOSING}x : a\r\n\r\n`),
  raw('U+0000 in a header', () => `GET /v1/agents HTTP/1.1\r\n${CLOSING}x: a\0b\r\n\r\n`),
  raw('20 KB of headers', () => `GET /v1/agents HTTP/1.1\r\n${CLOSING}x: ${'x'.repeat(20_000)}\r\n\r\n`),
  raw('CONNECT', () => `CONNECT localhost:1 HTTP/1.1\r\n${CLOSING}\r\n`),
  raw('an expectation', () => `POST /v1/agents HTTP/1.1\r\n${CLOSING}expect: tea\r\ncontent-length: 2\r\n\r\n{}`),
  raw(
    'a chunk whose size is no number',
    () => `POST /v1/agents HTTP/1.1\r\n${CLOSING}transfer-encoding: chunked\r\n\r\nzz\r\n`,
  ),
  raw('100 MB announced', () => `POST /v1/agents HTTP/1.1\r\n${CLOSING}content-length: 104857600\r\n\r\n{`, {
    status: 413,
  }),
  raw('a path in bytes', () => Buffer.from(`GET /v1/agents/é HTTP/1.1\r\n${CLOSING}\r\n`)),

  { name: 'TRACE', method: 'TRACE', status: 404 },
  { name: 'QUERY', method: 'QUERY', status: 404 },
  { name: 'DELETE with half a body', method: 'DELETE', path: update, body: '{x' },
  {
    name: 'a beta that nobody knows',
    ...withHeaders({ 'anthropic-beta': 'none-2020-01-01,none-2020-01-01' }),
    status: 200,
  },
  { name: 'another version of the API', ...withHeaders({ 'anthropic-version': '1999-01-01' }), status: 200 },

  post('a byte', agents, '{'),
  post('a byte order mark and nothing else', agents, '\ufeff'),
  post('UTF-16 that does not say so', agents, Buffer.from('{"name":"x"}', 'utf16le')),
  post('gzip', agents, Buffer.from('1f8b08', 'hex'), withHeaders({ 'content-encoding': 'gzip' })),
  post('a charset of nobody', agents, {}, withHeaders({ 'content-type': 'application/json; charset=../../etc' })),
  post('a type that is none', agents, {}, withHeaders({ 'content-type': '//;;' })),
  post('two million empty lists', agents, `{"name":[${'[],'.repeat(2_000_000)}[]]}`),
  post('lists in lists in a tool', agents, `{"name":"x","model":"m","tools":${'['.repeat(9_999)}${']'.repeat(9_999)}}`),
  post(
    'a field twice, the second one bad',
    events,
    '{"events":[{"type":"user.message","type":"agent.message","content":[]}]}',
  ),
  post('a body twice', events, '{"events":[]}{"events":[]}'),
  post('__proto__ in an event', events, '{"events":[{"type":"user.interrupt","__proto__":{"type":"user.message"}}]}'),
  post('constructor.prototype in metadata', update, { metadata: { constructor: { prototype: { admin: true } } } }),
  post(
    'minus infinity in a schema',
    agents,
    '{"name":"x","model":"m","tools":[{"type":"custom","name":"t","description":"d","input_schema":{"type":"object","properties":{"p":{"minimum":-1e400}}}}]}',
  ),
  post('2⁵³ + 1', (places) => `/v1/agents/${places.agent}`, '{"version":9007199254740993}'),
  post('minus zero', (places) => `/v1/agents/${places.agent}`, '{"version":-0}'),
  post('a number as text', (places) => `/v1/agents/${places.agent}`, '{"version":"1"}'),
  post('half a surrogate pair in a key', update, String.raw`{"metadata":{"\udc00":"v"}}`),
  post('257 emoji', agents, { name: '😀'.repeat(257), model: 'm' }),

  get('dots that are escaped', () => '/v1/agents/%2e%2e', 404),
  get('dots that are escaped between', () => '/v1/agents/%2e%2e/sessions', 404),
  get('two slashes at the start', () => '//v1/agents', 404),
  get('a trailing dot', () => '/v1/agents.', 404),
  get('a backslash', () => '/v1/agents%5c..%5csessions', 404),
  get('an escaped question mark', () => '/v1/agents%3flimit=1', 404),
  get('an escaped escape', () => '/v1/agents/%2500', 404),
  get('an overlong slash', () => '/v1/agents/%c0%af'),
  get('a surrogate in the path', () => '/v1/agents/%ed%a0%80'),
  get('15,000 characters of path', () => `/v1/agents/${'a'.repeat(15_000)}`, 404),
  get('1,000 parameters', () => `/v1/agents?${Array.from({ length: 1000 }, (_, index) => `p${index}=1`).join('&')}`),
  get('a parameter named __proto__', () => '/v1/agents?__proto__=1'),
  get('a parameter named constructor', () => '/v1/agents?constructor=1'),
  get('a parameter with brackets that nobody closes', () => '/v1/sessions?statuses%5B=idle'),
  get('a line break in a parameter', () => '/v1/sessions?order=asc%0d%0ax:%20y'),
  get('half an escape in a parameter', () => '/v1/agents?page=%E0%A4%A'),
]
