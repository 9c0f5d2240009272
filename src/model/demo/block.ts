import { createHash } from 'node:crypto'
import type { JsonObject } from '../json.ts'
import { isObject } from '../json.ts'
import { Refusal, refuse } from './refusal.ts'

/** A block of a request whose type and fields are ones that the API knows. */
export type DemoBlock = JsonObject & { readonly type: string }

/** The fields that a block may have beside `type`; every other field is refused. */
const FIELDS_OF = new Map<string, readonly string[]>([
  ['text', ['text', 'cache_control', 'citations']],
  ['image', ['source', 'cache_control', 'transformations']],
  ['document', ['source', 'cache_control', 'citations', 'context', 'title']],
  ['search_result', ['content', 'source', 'title', 'cache_control', 'citations']],
  ['thinking', ['thinking', 'signature']],
  ['redacted_thinking', ['data']],
  ['tool_use', ['id', 'name', 'input', 'cache_control', 'caller', 'toolset_name']],
  ['tool_result', ['tool_use_id', 'content', 'is_error', 'cache_control']],
  ['server_tool_use', ['id', 'name', 'input', 'cache_control', 'caller']],
  ['web_search_tool_result', ['tool_use_id', 'content', 'cache_control', 'caller']],
  ['web_fetch_tool_result', ['tool_use_id', 'content', 'cache_control', 'caller']],
])

/** Whether a block says what came of a call that the API has carried out. */
export function isServedResult({ type }: Pick<DemoBlock, 'type'>): boolean {
  return type === 'web_search_tool_result' || type === 'web_fetch_tool_result'
}

/** Whether the API goes on from this block by itself, where it takes no other word of an assistant at the end. */
export function isServed(block: DemoBlock | undefined): boolean {
  return block !== undefined && (block.type === 'server_tool_use' || isServedResult(block))
}

/** A string is one text block. Throws a refusal that names the block by `path`. */
export function readBlocks(content: unknown, path: string): readonly DemoBlock[] {
  if (typeof content === 'string') return content === '' ? [] : [readBlock({ type: 'text', text: content }, path)]
  if (!Array.isArray(content))
    return refuse(path, content === undefined ? 'Field required' : 'Input should be a valid list')
  return content.map((block: unknown, index) => readBlock(block, `${path}.${index}`))
}

/** Stands for the model's signature under its thinking: it proves that the block comes back unchanged. */
export function signThinking(thinking: string): string {
  return createHash('sha256').update(`demo:${thinking}`).digest('base64')
}

/** Stands for what the API has found, which nobody else can read: it takes it back unchanged. */
export function signHit(url: string): string {
  return createHash('sha256').update(`demo:${url}`).digest('base64')
}

/** Whether there is a breakpoint; throws a refusal when it is a wrong one. */
export function checkCacheControl(control: unknown): boolean {
  if (control === undefined || control === null) return false
  const { type, ttl = '5m' } = isObject(control) ? control : {}
  if (type !== 'ephemeral') refuse('cache_control', "Input should be 'ephemeral'")
  if (ttl !== '5m' && ttl !== '1h') refuse('cache_control.ephemeral.ttl', "Input should be '5m' or '1h'")
  return true
}

function readBlock(block: unknown, path: string): DemoBlock {
  const { type } = isObject(block) ? block : {}
  const fields = typeof type === 'string' ? FIELDS_OF.get(type) : undefined
  if (!isObject(block) || typeof type !== 'string' || !fields) {
    return refuse(path, `Input tag ${JSON.stringify(type)} does not match any of the expected tags`)
  }
  const extra = Object.keys(block).find((name) => name !== 'type' && !fields.includes(name))
  if (extra !== undefined) refuse(`${path}.${type}.${extra}`, 'Extra inputs are not permitted')
  checkFields({ ...block, type }, `${path}.${type}`)
  return { ...block, type }
}

function checkFields(block: DemoBlock, path: string): void {
  switch (block.type) {
    case 'text':
      checkText(block['text'], path)
      break
    case 'thinking':
      if (typeof block['thinking'] !== 'string') refuse(`${path}.thinking`, 'Field required')
      if (block['signature'] !== signThinking(block['thinking']))
        refuse(path, 'Invalid `signature` in `thinking` block')
      break
    case 'tool_use':
      if (typeof block['name'] !== 'string' || !isObject(block['input']))
        refuse(`${path}.input`, 'Input should be an object')
      checkId(block['id'], `${path}.id`)
      break
    case 'server_tool_use':
      if (!isObject(block['input'])) refuse(`${path}.input`, 'Input should be an object')
      if (typeof block['id'] !== 'string' || !/^srvtoolu_[a-zA-Z0-9_]+$/.test(block['id']))
        refuse(`${path}.id`, "String should match pattern '^srvtoolu_[a-zA-Z0-9_]+$'")
      break
    case 'web_search_tool_result':
      checkHits(block['content'], `${path}.content`)
      break
    case 'web_fetch_tool_result':
      if (!isObject(block['content'])) refuse(`${path}.content`, 'Input should be an object')
      break
    case 'tool_result':
      checkId(block['tool_use_id'], `${path}.tool_use_id`)
      if (block['content'] !== undefined) readBlocks(block['content'], `${path}.content`)
      if (typeof (block['is_error'] ?? false) !== 'boolean')
        refuse(`${path}.is_error`, 'Input should be a valid boolean')
      break
    default:
      break
  }
}

function checkHits(content: unknown, path: string): void {
  if (!Array.isArray(content)) return isObject(content) ? undefined : refuse(path, 'Input should be a valid list')
  for (const [index, hit] of content.entries()) {
    if (!isObject(hit) || hit['encrypted_content'] !== signHit(String(hit['url'])))
      refuse(`${path}.${index}`, 'Invalid `encrypted_content` in `search_result` block')
  }
}

function checkText(text: unknown, path: string): void {
  if (typeof text !== 'string')
    refuse(`${path}.text`, text === undefined ? 'Field required' : 'Input should be a valid string')
  if (text === '') throw new Refusal(400, 'messages: text content blocks must be non-empty')
  if (text.trim() === '') throw new Refusal(400, 'messages: text content blocks must contain non-whitespace text')
}

function checkId(id: unknown, path: string): void {
  if (typeof id !== 'string' || !/^[a-zA-Z0-9_-]+$/.test(id))
    refuse(path, "String should match pattern '^[a-zA-Z0-9_-]+$'")
}
