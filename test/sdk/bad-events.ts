import { base64, png as wholePng } from '../support/media.ts'
import type { Case } from './bad-case.ts'
import { bearer, environments, events, KEY, post, send, sessions, text, times, update } from './bad-case.ts'

const image = (source: object): object => ({ type: 'user.message', content: [{ type: 'image', source }] })
const document = (source: object): object => ({ type: 'user.message', content: [{ type: 'document', source }] })
const png = (data: unknown, media: unknown = 'image/png'): object => image({ type: 'base64', data, media_type: media })
const outcome = (change: object): object => ({
  type: 'user.define_outcome',
  description: 'd',
  rubric: { type: 'text', content: 'r' },
  ...change,
})
const SYSTEM = { type: 'system.message', content: [{ type: 'text', text: 's' }] }
const budget = (amount: unknown, currency: unknown = 'USD'): object => ({
  type: 'limit',
  max_list_cost: { amount, currency },
})

/** Events that no client may send, that say nothing, or that no session of today can take. */
export const BAD_EVENTS: readonly Case[] = [
  send('an event that is null', null),
  send('an event that is a list', [text('x')]),
  send('an event without a type', { content: [{ type: 'text', text: 'x' }] }),
  send('an event of another case', { ...text('x'), type: 'User.Message' }),
  send('an event named __proto__', { ...text('x'), type: '__proto__' }),
  send('an event named constructor', { ...text('x'), type: 'constructor' }),
  ...[
    'agent.tool_use',
    'agent.tool_result',
    'session.error',
    'session.deleted',
    'session.updated',
    'span.model_request_start',
    'event_delta',
  ].map((type) => send(`${type} of a client`, { type })),
  post('10,000 events', events, { events: times(10_000, () => text('x')) }),
  post('events that are an object', events, { events: { 0: text('x') } }),
  post('events beside something else', events, { events: [text('x')], data: [] }),
  send('an event of a thread', { ...text('x'), session_thread_id: 'sthr_x' }),

  send('a message without content', { type: 'user.message' }),
  send('a message of no blocks', { type: 'user.message', content: [] }),
  send('a message of text alone', { type: 'user.message', content: 'x' }),
  send('a message of 1,001 blocks', {
    type: 'user.message',
    content: times(1001, () => ({ type: 'text', text: 'x' })),
  }),
  send('a block without a type', { type: 'user.message', content: [{ text: 'x' }] }),
  send('a block of an answer', {
    type: 'user.message',
    content: [{ type: 'tool_use', id: 'x', name: 'bash', input: {} }],
  }),
  send('an empty text', text('')),
  send('a text that is a number', { type: 'user.message', content: [{ type: 'text', text: 1 }] }),
  send('a text of exotic white space', text('\u2003\u00a0\u3000\t')),
  send('a text with a cache', {
    type: 'user.message',
    content: [{ type: 'text', text: 'x', cache_control: { type: 'ephemeral' } }],
  }),

  send('an image with bad padding', png('abc')),
  send('an image of no bytes', png('')),
  send('an image in base64url', png('_-8=')),
  send('an SVG', png('AAAA', 'image/svg+xml')),
  send('an image that is HTML', png('PGh0bWw+')),
  send('an image of 100 KB', png('A'.repeat(100_000))),
  ...[
    'file:///etc/passwd',
    'data:image/png;base64,AAAA',
    'gopher://x/',
    'javascript:1',
    'http://u:p@x.example/',
    'http://',
    '//x.example/',
    'http:// x.example/',
    'http://x.example/a.png',
  ].map((url) => send(`an image from ${url}`, image({ type: 'url', url }))),
  send('a document from the metadata service', document({ type: 'url', url: 'http://169.254.169.254/latest' })),
  ...[document, image].map((block) =>
    post(
      `a file of nobody as ${block.name}`,
      events,
      { events: [block({ type: 'file', file_id: 'file_x' })] },
      { status: 404 },
    ),
  ),
  send('a PNG that says it is a GIF', png(base64(wholePng()), 'image/gif')),
  send('a PNG of 8,001 pixels', png(base64(wholePng(8001, 1)))),
  send('a PNG of 4 MiB and more', png(base64(wholePng(2, 2, 4 * 1024 * 1024)))),
  send('101 images', {
    type: 'user.message',
    content: times(101, () => ({ type: 'image', source: { type: 'url', url: 'https://x.example/a.png' } })),
  }),
  send('a document of nothing', document({ type: 'text', media_type: 'text/plain', data: '' })),
  send('a document of a web page', document({ type: 'base64', media_type: 'text/html', data: 'PGh0bWw+' })),
  send('a PDF that is a web page', document({ type: 'base64', media_type: 'application/pdf', data: 'PGh0bWw+' })),
  send('a document with a cache', {
    type: 'user.message',
    content: [
      {
        type: 'document',
        source: { type: 'text', media_type: 'text/plain', data: 'x' },
        cache_control: { type: 'ephemeral' },
      },
    ],
  }),
  send('a PDF with bad padding', document({ type: 'base64', data: 'JVBERi0=x', media_type: 'application/pdf' })),
  send('a search result', {
    type: 'user.message',
    content: [{ type: 'search_result', source: 'x', title: 'x', content: [] }],
  }),

  send('a system message before another event', SYSTEM, text('x')),
  send('two system messages', text('x'), SYSTEM, SYSTEM),
  send('a system message of no blocks', { type: 'system.message', content: [] }),
  send('a system message with a picture', { type: 'system.message', content: [{ type: 'image', source: {} }] }),
  send('an interrupt of a thread', { type: 'user.interrupt', session_thread_id: 'sthr_x' }),
  send('an interrupt with words', { type: 'user.interrupt', content: [{ type: 'text', text: 'x' }] }),
  send('a refusal of nothing', {
    type: 'user.tool_confirmation',
    tool_use_id: 'sevt_x',
    result: 'deny',
    deny_message: 'x',
  }),
  send('a refusal with more words than a decision holds', {
    type: 'user.tool_confirmation',
    tool_use_id: 'sevt_x',
    result: 'deny',
    deny_message: 'x'.repeat(8001),
  }),
  send('a confirmation with a reason to refuse', {
    type: 'user.tool_confirmation',
    tool_use_id: 'sevt_x',
    result: 'allow',
    deny_message: 'x',
  }),
  send('a confirmation that is neither', { type: 'user.tool_confirmation', tool_use_id: 'sevt_x', result: 'maybe' }),
  send('a result of no call', { type: 'user.custom_tool_result', custom_tool_use_id: 'sevt_x', content: [] }),
  send('a result of a worker', { type: 'user.tool_result', tool_use_id: 'sevt_x' }),
  send('a result of a call without an id', { type: 'user.custom_tool_result' }),

  ...[0, -1, 21, 1e9, 1.5, '3'].map((iterations) =>
    send(`${typeof iterations} ${iterations} as iterations`, outcome({ max_iterations: iterations })),
  ),
  send('an outcome', outcome({})),
  send('an empty rubric', outcome({ rubric: { type: 'text', content: '' } })),
  send('a rubric of 262,145 characters', outcome({ rubric: { type: 'text', content: 'r'.repeat(262_145) } })),
  send('a rubric that is a file of nobody', outcome({ rubric: { type: 'file', file_id: 'file_x' } })),

  ...['0', '-1', 'NaN', '1e3', '1.5', '', '00', 1, null].map((amount) =>
    post(`a budget of ${typeof amount} ${amount}`, sessions, {
      agent: 'a',
      environment_id: 'e',
      budget: budget(amount),
    }),
  ),
  post('a budget in another currency', sessions, { agent: 'a', environment_id: 'e', budget: budget('1', 'EUR') }),
  post('a new budget', update, { budget: budget('1') }),
  post('a session of a vault', sessions, { agent: 'a', environment_id: 'e', vault_ids: ['vlt_x'] }),
  post('a session of a list of agents', sessions, { agent: ['a'], environment_id: 'e' }),
  post('a session of an empty agent', sessions, { agent: '', environment_id: 'e' }),
  post('a session of an agent of 257 characters', sessions, { agent: 'a'.repeat(257), environment_id: 'e' }),
  ...['status', 'id', 'type', 'usage', 'archived_at', 'workspace_id', 'stats', 'outcome_evaluations', 'betas'].map(
    (field) => post(`a session that sets ${field}`, sessions, { agent: 'a', environment_id: 'e', [field]: 'x' }),
  ),
  ...['status', 'created_at', 'usage', 'archived_at', 'environment_id', 'id'].map((field) =>
    post(`an update that sets ${field}`, update, { [field]: 'x' }),
  ),
  post(
    'an empty idempotency key',
    events,
    { events: [text('x')] },
    { headers: { ...bearer(KEY), 'idempotency-key': '' } },
  ),
  post('an environment as an event', environments, { events: [text('x')] }),
]
