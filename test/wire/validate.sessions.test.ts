import { describe, expect, test } from 'vitest'
import type { Bodies } from '../../src/wire/requests.ts'
import { createValidator } from '../../src/wire/validate.ts'
import { PDF, base64, png } from '../support/media.ts'
import { failure } from './failure.ts'
import { list, MESSAGE, messageFirst, SESSION, TEXT } from './requests.ts'
import type { BadRequest } from './requests.ts'

const validator = createValidator()

const GOOD: [keyof Bodies, unknown][] = [
  ['environments.create', { name: 'e' }],
  ['environments.create', { name: 'e', config: null, description: null, scope: null, metadata: {} }],
  ['environments.create', { name: 'e', config: { type: 'self_hosted' } }],
  [
    'environments.create',
    {
      name: 'e',
      config: {
        type: 'cloud',
        networking: { type: 'limited', allowed_hosts: ['*.example.com'] },
        packages: { pip: ['numpy==2'], apt: null },
      },
    },
  ],
  ['environments.update', {}],
  ['environments.update', { name: null, config: null, description: null, scope: null, metadata: {} }],
  ['environments.update', { metadata: { a: null, b: '' }, config: { type: 'cloud', networking: { type: 'limited' } } }],
  ['sessions.create', SESSION],
  ['sessions.create', { ...SESSION, agent: { type: 'agent', id: 'agent_1', version: 2 } }],
  [
    'sessions.create',
    {
      ...SESSION,
      agent: { type: 'agent_with_overrides', id: 'agent_1', model: null, tools: null, skills: [], system: null },
    },
  ],
  [
    'sessions.create',
    { ...SESSION, title: null, metadata: {}, vault_ids: [], resources: [], initial_events: list(50, MESSAGE) },
  ],
  ['sessions.create', { ...SESSION, budget: { type: 'limit', max_list_cost: { amount: '2500', currency: 'USD' } } }],
  [
    'sessions.create',
    {
      ...SESSION,
      initial_events: [
        { type: 'user.define_outcome', description: 'd', rubric: { type: 'text', content: 'r' }, max_iterations: 20 },
      ],
    },
  ],
  ['sessions.update', {}],
  ['sessions.update', { title: null, metadata: { a: null, b: 'x' }, budget: null }],
  ['sessions.update', { agent: { tools: [], mcp_servers: [] } }],
  ['events.send', { events: [MESSAGE] }],
  [
    'events.send',
    {
      events: [
        {
          type: 'user.message',
          content: [
            TEXT,
            { type: 'image', source: { type: 'base64', media_type: 'image/png', data: base64(png()) } },
            { type: 'image', source: { type: 'url', url: 'https://a.com/x.png' } },
            { type: 'document', title: null, source: { type: 'text', media_type: 'text/plain', data: 'words' } },
            {
              type: 'document',
              context: 'c',
              source: { type: 'base64', media_type: 'application/pdf', data: base64(PDF) },
            },
            { type: 'document', title: 't', source: { type: 'url', url: 'https://a.com/x.pdf' } },
          ],
        },
      ],
    },
  ],
  [
    'events.send',
    {
      events: [
        { type: 'user.interrupt' },
        { type: 'user.interrupt', session_thread_id: null },
        MESSAGE,
        { type: 'system.message', content: [TEXT] },
      ],
    },
  ],
  [
    'events.send',
    { events: [{ type: 'user.tool_confirmation', tool_use_id: 'sevt_1', result: 'deny', deny_message: 'no' }] },
  ],
  [
    'events.send',
    {
      events: [
        {
          type: 'user.custom_tool_result',
          custom_tool_use_id: 'sevt_1',
          content: [{ type: 'text', text: '' }],
          is_error: null,
        },
        { type: 'user.tool_result', tool_use_id: 'sevt_2' },
      ],
    },
  ],
  ['events.send', { events: list(256, MESSAGE) }],
]

const BAD: BadRequest<keyof Bodies>[] = [
  ['environments.create', {}, 'name: required, but missing'],
  [
    'environments.create',
    { name: 'e', config: { type: 'docker' } },
    'config.type: expected one of "cloud", "self_hosted", got "docker"',
  ],
  [
    'environments.create',
    { name: 'e', config: { type: 'self_hosted', networking: null } },
    'config.networking: unknown field',
  ],
  [
    'environments.create',
    { name: 'e', config: { type: 'cloud', networking: { type: 'limited', allowed_hosts: ['https://a.com'] } } },
    'config.networking.allowed_hosts.0: expected a host name such as example.com or *.example.com, got "https://a.com"',
  ],
  [
    'environments.create',
    { name: 'e', scope: 'world' },
    'scope: expected one of "organization", "account", null, got "world"',
  ],
  ['environments.update', { name: '' }, 'name: expected at least 1 characters, got 0'],
  ['environments.update', { metadata: null }, 'metadata: expected object, got null'],
  ['environments.update', { archived_at: null }, 'archived_at: unknown field'],
  ['environments.update', { metadata: { k: 'v'.repeat(513) } }, 'metadata.k: expected at most 512 characters, got 513'],
  ['sessions.create', { agent: 'agent_1' }, 'environment_id: required, but missing'],
  ['sessions.create', { ...SESSION, agent: '' }, 'agent: expected at least 1 characters, got 0'],
  [
    'sessions.create',
    { ...SESSION, agent: { id: 'agent_1' } },
    'agent.type: expected one of "agent", "agent_with_overrides", got nothing',
  ],
  ['sessions.create', { ...SESSION, agent: { type: 'agent', id: 'a', system: 'x' } }, 'agent.system: unknown field'],
  ['sessions.create', { ...SESSION, status: 'running', usage: {} }, 'status: unknown field; usage: unknown field'],
  [
    'sessions.create',
    { ...SESSION, initial_events: list(51, MESSAGE) },
    'initial_events: expected at most 50 items, got 51',
  ],
  [
    'sessions.create',
    { ...SESSION, initial_events: [{ type: 'user.interrupt' }] },
    'initial_events.0.type: expected one of "user.message", "user.define_outcome", got "user.interrupt"',
  ],
  [
    'sessions.create',
    { ...SESSION, initial_events: [{ type: 'user.define_outcome', description: 'd' }] },
    'initial_events.0.rubric: required, but missing',
  ],
  ...[0, -1, 21, 1e9].map((rounds): BadRequest<keyof Bodies> => [
    'sessions.create',
    {
      ...SESSION,
      initial_events: [
        {
          type: 'user.define_outcome',
          description: 'd',
          rubric: { type: 'file', file_id: 'f' },
          max_iterations: rounds,
        },
      ],
    },
    `initial_events.0.max_iterations: expected at ${rounds < 1 ? 'least 1' : 'most 20'}, got ${rounds}`,
  ]),
  ...['0', '-5', '1.5', '05', ''].map((amount): BadRequest<keyof Bodies> => [
    'sessions.create',
    { ...SESSION, budget: { type: 'limit', max_list_cost: { amount, currency: 'USD' } } },
    `budget.max_list_cost.amount: expected text that matches ^[1-9][0-9]{0,14}$, got "${amount}"`,
  ]),
  [
    'sessions.create',
    { ...SESSION, budget: { type: 'limit', max_list_cost: { amount: '5', currency: 'EUR' } } },
    'budget.max_list_cost.currency: expected "USD", got "EUR"',
  ],
  ['sessions.update', { environment_id: 'env_2' }, 'environment_id: unknown field'],
  ['sessions.update', { title: 't'.repeat(513) }, 'title: expected at most 512 characters, got 513'],
  ['events.send', {}, 'events: required, but missing'],
  ['events.send', { events: [] }, 'events: expected at least 1 items, got 0'],
  ['events.send', { events: list(10_000, MESSAGE) }, 'events: expected at most 256 items, got 10000'],
  [
    'events.send',
    { events: [MESSAGE, { ...MESSAGE, id: 'sevt_1', processed_at: null }] },
    'events.1.id: unknown field; events.1.processed_at: unknown field',
  ],
  [
    'events.send',
    { events: [{ type: 'user.message', content: [] }] },
    'events.0.content: expected at least 1 items, got 0',
  ],
  [
    'events.send',
    { events: [{ type: 'user.message', content: list(1_001, TEXT) }] },
    'events.0.content: expected at most 1000 items, got 1001',
  ],
  [
    'events.send',
    { events: [{ type: 'user.message', content: 'hi' }] },
    'events.0.content: expected array, got string',
  ],
  [
    'events.send',
    {
      events: [
        {
          type: 'user.message',
          content: [{ type: 'image', source: { type: 'base64', media_type: 'image/svg+xml', data: 'QUJ' } }],
        },
      ],
    },
    'events.0.content.0.source.data: expected base64 without line breaks, got something else; events.0.content.0.source.media_type: expected one of "image/png", "image/jpeg", "image/gif", "image/webp", got "image/svg+xml"',
  ],
  [
    'events.send',
    {
      events: [
        { type: 'user.message', content: [{ type: 'image', source: { type: 'url', url: 'file:///etc/passwd' } }] },
      ],
    },
    'events.0.content.0.source.url: expected an https URL without credentials, got something else',
  ],
  [
    'events.send',
    {
      events: [
        {
          type: 'user.message',
          content: [{ type: 'document', source: { type: 'base64', media_type: 'text/html', data: 'QUJD' } }],
        },
      ],
    },
    'events.0.content.0.source.media_type: expected "application/pdf", got "text/html"',
  ],
  [
    'events.send',
    {
      events: [
        {
          type: 'user.message',
          content: [
            { type: 'document', title: '', context: '', source: { type: 'text', media_type: 'text/plain', data: 'x' } },
          ],
        },
      ],
    },
    'events.0.content.0.context: expected at least 1 characters, got 0; events.0.content.0.title: expected at least 1 characters, got 0',
  ],
  [
    'events.send',
    { events: [{ type: 'user.tool_confirmation', tool_use_id: 'sevt_1', result: 'maybe' }] },
    'events.0.result: expected one of "allow", "deny", got "maybe"',
  ],
]

describe('bodies of environments, sessions and events', () => {
  test.each(GOOD)('takes for %s the good body %#', (route, body) => {
    const before = structuredClone(body)
    expect(validator.parseBody(route, body)).toBe(body)
    expect(body).toEqual(before)
  })

  test.each(BAD.map(messageFirst))('says for %s: %s', (route, message, body) => {
    expect(failure(() => validator.parseBody(route, body))).toMatchObject({ kind: 'invalid_request', message })
  })
})
