import type {
  AgentTool,
  AgentToolConfig,
  AgentToolConfigParams,
  AgentToolParams,
  AgentToolset,
  AgentToolsetParams,
  McpToolset,
  McpToolsetParams,
  PermissionPolicy,
  UrlSourceFilter,
  UrlSources,
  UrlSourcesParams,
} from './types.ts'

type BuiltInName = AgentToolConfig['name']

/** Tools of `agent_toolset_20260401` that work in a sandbox. */
export const SANDBOX_TOOLS: readonly BuiltInName[] = ['bash', 'read', 'write', 'edit', 'glob', 'grep']
/** Tools of `agent_toolset_20260401` that the server runs itself. */
export const WEB_TOOLS: readonly BuiltInName[] = ['web_fetch', 'web_search']

interface Settings {
  readonly enabled: boolean
  readonly permission_policy: PermissionPolicy
}

interface SettingsParams {
  readonly enabled?: boolean | null
  readonly permission_policy?: PermissionPolicy | null
}

/**
 * The `tools` array as responses show it: every default filled in, nothing added that was not named. Resolving what was
 * resolved changes nothing, so that a client may send back what it read.
 */
export function resolveTools(tools: readonly AgentToolParams[] | null | undefined): AgentTool[] {
  return (tools ?? []).map((tool) => {
    if (tool.type === 'agent_toolset_20260401') return resolveToolset(tool)
    return tool.type === 'mcp_toolset' ? resolveMcpToolset(tool) : tool
  })
}

/** The setting of a tool in a resolved toolset: its own entry, else the toolset's default. */
export function settingsOf(toolset: AgentToolset, name: BuiltInName): Settings {
  return toolset.configs.find((config) => config.name === name) ?? toolset.default_config
}

function resolveToolset({ type, configs = [], default_config }: AgentToolsetParams): AgentToolset {
  const defaults = resolveSettings(default_config, { enabled: true, permission_policy: { type: 'always_allow' } })
  return { type, default_config: defaults, configs: configs.map((config) => resolveConfig(config, defaults)) }
}

function resolveMcpToolset({ type, mcp_server_name, configs = [], default_config }: McpToolsetParams): McpToolset {
  const defaults = resolveSettings(default_config, { enabled: true, permission_policy: { type: 'always_ask' } })
  const resolved = configs.map((config) => ({ name: config.name, ...resolveSettings(config, defaults) }))
  return { type, mcp_server_name, default_config: defaults, configs: resolved }
}

function resolveSettings(params: SettingsParams | null | undefined, defaults: Settings): Settings {
  return {
    enabled: params?.enabled ?? defaults.enabled,
    permission_policy: params?.permission_policy ?? defaults.permission_policy,
  }
}

function resolveConfig(config: AgentToolConfigParams, defaults: Settings): AgentToolConfig {
  const settings = resolveSettings(config, defaults)
  switch (config.name) {
    case 'bash':
      return { name: 'bash', type: 'bash', ...settings }
    case 'edit':
      return { name: 'edit', type: 'edit', ...settings }
    case 'read':
      return { name: 'read', type: 'read', ...settings }
    case 'write':
      return { name: 'write', type: 'write', ...settings }
    case 'glob':
      return { name: 'glob', type: 'glob', ...settings }
    case 'grep':
      return { name: 'grep', type: 'grep', ...settings }
    case 'web_fetch': {
      const { max_content_tokens: tokens } = config
      const sources = { url_sources: resolveSources(config.url_sources) }
      return {
        name: 'web_fetch',
        type: 'web_fetch',
        ...settings,
        ...sources,
        ...domainsOf(config),
        ...(tokens == null ? {} : { max_content_tokens: tokens }),
      }
    }
    case 'web_search': {
      const { user_location: location } = config
      return {
        name: 'web_search',
        type: 'web_search',
        ...settings,
        ...domainsOf(config),
        ...(location == null ? {} : { user_location: location }),
      }
    }
  }
}

interface Domains {
  allowed_domains?: string[]
  blocked_domains?: string[]
}

function domainsOf({ allowed_domains: allowed, blocked_domains: blocked }: Domains): Domains {
  return {
    ...(allowed === undefined ? {} : { allowed_domains: allowed }),
    ...(blocked === undefined ? {} : { blocked_domains: blocked }),
  }
}

function resolveSources(sources: UrlSourcesParams | null | undefined): UrlSources | null {
  if (sources == null) return null
  const { client_tool_results: client, server_tool_results: server, user_input: input } = sources
  return {
    client_tool_results: client == null ? null : resolveFilter(client),
    server_tool_results: server == null ? null : resolveFilter(server),
    user_input: input == null ? null : typeof input === 'string' ? { type: input } : input,
  }
}

function resolveFilter(filter: UrlSourceFilter | 'all' | 'none'): UrlSourceFilter {
  return typeof filter === 'string' ? { type: filter } : filter
}
