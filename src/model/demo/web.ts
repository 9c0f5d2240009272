import type { ContentBlock } from '@anthropic-ai/sdk/resources/messages/messages'
import type { JsonObject } from '../json.ts'
import type { DemoBlock } from './block.ts'
import type { DemoMessage } from './conversation.ts'
import type { DemoRequest } from './request.ts'
import type { ServedBlock, ServedContent, Turn, TurnBlock } from './turn.ts'
import { isObject } from '../json.ts'
import { isServedResult, signHit } from './block.ts'
import { toTurn } from './turn.ts'

type Result = Extract<ContentBlock, { type: 'web_search_tool_result' | 'web_fetch_tool_result' }>
type Found = Extract<Result, { type: 'web_search_tool_result' }>['content']
type Fetched = Extract<Result, { type: 'web_fetch_tool_result' }>['content']

/** The whole web: a search finds a page on each, where it may look there. */
const SITES = ['docs.example.com', 'www.example.org', 'ads.example.net']
const PAGE_CHARACTERS = 200
const CHARACTERS_PER_TOKEN = 4
/** Begins with what tells a PDF. */
const PDF = 'JVBERi0xLjQ='

/**
 * A turn once the web tools that it asks for were used: a call that the conversation has left open ends first. One that
 * is to stay open has no result; one of a tool that the request does not have is a sentence.
 */
export function surf(turn: Turn, { messages, tools }: Pick<DemoRequest, 'messages' | 'tools'>): Turn {
  const heard = [...messages]
  // What one call has found, the next may look at.
  const use = (call: Call): ServedContent => {
    const result = carryOut(call, { messages: heard, tools })
    heard.push({ role: 'assistant', content: [{ ...result }] })
    return result
  }
  const left = openCalls(messages).map(({ id, name, input }): TurnBlock => {
    const call = { name: name as ServedBlock['name'], input: input as JsonObject }
    return { type: 'server_tool_result', id: String(id), result: use(call) }
  })
  const blocks = turn.blocks.map((block): TurnBlock => {
    if (block.type !== 'server_tool_use') return block
    if (!tools.some(({ name }) => name === block.name)) return { type: 'text', text: `There is no ${block.name}.` }
    return block.isLeft ? block : { ...block, result: use(block) }
  })
  const isNone = blocks.every(({ type }) => type === 'text' || type === 'thinking')
  const { stopReason } = turn.stopReason === 'pause_turn' && isNone ? toTurn(blocks) : turn
  return { ...turn, stopReason, blocks: [...left, ...blocks] }
}

/** Calls of the conversation's end that it goes on with. */
function openCalls(messages: readonly DemoMessage[]): readonly DemoBlock[] {
  const blocks = messages.flatMap(({ content }) => content)
  const done = new Set(blocks.flatMap((block) => (isServedResult(block) ? [block['tool_use_id']] : [])))
  return blocks.filter(({ type, id }) => type === 'server_tool_use' && !done.has(id))
}

type Call = Pick<ServedBlock, 'name' | 'input'>

function carryOut({ name, input }: Call, { messages, tools }: Pick<DemoRequest, 'messages' | 'tools'>): ServedContent {
  const tool = tools.find((each) => each['name'] === name) ?? {}
  if (name === 'web_search') return { type: 'web_search_tool_result', content: search(String(input['query']), tool) }
  return { type: 'web_fetch_tool_result', content: fetchPage(String(input['url']), { tool, messages }) }
}

function search(query: string, tool: JsonObject): Found {
  const slug = encodeURIComponent(query.replaceAll(' ', '-'))
  return SITES.map((site) => `https://${site}/${slug}`)
    .filter((url) => isOpen(url, tool))
    .map((url) => ({
      type: 'web_search_result',
      url,
      title: `${query}, by ${new URL(url).host}`,
      page_age: null,
      encrypted_content: signHit(url),
    }))
}

function fetchPage(url: string, { tool, messages }: { tool: JsonObject; messages: readonly DemoMessage[] }): Fetched {
  const error = (error_code: Extract<Fetched, { error_code: unknown }>['error_code']): Fetched => ({
    type: 'web_fetch_tool_result_error',
    error_code,
  })
  if (!URL.canParse(url)) return error('invalid_tool_input')
  if (!isOpen(url, tool)) return error('url_not_allowed')
  if (!sourcesOf(messages, tool['url_sources']).some((text) => text.includes(url)))
    return error('url_not_in_prior_context')
  const { searchParams, pathname } = new URL(url)
  const limit = Number(tool['max_content_tokens'] ?? Infinity) * CHARACTERS_PER_TOKEN
  const length = Math.min(limit, Number(searchParams.get('characters') ?? PAGE_CHARACTERS))
  const source = pathname.endsWith('.pdf')
    ? ({ type: 'base64', media_type: 'application/pdf', data: PDF } as const)
    : ({
        type: 'text',
        media_type: 'text/plain',
        data: `The page ${url} `.padEnd(length, 'and so on ').slice(0, length),
      } as const)
  return {
    type: 'web_fetch_result',
    url,
    retrieved_at: '2026-01-01T00:00:00Z',
    content: { type: 'document', source, title: null, citations: null },
  }
}

/** Whether a tool's lists let it look at a URL; an entry covers subdomains, and paths that begin like its own. */
function isOpen(url: string, { allowed_domains: allowed, blocked_domains: blocked }: JsonObject): boolean {
  const { host, pathname } = new URL(url)
  const covers = (entry: unknown): boolean => {
    const [domain = '', ...path] = String(entry).split('/')
    return (host === domain || host.endsWith(`.${domain}`)) && pathname.startsWith(`/${path.join('/')}`)
  }
  if (Array.isArray(allowed)) return allowed.some(covers)
  return !Array.isArray(blocked) || !blocked.some(covers)
}

/** The texts of a conversation whose URLs may be fetched. */
function sourcesOf(messages: readonly DemoMessage[], sources: unknown): readonly string[] {
  const filters = isObject(sources) ? sources : {}
  const blocks = messages.flatMap(({ role, content }) => content.map((block): DemoBlock => ({ ...block, role })))
  const names = new Map(blocks.map(({ id, name }) => [id, String(name)]))
  return blocks
    .filter(({ type, role, tool_use_id: call }: DemoBlock) => {
      if (type === 'tool_result') return isSource(filters['client_tool_results'], names.get(call) ?? '')
      if (isServedResult({ type })) return isSource(filters['server_tool_results'], type.replace('_tool_result', ''))
      return role === 'user' && isSource(filters['user_input'], '')
    })
    .map((block) => JSON.stringify(block))
}

function isSource(filter: unknown, name: string): boolean {
  const { type = 'all', tools } = isObject(filter) ? filter : {}
  if (type === 'all' || type === 'none') return type === 'all'
  const isNamed = Array.isArray(tools) && tools.some((tool) => isObject(tool) && tool['name'] === name)
  return isNamed === (type === 'only')
}
