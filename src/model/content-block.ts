import type { ModelContentBlock } from '../wire/types.ts'
import type { JsonObject } from './json.ts'
import { excerpt, isObject, parseObject } from './json.ts'
import { garbled } from './model.ts'

type TextBlock = Extract<ModelContentBlock, { type: 'text' }>

/** A block whose deltas are coming in; `block` is extended in place. */
export interface OpenBlock {
  readonly index: number
  readonly block: ModelContentBlock
  /** Text of the call's input so far. */
  input: string
}

/** What the API accepts as the id and the name of a call when the block is sent back. */
const SENDABLE = /^[a-zA-Z0-9_-]{1,256}$/

/** Whether `block` can start a block: the fields that deltas extend, or that are sent back under a rule, are right. */
export function isContentBlock(block: unknown): block is ModelContentBlock {
  if (!isObject(block) || typeof block['type'] !== 'string') return false
  switch (block['type']) {
    case 'text':
      return typeof block['text'] === 'string'
    case 'thinking':
      // Some servers give the signature by its delta alone.
      return typeof block['thinking'] === 'string' && typeof (block['signature'] ?? '') === 'string'
    case 'tool_use':
    case 'server_tool_use':
      return isSendable(block['id']) && isSendable(block['name']) && isObject(block['input'])
    case 'web_search_tool_result':
      return isSendable(block['tool_use_id']) && (isFailure(block['content']) || isHits(block['content']))
    case 'web_fetch_tool_result':
      return isSendable(block['tool_use_id']) && (isFailure(block['content']) || isPage(block['content']))
    default:
      return true
  }
}

function isFailure(content: unknown): boolean {
  return isObject(content) && typeof content['error_code'] === 'string'
}

function isHits(content: unknown): boolean {
  return Array.isArray(content) && content.every((hit) => isObject(hit) && areTexts(hit, ['url', 'title']))
}

function isPage(content: unknown): boolean {
  const page = isObject(content) && typeof content['url'] === 'string' ? content['content'] : undefined
  const source = isObject(page) ? page['source'] : undefined
  return isObject(source) && areTexts(source, ['type', 'media_type', 'data'])
}

function areTexts(object: JsonObject, names: readonly string[]): boolean {
  return names.every((name) => typeof object[name] === 'string')
}

/** Applies one delta and gives the text that it adds to what a reader is shown, if any. */
export function extendBlock(open: OpenBlock, delta: unknown): string {
  const { block } = open
  const { type, text, partial_json: json, thinking, signature, citation } = isObject(delta) ? delta : {}
  if (type === 'text_delta' && block.type === 'text' && typeof text === 'string') {
    block.text += text
    return text
  }
  if (type === 'input_json_delta' && 'input' in block && typeof json === 'string') open.input += json
  else if (type === 'thinking_delta' && block.type === 'thinking' && typeof thinking === 'string')
    block.thinking += thinking
  else if (type === 'signature_delta' && block.type === 'thinking' && typeof signature === 'string')
    block.signature = signature
  else if (type === 'citations_delta' && block.type === 'text' && isObject(citation)) cite(block, citation)
  else if (typeof type !== 'string' || KNOWN_DELTAS.has(type))
    throw garbled(`a delta that does not fit ${block.type}: ${excerpt(delta)}`)
  return ''
}

const KNOWN_DELTAS = new Set(['text_delta', 'input_json_delta', 'thinking_delta', 'signature_delta', 'citations_delta'])

/** What a text cites goes back with it: later answers can then cite the same. */
function cite(block: TextBlock, citation: object): void {
  // Of whatever kind: it is sent back as it came.
  block.citations = [...(block.citations ?? []), citation as NonNullable<TextBlock['citations']>[number]]
}

/** Puts the input that was streamed into its block; false when it is no JSON object. */
export function completeInput({ block, input }: OpenBlock): boolean {
  if (!('input' in block) || input === '') return true
  const value = parseObject(input)
  if (value) block.input = value
  return value !== undefined
}

export function isBlank(block: ModelContentBlock): boolean {
  return block.type === 'text' && block.text.trim() === ''
}

function isSendable(value: unknown): boolean {
  return typeof value === 'string' && SENDABLE.test(value)
}
