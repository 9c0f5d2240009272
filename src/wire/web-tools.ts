import { ApiError } from './errors.ts'
import { FORMATS } from './formats.ts'
import { WEB_TOOLS, settingsOf } from './toolsets.ts'
import type { AgentToolConfig, AgentToolset, ModelTool, Networking, ServerTool, SessionAgent } from './types.ts'
import type { Offered } from './web-sources.ts'
import { toServerSources } from './web-sources.ts'

/** Which versions of the web tools a model's API runs by itself. */
export interface WebVersions {
  readonly search: Extract<ServerTool, { name: 'web_search' }>['type']
  readonly fetch: Extract<ServerTool, { name: 'web_fetch' }>['type']
}

/** What decides about the web tools besides the agent. */
export interface WebAccess {
  /** Null: neither of them is there, with this model or at this back end. */
  readonly versions: WebVersions | null
  /** Absent: nothing is closed. */
  readonly networking?: Networking | undefined
}

type SearchConfig = Extract<AgentToolConfig, { name: 'web_search' }>
type FetchConfig = Extract<AgentToolConfig, { name: 'web_fetch' }>
type Domains = Pick<SearchConfig, 'allowed_domains' | 'blocked_domains'>
type Tools = SessionAgent['tools']

/**
 * The web tools that a model's API is told of, in the agent's own terms and no wider than the environment's network. One
 * that nothing is left for is not offered, nor one whose calls would have to be confirmed: its API runs it by itself.
 * @param clients names of the other built-in tools that are offered.
 */
export function webTools(
  tools: Tools,
  { versions, networking }: WebAccess,
  clients: readonly string[],
): readonly ServerTool[] {
  const toolset = toolsetOf(tools)
  if (!toolset || !versions) return []
  const search = isOn(toolset, 'web_search') ? toSearch(toolset, versions, networking) : null
  const declared = [...(search ? ['web_search'] : []), 'web_fetch']
  const fetch = isOn(toolset, 'web_fetch') ? toFetch(toolset, { versions, networking, declared, clients }) : null
  return [...(fetch ? [fetch] : []), ...(search ? [search] : [])]
}

/** Whether a model's API runs the tool by itself. */
export function isServerTool(tool: ModelTool): tool is ServerTool {
  return !('input_schema' in tool)
}

/** Entries that turn a web tool on which no session can have, by the names of the wire. */
export function unsupportedWebTools(tools: Tools, versions: WebVersions | null): readonly string[] {
  const configs = toolsetOf(tools)?.configs.filter(({ enabled, name }) => enabled && WEB_TOOLS.includes(name)) ?? []
  return configs.flatMap(({ name, permission_policy: { type } }) => {
    if (!versions) return [`the ${name} tool with this model`]
    return type === 'always_allow' ? [] : [`the ${name} tool under ${type}`]
  })
}

/**
 * Refuses domains of an enabled web tool that the environment's network keeps out.
 * @throws ApiError 400 that names the entry.
 */
export function refuseClosedDomains(tools: Tools, networking: Networking | undefined): void {
  if (networking?.type !== 'limited') return
  for (const [index, tool] of tools.entries()) {
    if (tool.type !== 'agent_toolset_20260401') continue
    for (const [at, config] of tool.configs.entries()) {
      if (!config.enabled || !('allowed_domains' in config)) continue
      const closed = config.allowed_domains?.findIndex((domain) => !isOpen(domain, networking.allowed_hosts)) ?? -1
      if (closed < 0) continue
      const path = `agent.tools.${index}.configs.${at}.allowed_domains.${closed}`
      const message = `${path}: expected one of the environment's networking.allowed_hosts, got ${JSON.stringify(config.allowed_domains?.[closed])}`
      throw new ApiError('invalid_request', message)
    }
  }
}

function toolsetOf(tools: Tools): AgentToolset | undefined {
  return tools.find((tool) => tool.type === 'agent_toolset_20260401')
}

function isOn(toolset: AgentToolset, name: 'web_search' | 'web_fetch'): boolean {
  const { enabled, permission_policy: policy } = settingsOf(toolset, name)
  return enabled && policy.type === 'always_allow'
}

function toSearch(
  { configs }: AgentToolset,
  { search: type }: WebVersions,
  networking: Networking | undefined,
): ServerTool | null {
  const config = configs.find((each): each is SearchConfig => each.name === 'web_search')
  const domains = domainsFor(config ?? {}, networking)
  const location = config?.user_location
  return domains && { type, name: 'web_search', ...domains, ...(location ? { user_location: location } : {}) }
}

interface FetchContext extends WebAccess, Offered {
  readonly versions: WebVersions
}

function toFetch({ configs }: AgentToolset, context: FetchContext): ServerTool | null {
  const config = configs.find((each): each is FetchConfig => each.name === 'web_fetch')
  const domains = domainsFor(config ?? {}, context.networking)
  const sources = config?.url_sources ? toServerSources(config.url_sources, context) : undefined
  if (!domains || sources === null) return null
  const tokens = config?.max_content_tokens
  return {
    type: context.versions.fetch,
    name: 'web_fetch',
    ...domains,
    ...(tokens ? { max_content_tokens: tokens } : {}),
    ...(sources ? { url_sources: sources } : {}),
  }
}

/**
 * The lists for the model's API, which takes one of the two; null when nothing is left open. It covers the subdomains of
 * an entry, so a host in whose reach something is blocked cannot be opened at all.
 */
function domainsFor(
  { allowed_domains: allowed, blocked_domains: blocked = [] }: Domains,
  networking: Networking | undefined,
): Domains | null {
  if (networking?.type !== 'limited') {
    if (allowed) return { allowed_domains: allowed.map(plainDomain) }
    return blocked.length > 0 ? { blocked_domains: blocked.map(plainDomain) } : {}
  }
  const hosts = networking.allowed_hosts
  const open = allowed
    ? allowed.filter((domain) => isOpen(domain, hosts)).map(plainDomain)
    : toDomains(hosts).filter((host) => !blocked.some((domain) => overlap(host, hostOf(domain))))
  return open.length > 0 ? { allowed_domains: open } : null
}

/** The hosts of a network as domains; names that are not public are of no use to a model's API, which refuses them. */
function toDomains(hosts: readonly string[]): readonly string[] {
  const domains = hosts.map((host) => plainDomain(host.replace(/^\*\./, '')))
  return [...new Set(domains)].filter((domain) => FORMATS['domain']?.accepts(domain))
}

/** Whether a domain, which may have a path, is one of the hosts, or below one that begins with `*.`. */
function isOpen(domain: string, hosts: readonly string[]): boolean {
  const name = hostOf(domain)
  return hosts.some((each) => {
    const host = each.toLowerCase()
    return host.startsWith('*.') ? name.endsWith(host.slice(1)) : name === host
  })
}

function overlap(one: string, other: string): boolean {
  return one === other || one.endsWith(`.${other}`) || other.endsWith(`.${one}`)
}

function hostOf(domain: string): string {
  return domain.replace(/\/.*$/, '').toLowerCase()
}

/** In the spelling that equal domains share: host names have no case, a slash at the end is none; between may be a path. */
export function plainDomain(domain: string): string {
  return domain.replace(/^[^/]*/, (host) => host.toLowerCase()).replace(/\/$/, '')
}
