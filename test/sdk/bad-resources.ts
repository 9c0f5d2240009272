import type { Case, Places } from './bad-case.ts'
import { agent, environment, pairs, post, sessions, times } from './bad-case.ts'

const TOOLSET = { type: 'agent_toolset_20260401' }
const tool = (change: object): object => ({
  type: 'custom',
  name: 't',
  description: 'd',
  input_schema: { type: 'object' },
  ...change,
})
const tools = (name: string, ...list: unknown[]): Case => agent(name, { tools: list })
const server = (change: object): object => ({ type: 'url', name: 's', url: 'https://mcp.example.com/', ...change })
const servers = (name: string, ...list: unknown[]): Case => agent(name, { mcp_servers: list })
const limited = (change: object): object => ({ config: { type: 'cloud', networking: { type: 'limited', ...change } } })
const hosts = (name: string, list: unknown): Case => environment(name, limited({ allowed_hosts: list }))

const BAD_HOSTS = [
  '*',
  '*.',
  '*.com',
  '.example.com',
  'example.com.',
  'example.com:443',
  'https://example.com',
  'example.com/path',
  'user@example.com',
  'exa mple.com',
  '*.*.example.com',
  'a.*.example.com',
  '-x.example.com',
  `${'a'.repeat(64)}.example.com`,
  'bücher.example',
  '127.1',
  '127.0.0.1',
  '0x7f000001',
  '2130706433',
  '[::ffff:127.0.0.1]',
  '::1',
  'localhost',
  '',
  ' ',
  'example.com\n',
]

const ofEnvironment = ({ environment: id }: Places): string => `/v1/environments/${id}`

/** Agents and environments with parts that are wrong, too many, or somebody else's to set. */
export const BAD_RESOURCES: readonly Case[] = [
  agent('no name', { name: undefined }),
  agent('an empty name', { name: '' }),
  agent('257 characters of name', { name: 'x'.repeat(257) }),
  agent('2,049 characters of description', { description: 'x'.repeat(2049) }),
  agent('100,001 characters of system prompt', { system: 'x'.repeat(100_001) }),
  agent('no model', { model: null }),
  agent('a model without an id', { model: {} }),
  agent('a model with an effort of nobody', { model: { id: 'm', effort: 'heroic' } }),
  agent('a model of 257 characters', { model: 'm'.repeat(257) }),
  agent('17 pairs', { metadata: pairs(17) }),
  agent('metadata that is null', { metadata: { k: null } }),
  agent('metadata that is a list', { metadata: ['k'] }),
  agent('metadata with an empty prototype', { metadata: JSON.parse('{"__proto__":"x"}') }),
  ...['id', 'version', 'created_at', 'updated_at', 'archived_at', 'type', 'workspace_id'].map((field) =>
    agent(`an agent that sets ${field}`, { [field]: 'x' }),
  ),
  agent('an agent that acts as somebody', { execution_identity: { type: 'aws_role', role_arn: '' } }),

  tools('257 tools', ...times(257, (index) => tool({ name: `t${index}` }))),
  tools('two tools of one name', tool({}), tool({})),
  tools('two toolsets', TOOLSET, TOOLSET),
  tools('a tool of another kind', { type: 'computer_20250124' }),
  tools('a tool with a space in its name', tool({ name: 'a b' })),
  tools('a tool of 129 characters', tool({ name: 'x'.repeat(129) })),
  tools('a tool without a description', tool({ description: '' })),
  tools('a tool whose schema is a list', tool({ input_schema: [] })),
  tools('a tool whose schema is no object’s', tool({ input_schema: { type: 'string' } })),
  tools(
    'a property named __proto__',
    tool({ input_schema: JSON.parse('{"type":"object","properties":{"__proto__":{}}}') }),
  ),
  tools(
    'a property of 65 characters',
    tool({ input_schema: { type: 'object', properties: { ['x'.repeat(65)]: {} } } }),
  ),
  tools('a schema that refers to itself', tool({ input_schema: { type: 'object', properties: { a: { $ref: '#' } } } })),
  tools('a toolset with a tool of nobody', { ...TOOLSET, configs: [{ name: 'sudo', enabled: true }] }),
  tools('a toolset with a tool twice', { ...TOOLSET, configs: times(2, () => ({ name: 'bash', enabled: true })) }),
  tools('a toolset with a policy of nobody', { ...TOOLSET, default_config: { permission_policy: { type: 'never' } } }),
  tools('a fetch tool that may go home', {
    ...TOOLSET,
    configs: [{ name: 'web_fetch', allowed_domains: ['localhost'] }],
  }),
  tools('a set of a server that is not there', { type: 'mcp_toolset', mcp_server_name: 's' }),

  servers('21 servers', ...times(21, (index) => server({ name: `s${index}`, url: `https://s${index}.example.com/` }))),
  servers('two servers of one name', server({}), server({ url: 'https://other.example.com/' })),
  servers('a server of no name', server({ name: '' })),
  ...[
    'ftp://x.example/',
    'https://u:p@x.example/',
    'file:///etc/passwd',
    'x.example',
    '',
    `https://x.example/${'x'.repeat(2048)}`,
  ].map((url) => servers(`a server at ${url.slice(0, 30)}`, server({ url }))),
  servers('a server with a secret of its own', server({ authorization_token: 'x' })),

  environment('no name at all', { name: undefined }),
  environment('an empty name of an environment', { name: '' }),
  environment('a name that is taken', { name: 'taken' }, { status: 409 }),
  environment('17 pairs of an environment', { metadata: pairs(17) }),
  environment('a scope of everybody', { scope: 'account' }),
  environment('a config of nobody', { config: { type: 'mainframe' } }),
  environment('networking of nobody', { config: { type: 'cloud', networking: { type: 'open' } } }),
  environment('hosts without a limit', {
    config: { type: 'cloud', networking: { type: 'unrestricted', allowed_hosts: [] } },
  }),
  ...BAD_HOSTS.map((host) => hosts(`the host ${JSON.stringify(host).slice(0, 30)}`, [host])),
  hosts(
    '1,001 hosts',
    times(1001, (index) => `h${index}.example.com`),
  ),
  hosts('hosts that are one text', 'example.com'),
  environment('packages that nobody lets in', {
    config: { type: 'cloud', networking: { type: 'limited' }, packages: { type: 'packages', pip: ['requests'] } },
  }),
  environment('packages that are a text', {
    config: { type: 'cloud', packages: { type: 'packages', pip: 'requests' } },
  }),
  ...['id', 'created_at', 'archived_at', 'type', 'workspace_id'].map((field) =>
    environment(`an environment that sets ${field}`, { [field]: 'x' }),
  ),
  ...['id', 'created_at', 'archived_at', 'type', 'workspace_id'].map((field) =>
    post(`an update of an agent that sets ${field}`, (places) => `/v1/agents/${places.agent}`, { [field]: 'x' }),
  ),
  post('overrides that clear the model', sessions, {
    agent: { type: 'agent_with_overrides', id: 'agent_01missing', model: null, tools: 'all' },
    environment_id: 'e',
  }),
  post('overrides of nobody', sessions, { agent: { type: 'agent_with_hats', id: 'a' }, environment_id: 'e' }),
  post('an update that makes an environment somebody’s own', ofEnvironment, { config: { type: 'self_hosted' } }),
  post('a taken name for an environment', ofEnvironment, { name: 'taken' }, { status: 409 }),
  post('an update that sets the id of an environment', ofEnvironment, { id: 'env_01mine' }),
  post('an archive of an environment of nobody', () => '/v1/environments/env_01missing/archive', undefined, {
    status: 404,
  }),
  post('an archive of an agent of nobody', () => '/v1/agents/agent_01missing/archive', undefined, { status: 404 }),
  { name: 'DELETE of an environment in use', method: 'DELETE', path: ofEnvironment },
]
