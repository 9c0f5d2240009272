import { ApiError } from './errors.ts'
import { SANDBOX_TOOLS, settingsOf, WEB_TOOLS } from './toolsets.ts'
import { plainDomain } from './web-tools.ts'
import type { Agent, AgentTool, AgentToolConfig, AgentToolset, CustomTool, UrlSourceFilter } from './types.ts'

/** The parts of an agent that have to agree with one another, resolved. */
export type AgentParts = Pick<Agent, 'tools' | 'mcp_servers' | 'skills'>

const BUILT_IN_TOOLS = [...SANDBOX_TOOLS, ...WEB_TOOLS]
const MAX_TOOLS = 256
const MAX_PROBLEMS = 3
const RESERVED = ['mcp__', 'ant__']
const TOP_LEVEL = ['oneOf', 'anyOf', 'allOf']

/**
 * Refuses an agent whose tools, servers and skills do not fit together. Looks at the outcome, not at the request: an
 * update or an override that leaves a field out can break a rule too.
 * @throws ApiError 400 naming up to three problems.
 */
export function checkAgent(agent: AgentParts): void {
  const problems = [...checkTools(agent.tools), ...checkServers(agent), ...checkSkills(agent)]
  if (problems.length > 0) throw new ApiError('invalid_request', problems.slice(0, MAX_PROBLEMS).join('; '))
}

function checkTools(tools: readonly AgentTool[]): string[] {
  const toolsets = tools.filter((tool) => tool.type === 'agent_toolset_20260401')
  const custom = tools.filter((tool) => tool.type === 'custom')
  const perServer = tools.filter((tool) => tool.type === 'mcp_toolset')
  const total =
    custom.length + toolsets.length * BUILT_IN_TOOLS.length + perServer.flatMap(({ configs }) => configs).length
  return [
    ...(total > MAX_TOOLS ? [`tools: expected at most ${MAX_TOOLS} tools over all toolsets, got ${total}`] : []),
    ...(toolsets.length > 1 ? ['tools: expected one agent_toolset_20260401 at most'] : []),
    ...repeated(custom.map(({ name }) => name)).map((name) => `tools: two custom tools are called ${quote(name)}`),
    ...repeated(perServer.map((set) => set.mcp_server_name)).map(
      (name) => `tools: two toolsets name the MCP server ${quote(name)}`,
    ),
    ...tools.flatMap((tool, index) => checkTool(tool, { path: `tools.${index}`, custom })),
  ]
}

interface ToolContext {
  readonly path: string
  readonly custom: readonly CustomTool[]
}

function checkTool(tool: AgentTool, context: ToolContext): string[] {
  if (tool.type === 'custom') return checkCustomTool(tool, context.path)
  const twice = repeated(tool.configs.map(({ name }) => name))
  return [
    ...twice.map((name) => `${context.path}.configs: two entries for ${quote(name)}`),
    ...(tool.type === 'mcp_toolset' ? [] : checkWebTools(tool, context)),
  ]
}

function checkCustomTool({ name, input_schema: schema }: CustomTool, path: string): string[] {
  const isBuiltIn = BUILT_IN_TOOLS.some((builtIn) => builtIn === name)
  const prefix = RESERVED.find((reserved) => name.startsWith(reserved))
  const combined = TOP_LEVEL.filter((keyword) => Object.hasOwn(schema, keyword))
  return [
    ...(isBuiltIn ? [`${path}.name: ${quote(name)} is a built-in tool`] : []),
    ...(prefix === undefined ? [] : [`${path}.name: the prefix ${prefix} is reserved`]),
    ...combined.map((keyword) => `${path}.input_schema: ${keyword} is not allowed at the top level`),
    ...(holdsReference(schema) ? [`${path}.input_schema: $ref is not allowed`] : []),
  ]
}

function holdsReference(schema: unknown): boolean {
  const open = [schema]
  while (open.length > 0) {
    const value = open.pop()
    if (typeof value !== 'object' || value === null) continue
    if (Object.hasOwn(value, '$ref')) return true
    open.push(...Object.values(value))
  }
  return false
}

function checkWebTools(toolset: AgentToolset, { path, custom }: ToolContext): string[] {
  const known = custom.map(({ name }) => name)
  return toolset.configs.flatMap((config, index) => {
    const at = `${path}.configs.${index}`
    return [...checkDomains(config, at), ...checkSources(config, { path: at, known })]
  })
}

function checkDomains(config: AgentToolConfig, path: string): string[] {
  const hasBoth = 'allowed_domains' in config && 'blocked_domains' in config
  return [
    ...(hasBoth ? [`${path}: Only one of allowed_domains or blocked_domains may be set.`] : []),
    ...('allowed_domains' in config ? checkDoubles(config.allowed_domains, `${path}.allowed_domains`) : []),
    ...('blocked_domains' in config ? checkDoubles(config.blocked_domains, `${path}.blocked_domains`) : []),
  ]
}

function checkDoubles(domains: readonly string[] = [], path: string): string[] {
  const keys = domains.map(plainDomain)
  return keys.flatMap((key, index) => {
    const first = keys.indexOf(key)
    return first === index ? [] : [`${path}.${index}: the same as ${quote(domains[first] ?? key)} before it`]
  })
}

function checkSources(config: AgentToolConfig, { path, known }: { path: string; known: readonly string[] }): string[] {
  if (config.name !== 'web_fetch' || config.url_sources === null) return []
  const { user_input: input, client_tool_results: client, server_tool_results: server } = config.url_sources
  const at = `${path}.url_sources`
  const isShut = [input, client, server].every((source) => source?.type === 'none')
  return [
    ...(isShut ? [`${at}: at least one source has to be open`] : []),
    ...unknownNames(client, known).map((name) => `${at}.client_tool_results: no custom tool is called ${quote(name)}`),
    ...unknownNames(server, WEB_TOOLS).map(
      (name) => `${at}.server_tool_results: expected "web_search" or "web_fetch", got ${quote(name)}`,
    ),
  ]
}

function unknownNames(filter: UrlSourceFilter | null, known: readonly string[]): string[] {
  if (filter === null || filter.type === 'all' || filter.type === 'none') return []
  return filter.tools.map(({ name }) => name).filter((name) => !known.includes(name))
}

function checkServers({ tools, mcp_servers: servers }: AgentParts): string[] {
  const used = tools.flatMap((tool) => (tool.type === 'mcp_toolset' ? [tool.mcp_server_name] : []))
  const declared = servers.map(({ name }) => name)
  return [
    ...repeated(declared).map((name) => `mcp_servers: two servers are called ${quote(name)}`),
    ...declared
      .filter((name) => !used.includes(name))
      .map((name) => `mcp_servers: no mcp_toolset in tools uses ${quote(name)}`),
    ...used.filter((name) => !declared.includes(name)).map((name) => `tools: mcp_servers declares no ${quote(name)}`),
  ]
}

function checkSkills({ tools, skills }: AgentParts): string[] {
  const twice = repeated(skills.map((skill) => skill.skill_id)).map((id) => `skills: ${quote(id)} is named twice`)
  const canRead = tools.some((tool) => tool.type === 'agent_toolset_20260401' && settingsOf(tool, 'read').enabled)
  return skills.length > 0 && !canRead
    ? [...twice, 'skills: expected the read tool to be enabled, which skills need']
    : twice
}

function repeated(names: readonly string[]): string[] {
  return [...new Set(names.filter((name, index) => names.indexOf(name) !== index))]
}

function quote(name: string): string {
  return JSON.stringify(name.length > 64 ? `${name.slice(0, 64)}…` : name)
}
