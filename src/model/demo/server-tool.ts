import type { JsonObject } from '../json.ts'
import { isObject } from '../json.ts'
import { refuse } from './refusal.ts'

/** The versions that are known, and the fields that each may have beside `type` and `name`. */
const FIELDS_OF = new Map<string, { readonly name: string; readonly fields: readonly string[] }>([
  ['web_search_20250305', { name: 'web_search', fields: ['user_location'] }],
  ['web_fetch_20250910', { name: 'web_fetch', fields: ['citations', 'max_content_tokens', 'url_sources'] }],
])
const COMMON = ['type', 'name', 'cache_control', 'max_uses', 'allowed_domains', 'blocked_domains', 'allowed_callers']
/** Two labels or more, and perhaps a path. */
const DOMAIN = /^(?:[a-z0-9-]+\.)+[a-z][a-z0-9-]*(?:\/[^\s?#]*)?$/
const INSIDE = /\.(?:local|internal|localhost|invalid)$/
const SOURCES = ['user_input', 'client_tool_results', 'server_tool_results']

/** Checks a tool that the API itself carries out; false for any other tool. Throws a refusal. */
export function checkServerTool(tool: JsonObject, path: string, declared: readonly unknown[]): boolean {
  const { type } = tool
  if (type === undefined || type === 'custom') return false
  const known = typeof type === 'string' ? FIELDS_OF.get(type) : undefined
  if (!known || typeof type !== 'string')
    return refuse(path, `Input tag ${JSON.stringify(type)} does not match any of the expected tags`)
  const at = `${path}.${type}`
  if (tool['name'] !== known.name) refuse(`${at}.name`, `Input should be '${known.name}'`)
  const extra = Object.keys(tool).find((field) => !COMMON.includes(field) && !known.fields.includes(field))
  if (extra !== undefined) refuse(`${at}.${extra}`, 'Extra inputs are not permitted')
  checkDomains(tool, at)
  const { max_content_tokens: tokens = 1 } = tool
  if (!Number.isInteger(tokens) || Number(tokens) < 1)
    refuse(`${at}.max_content_tokens`, 'Input should be greater than 0')
  if (tool['url_sources'] !== undefined) checkSources(tool['url_sources'], `${at}.url_sources`, declared)
  return true
}

function checkDomains({ allowed_domains: allowed, blocked_domains: blocked }: JsonObject, path: string): void {
  if (allowed !== undefined && blocked !== undefined)
    refuse(path, 'Only one of allowed_domains or blocked_domains may be set.')
  const domains = allowed ?? blocked
  if (domains === undefined) return
  if (!Array.isArray(domains) || domains.length === 0) refuse(path, 'Empty list of domains is ambiguous')
  const wrong: unknown = domains.find((each) => typeof each !== 'string' || !DOMAIN.test(each) || INSIDE.test(each))
  if (wrong !== undefined) refuse(path, `Invalid domain ${JSON.stringify(wrong)}`)
}

function checkSources(sources: unknown, path: string, declared: readonly unknown[]): void {
  const filters = isObject(sources) ? SOURCES.map((name) => sources[name] ?? { type: 'all' }) : []
  if (filters.length === 0 || !filters.every(isObject)) return refuse(path, 'Input should be an object')
  if (filters.every(({ type }) => type === 'none')) refuse(path, 'At least one source must be open')
  const references = filters.flatMap(({ tools }) => (Array.isArray(tools) ? tools : []))
  const stray: unknown = references.find((each) => !isObject(each) || !declared.includes(each['name']))
  if (stray !== undefined) refuse(path, `${JSON.stringify(stray)} names no tool of the request`)
}
