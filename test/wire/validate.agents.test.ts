import { describe, expect, test } from 'vitest'
import type { Bodies } from '../../src/wire/requests.ts'
import { createValidator } from '../../src/wire/validate.ts'
import { failure } from './failure.ts'
import { AGENT, list, messageFirst, pairs, tool } from './requests.ts'
import type { BadRequest } from './requests.ts'

const validator = createValidator()

const GOOD: [keyof Bodies, unknown][] = [
  ['agents.create', AGENT],
  ['agents.create', { ...AGENT, model: { id: 'any-model-at-all' } }],
  ['agents.create', { ...AGENT, model: { id: 'm', effort: 'xhigh', speed: 'fast', inference_geo: 'us' } }],
  ['agents.create', { ...AGENT, model: { id: 'm', effort: { type: 'max' }, speed: null, inference_geo: null } }],
  ['agents.create', { ...AGENT, system: null, description: null, execution_identity: null, multiagent: null }],
  ['agents.create', { ...AGENT, name: '🙂'.repeat(256), system: '🙂'.repeat(100_000), description: 'd'.repeat(2048) }],
  ['agents.create', { ...AGENT, metadata: { ...pairs(15), ['k'.repeat(64)]: '🙂'.repeat(512) } }],
  ['agents.create', { ...AGENT, metadata: { constructor: 'x', toString: 'y' } }],
  ['agents.create', tool({ default_config: null })],
  [
    'agents.create',
    tool({
      default_config: { enabled: false, permission_policy: { type: 'auto' } },
      configs: [{ name: 'bash', type: 'bash', enabled: null }],
    }),
  ],
  [
    'agents.create',
    tool({
      configs: [{ name: 'web_fetch', allowed_domains: ['docs.example.com'], url_sources: { user_input: 'none' } }],
    }),
  ],
  ['agents.create', tool({ configs: [{ name: 'web_search', user_location: { type: 'approximate', country: 'DE' } }] })],
  ['agents.create', { ...AGENT, mcp_servers: [{ type: 'url', name: 's', url: 'https://mcp.example.com' }] }],
  ['agents.create', { ...AGENT, tools: [{ type: 'mcp_toolset', mcp_server_name: 's', configs: [{ name: 'any' }] }] }],
  [
    'agents.create',
    {
      ...AGENT,
      tools: [
        {
          type: 'custom',
          name: 'a-B_9',
          description: 'd',
          input_schema: { type: 'object', properties: { 'a.b-c_1': { type: 'string' } }, required: ['x'], extra: [1] },
        },
      ],
    },
  ],
  [
    'agents.create',
    {
      ...AGENT,
      skills: [
        { type: 'anthropic', skill_id: 'xlsx' },
        { type: 'custom', skill_id: 's', version: null },
      ],
    },
  ],
  [
    'agents.create',
    {
      ...AGENT,
      multiagent: {
        type: 'coordinator',
        agents: [
          'agent_1',
          { type: 'self' },
          { type: 'agent', id: 'agent_2', version: 3 },
          { type: 'advisor', model: 'm' },
        ],
      },
    },
  ],
  [
    'agents.create',
    {
      ...AGENT,
      multiagent: {
        type: 'multiagent_20261001',
        workflows: null,
        subagents: { type: 'enabled', predefined_agents: ['agent_1'] },
      },
    },
  ],
  ['agents.update', {}],
  ['agents.update', { version: 1, name: 'b', system: '', tools: null, mcp_servers: null, skills: [], metadata: null }],
  ['agents.update', { metadata: { ...pairs(40), gone: null } }],
]

const BAD: BadRequest<keyof Bodies>[] = [
  ['agents.create', undefined, 'body: expected a JSON object, got nothing'],
  ['agents.create', null, 'body: expected object, got null'],
  ['agents.create', [], 'body: expected object, got array'],
  ['agents.create', 'text', 'body: expected object, got string'],
  ['agents.create', {}, 'model: required, but missing; name: required, but missing'],
  ['agents.create', { ...AGENT, id: 'agent_1', version: 3 }, 'id: unknown field; version: unknown field'],
  [
    'agents.create',
    { ...AGENT, a: 1, b: 1, c: 1, d: 1, e: 1 },
    'a: unknown field; b: unknown field; c: unknown field; and 2 more',
  ],
  ['agents.create', { ...AGENT, workspace_id: 'w' }, 'workspace_id: unknown field'],
  ['agents.create', { ...AGENT, betas: [] }, 'betas: unknown field'],
  ['agents.create', { ...AGENT, name: '' }, 'name: expected at least 1 characters, got 0'],
  ['agents.create', { ...AGENT, name: '🙂'.repeat(257) }, 'name: expected at most 256 characters, got 257'],
  ['agents.create', { ...AGENT, name: 5 }, 'name: expected string, got number'],
  ['agents.create', { ...AGENT, name: null }, 'name: expected string, got null'],
  [
    'agents.create',
    { ...AGENT, description: 'd'.repeat(2049) },
    'description: expected at most 2048 characters, got 2049',
  ],
  [
    'agents.create',
    { ...AGENT, system: 's'.repeat(100_001) },
    'system: expected at most 100000 characters, got 100001',
  ],
  ['agents.create', { ...AGENT, model: '' }, 'model: expected at least 1 characters, got 0'],
  ['agents.create', { ...AGENT, model: 5 }, 'model: expected object or string, got number'],
  ['agents.create', { ...AGENT, model: {} }, 'model.id: required, but missing'],
  [
    'agents.create',
    { ...AGENT, model: { id: 'm', effort: 'huge' } },
    'model.effort: expected one of "low", "medium", "high", "xhigh", "max", null, got "huge"',
  ],
  [
    'agents.create',
    { ...AGENT, model: { id: 'm', effort: { type: 'huge' } } },
    'model.effort.type: expected one of "low", "medium", "high", "xhigh", "max", got "huge"',
  ],
  [
    'agents.create',
    { ...AGENT, model: { id: 'm', effort: 3 } },
    'model.effort: expected object or string or null, got number',
  ],
  ['agents.create', { ...AGENT, metadata: pairs(17) }, 'metadata: expected at most 16 pairs, got 17'],
  [
    'agents.create',
    { ...AGENT, metadata: { ['k'.repeat(65)]: 'v' } },
    `metadata."${'k'.repeat(40)}…": expected a key of at most 64 characters`,
  ],
  [
    'agents.create',
    { ...AGENT, metadata: { k: 'v'.repeat(513) } },
    'metadata.k: expected at most 512 characters, got 513',
  ],
  ['agents.create', { ...AGENT, metadata: { k: 5 } }, 'metadata.k: expected string, got number'],
  ['agents.create', { ...AGENT, metadata: { k: null } }, 'metadata.k: expected string, got null'],
  ['agents.create', { ...AGENT, metadata: { 'a/b~c\r\n': 5 } }, 'metadata."a/b~c\\r\\n": expected string, got number'],
  [
    'agents.create',
    JSON.parse('{"name":"a","model":"m","metadata":{"__proto__":"x"}}'),
    'body: holds a key named __proto__',
  ],
  [
    'agents.create',
    { ...AGENT, tools: list(257, { type: 'agent_toolset_20260401' }) },
    'tools: expected at most 256 items, got 257',
  ],
  ['agents.create', { ...AGENT, tools: null }, 'tools: expected array, got null'],
  [
    'agents.create',
    { ...AGENT, tools: [{ type: 'bash_20250124' }] },
    'tools.0.type: expected one of "agent_toolset_20260401", "mcp_toolset", "custom", got "bash_20250124"',
  ],
  [
    'agents.create',
    { ...AGENT, tools: [{}] },
    'tools.0.type: expected one of "agent_toolset_20260401", "mcp_toolset", "custom", got nothing',
  ],
  ['agents.create', { ...AGENT, tools: ['bash'] }, 'tools.0: expected object, got string'],
  [
    'agents.create',
    tool({ configs: [{ name: 'rm' }] }),
    'tools.0.configs.0.name: expected one of "bash", "edit", "read", "write", "glob", "grep", "web_fetch", "web_search", got "rm"',
  ],
  [
    'agents.create',
    tool({ configs: [{ name: 'bash', type: 'read' }] }),
    'tools.0.configs.0.type: expected "bash", got "read"',
  ],
  [
    'agents.create',
    tool({ default_config: { permission_policy: { type: 'never' } } }),
    'tools.0.default_config.permission_policy.type: expected one of "always_allow", "always_ask", "auto", got "never"',
  ],
  [
    'agents.create',
    tool({ configs: [{ name: 'web_fetch', allowed_domains: [] }] }),
    'tools.0.configs.0.allowed_domains: Empty list of domains is ambiguous: leave the field out to restrict nothing, or name at least one domain',
  ],
  [
    'agents.create',
    tool({ configs: [{ name: 'web_fetch', allowed_domains: Array.from({ length: 65 }, (_, n) => `a${n}.com`) }] }),
    'tools.0.configs.0.allowed_domains: expected at most 64 items, got 65',
  ],
  [
    'agents.create',
    tool({ configs: [{ name: 'web_fetch', blocked_domains: ['127.0.0.1'] }] }),
    'tools.0.configs.0.blocked_domains.0: expected a public host name such as docs.example.com, got "127.0.0.1"',
  ],
  [
    'agents.create',
    tool({ configs: [{ name: 'web_search', blocked_domains: ['a.com', 'a.com'] }] }),
    'tools.0.configs.0.blocked_domains.1: expected no item twice',
  ],
  [
    'agents.create',
    tool({ configs: [{ name: 'web_search', user_location: { type: 'approximate', timezone: 'Europe/Atlantis' } }] }),
    'tools.0.configs.0.user_location.timezone: expected an IANA time zone such as Europe/Paris, got "Europe/Atlantis"',
  ],
  [
    'agents.create',
    { ...AGENT, tools: [{ type: 'custom', name: 't', description: ' \n', input_schema: { type: 'object' } }] },
    'tools.0.description: expected text that is not blank, got " \\n"',
  ],
  [
    'agents.create',
    tool({ configs: [{ name: 'web_fetch', max_content_tokens: 0.5 }] }),
    'tools.0.configs.0.max_content_tokens: expected integer or null, got number',
  ],
  [
    'agents.create',
    { ...AGENT, tools: [{ type: 'custom', name: 'a b', description: '', input_schema: { type: 'array' } }] },
    'tools.0.description: expected text that is not blank, got ""; tools.0.input_schema.type: expected "object", got "array"; tools.0.name: expected text that matches ^[A-Za-z0-9_-]{1,128}$, got "a b"',
  ],
  [
    'agents.create',
    {
      ...AGENT,
      tools: [
        { type: 'custom', name: 'a', description: 'd', input_schema: { type: 'object', properties: { 'a b': {} } } },
      ],
    },
    'tools.0.input_schema.properties."a b": expected a key of text that matches ^[A-Za-z0-9_.-]{1,64}$',
  ],
  [
    'agents.create',
    { ...AGENT, mcp_servers: list(21, { type: 'url', name: 's', url: 'https://a.example' }) },
    'mcp_servers: expected at most 20 items, got 21',
  ],
  [
    'agents.create',
    { ...AGENT, mcp_servers: [{ type: 'url', name: 's', url: 'https://me:secret@a.example' }] },
    'mcp_servers.0.url: expected an http or https URL without credentials, got something else',
  ],
  [
    'agents.create',
    { ...AGENT, multiagent: { type: 'coordinator', agents: [] } },
    'multiagent.agents: expected at least 1 items, got 0',
  ],
  [
    'agents.create',
    { ...AGENT, multiagent: { type: 'coordinator', agents: [{ type: 'agent', id: 'a', version: 0 }] } },
    'multiagent.agents.0.version: expected at least 1, got 0',
  ],
  ['agents.update', { version: 0 }, 'version: expected at least 1, got 0'],
  ['agents.update', { version: '1' }, 'version: expected integer, got string'],
  ['agents.update', { version: 2 ** 31 }, 'version: expected at most 2147483647, got 2147483648'],
  ['agents.update', { version: Number.POSITIVE_INFINITY }, 'body: holds a number past all bounds'],
  ['agents.update', { name: null }, 'name: expected string, got null'],
  ['agents.update', { name: '' }, 'name: expected at least 1 characters, got 0'],
  ['agents.update', { model: null }, 'model: expected object or string, got null'],
  ['agents.update', { model: '' }, 'model: expected at least 1 characters, got 0'],
  ['agents.update', { model: { id: '' } }, 'model.id: expected at least 1 characters, got 0'],
  ['agents.update', { metadata: { k: 5 } }, 'metadata.k: expected string or null, got number'],
  ['agents.update', { archived_at: null }, 'archived_at: unknown field'],
]

describe('bodies of agents', () => {
  test.each(GOOD)('takes for %s the good body %#', (route, body) => {
    const before = structuredClone(body)
    expect(validator.parseBody(route, body)).toBe(body)
    expect(body).toEqual(before)
  })

  test.each(BAD.map(messageFirst))('says for %s: %s', (route, message, body) => {
    expect(failure(() => validator.parseBody(route, body))).toMatchObject({ kind: 'invalid_request', message })
  })
})
