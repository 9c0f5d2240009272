import type { ServerTool, UrlSourceFilter, UrlSources } from './types.ts'

/** What a request offers besides the tool that fetches. */
export interface Offered {
  /** Names of the tools that the model's API runs by itself, that one included. */
  readonly declared: readonly string[]
  /** Names of the sandbox's tools. */
  readonly clients: readonly string[]
}

type ServerSources = NonNullable<Extract<ServerTool, { name: 'web_fetch' }>['url_sources']>

/**
 * The sources for the model's API, to which the tools of the sandbox are clients' tools too: whoever narrows the sources
 * does not mean them. A list may name nothing that the request does not declare. Null when none is left.
 */
export function toServerSources(
  { user_input: user, ...tools }: UrlSources,
  { declared, clients }: Offered,
): ServerSources | null {
  const sources = {
    user_input: user ?? { type: 'all' },
    client_tool_results: leaveOut(tools.client_tool_results ?? { type: 'all' }, clients),
    server_tool_results: within(tools.server_tool_results ?? { type: 'all' }, declared),
  } as const
  return Object.values(sources).every(({ type }) => type === 'none') ? null : sources
}

function leaveOut(filter: UrlSourceFilter, names: readonly string[]): UrlSourceFilter {
  if (names.length === 0 || filter.type === 'none' || filter.type === 'only') return filter
  const own = names.map((name) => ({ type: 'tool_reference' as const, name }))
  return { type: 'except', tools: filter.type === 'except' ? [...filter.tools, ...own] : own }
}

function within(filter: UrlSourceFilter, names: readonly string[]): UrlSourceFilter {
  if (filter.type === 'all' || filter.type === 'none') return filter
  const tools = filter.tools.filter(({ name }) => names.includes(name))
  if (tools.length > 0) return { ...filter, tools }
  return { type: filter.type === 'only' ? 'none' : 'all' }
}
