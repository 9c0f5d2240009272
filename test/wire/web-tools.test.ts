import { describe, expect, test } from 'vitest'
import { resolveTools } from '../../src/wire/toolsets.ts'
import type { AgentToolConfigParams, AgentToolsetParams, Networking, UrlSourceFilter } from '../../src/wire/types.ts'
import type { WebAccess } from '../../src/wire/web-tools.ts'
import { refuseClosedDomains, webTools } from '../../src/wire/web-tools.ts'

const VERSIONS = { search: 'web_search_20250305', fetch: 'web_fetch_20250910' } as const
const SEARCH = { type: 'web_search_20250305', name: 'web_search' }
const FETCH = { type: 'web_fetch_20250910', name: 'web_fetch' }
const ALL = { type: 'all' } as const
const NONE = { type: 'none' } as const

function limited(...hosts: string[]): Networking {
  return { type: 'limited', allowed_hosts: hosts, allow_mcp_servers: false, allow_package_managers: false }
}

interface Domains {
  allowed_domains?: string[]
  blocked_domains?: string[]
}

function toolset(configs: AgentToolConfigParams[] = [], defaults: AgentToolsetParams['default_config'] = {}) {
  return resolveTools([{ type: 'agent_toolset_20260401', configs, default_config: defaults }])
}

function offered(configs: AgentToolConfigParams[], access: Partial<WebAccess> = {}, clients: readonly string[] = []) {
  return webTools(toolset(configs), { versions: VERSIONS, ...access }, clients)
}

/** The lists that a search is told of under a network; null when it is not offered. */
function listsOf(config: Domains, networking: Networking) {
  const search = offered([{ ...config, name: 'web_search' }], { networking }).find(({ name }) => name === 'web_search')
  return search ? [search.allowed_domains, search.blocked_domains] : null
}

describe('the web tools of a model’s API', () => {
  test.each([
    { name: 'both, by default', tools: toolset(), told: [FETCH, SEARCH] },
    { name: 'none without a toolset', tools: [], told: [] },
    { name: 'none that is off', tools: toolset([{ name: 'web_fetch', enabled: false }]), told: [SEARCH] },
    { name: 'none that is off by default', tools: toolset([], { enabled: false }), told: [] },
    {
      name: 'none whose calls are to be confirmed',
      tools: toolset([{ name: 'web_fetch', permission_policy: { type: 'auto' } }]),
      told: [SEARCH],
    },
    {
      name: 'none whose calls are to be confirmed by default',
      tools: toolset([], { permission_policy: { type: 'always_ask' } }),
      told: [],
    },
  ])('are $name', ({ tools, told }) => {
    expect(webTools(tools, { versions: VERSIONS }, [])).toEqual(told)
  })

  test('are none where the model has none', () => {
    expect(offered([], { versions: null })).toEqual([])
  })

  test('carry what the agent says of them', () => {
    const location = { type: 'approximate', city: 'Lyon', country: 'FR', timezone: 'Europe/Paris' } as const
    expect(
      offered([
        { name: 'web_search', blocked_domains: ['Ads.Example.com/'], user_location: location },
        { name: 'web_fetch', allowed_domains: ['docs.example.com'], max_content_tokens: 5000 },
      ]),
    ).toEqual([
      { ...FETCH, allowed_domains: ['docs.example.com'], max_content_tokens: 5000 },
      { ...SEARCH, blocked_domains: ['ads.example.com'], user_location: location },
    ])
  })
})

describe('a limited network', () => {
  test.each<[string, Domains, string[], unknown]>([
    ['is all that is open', {}, ['example.com', '*.Example.org'], [['example.com', 'example.org'], undefined]],
    ['leaves nothing when it is empty', {}, [], null],
    ['says each domain once', {}, ['example.com', '*.example.com'], [['example.com'], undefined]],
    ['leaves out names that are not public', {}, ['registry.internal', 'example.com'], [['example.com'], undefined]],
    [
      'leaves of the agent’s list what it opens itself',
      { allowed_domains: ['docs.example.com', 'example.com/blog', 'other.com'] },
      ['*.example.com', 'example.com'],
      [['docs.example.com', 'example.com/blog'], undefined],
    ],
    ['opens a host and not those above it', { allowed_domains: ['example.com'] }, ['docs.example.com'], null],
    ['opens what is below a name and not the name', { allowed_domains: ['example.com'] }, ['*.example.com'], null],
    [
      'closes each host in whose reach something is blocked',
      { blocked_domains: ['ads.example.com', 'other.com', 'third.com/private'] },
      ['*.example.com', 'other.com', 'sub.other.com', 'third.com', 'fourth.com'],
      [['fourth.com'], undefined],
    ],
    ['may be blocked whole', { blocked_domains: ['example.com'] }, ['docs.example.com'], null],
  ])('%s', (_, config, hosts, lists) => {
    expect(listsOf(config, limited(...hosts))).toEqual(lists)
  })

  test('is none where it is unrestricted', () => {
    expect(listsOf({ blocked_domains: ['a.com'] }, { type: 'unrestricted' })).toEqual([undefined, ['a.com']])
  })
})

describe('the sources of URLs to fetch', () => {
  const OFF: AgentToolConfigParams = { name: 'web_search', enabled: false }
  const server: UrlSourceFilter = { type: 'only', tools: [{ type: 'tool_reference', name: 'web_search' }] }

  test('are the provider’s own where the agent says nothing', () => {
    expect(offered([{ name: 'web_fetch' }])[0]).toEqual(FETCH)
  })

  test('are the agent’s, as far as the request has what they name', () => {
    const fetch: AgentToolConfigParams = { name: 'web_fetch', url_sources: { server_tool_results: server } }
    const all = { user_input: ALL, client_tool_results: { type: 'except', tools: [{ name: 'bash' }] } }
    expect(offered([fetch], {}, ['bash'])[0]).toMatchObject({ url_sources: { ...all, server_tool_results: server } })
    expect(offered([fetch, OFF], {}, ['bash'])[0]).toMatchObject({ url_sources: { ...all, server_tool_results: NONE } })
  })

  test('make the tool useless when none is left, and it is not offered', () => {
    const sources = { user_input: 'none', client_tool_results: 'none', server_tool_results: server } as const
    expect(offered([{ name: 'web_fetch', url_sources: sources }, OFF])).toEqual([])
  })
})

describe('refuseClosedDomains', () => {
  const tools = toolset([
    { name: 'bash' },
    { name: 'web_fetch', blocked_domains: ['a.com'] },
    { name: 'web_search', allowed_domains: ['docs.example.com', 'b.com/x'] },
  ])

  test.each<[string, Networking | undefined]>([
    ['where nothing is limited', { type: 'unrestricted' }],
    ['in a session that knows of no network', undefined],
    ['whose hosts are open', limited('docs.example.com', 'B.com')],
    ['whose hosts are open by a pattern', limited('*.example.com', 'b.com')],
  ])('lets lists pass %s', (_, networking) => {
    expect(() => refuseClosedDomains(tools, networking)).not.toThrow()
  })

  test('names the first domain that is closed', () => {
    expect(() => refuseClosedDomains(tools, limited('*.example.com'))).toThrow(
      'agent.tools.0.configs.2.allowed_domains.1: expected one of the environment\'s networking.allowed_hosts, got "b.com/x"',
    )
  })

  test('looks past tools that are off, and that are no toolset', () => {
    const off = toolset([{ name: 'web_search', enabled: false, allowed_domains: ['b.com'] }])
    const custom = resolveTools([{ type: 'custom', name: 't', description: 'd', input_schema: { type: 'object' } }])
    expect(() => refuseClosedDomains([...custom, ...off], limited())).not.toThrow()
  })
})
