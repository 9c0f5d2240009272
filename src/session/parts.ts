import type { ModelContentBlock, ModelMessage } from '../wire/types.ts'
import type { PrivateEntry } from './entry.ts'
import { field } from './field.ts'

export type UserBlock = Extract<ModelMessage['content'], readonly unknown[]>[number]
/** What a client can send to the model, in a message or as the result of a call. */
export type SentBlock = Extract<UserBlock, { type: 'text' | 'image' | 'document' | 'search_result' }>
export type ToolResultBlock = {
  type: 'tool_result'
  tool_use_id: string
  content: SentBlock[]
  is_error: boolean
}

/** A message of a conversation, and what of the log it is. */
export type Part =
  | { readonly of: 'answer'; readonly content: readonly ModelContentBlock[] }
  | { readonly of: 'results'; readonly content: readonly ToolResultBlock[] }
  | { readonly of: 'input' | 'summary'; readonly content: readonly UserBlock[] }
  | { readonly of: 'system'; readonly content: readonly SystemBlock[] }

export type SystemBlock = Extract<UserBlock, { type: 'text' }>

/**
 * A conversation as the Messages API takes it: a system message stands between the user's words and the answer to them, and
 * nowhere else. One that came where there are none waits for the next, and all of them together are one.
 */
export function toMessages(parts: readonly Part[]): ModelMessage[] {
  const messages: ModelMessage[] = []
  let waiting: readonly SystemBlock[] = []
  for (const part of [...parts, null]) {
    if (part?.of === 'system') {
      waiting = [...waiting, ...part.content]
      continue
    }
    const isOver = part === null || part.of === 'answer'
    if (isOver && waiting.length > 0 && messages.at(-1)?.role === 'user') {
      messages.push({ role: 'system', content: [...waiting] })
      waiting = []
    }
    if (part) messages.push({ role: part.of === 'answer' ? 'assistant' : 'user', content: [...part.content] })
  }
  return messages
}

/** The Messages API takes no blank text, not even one that it gave itself. */
export function isNotBlank(block: { readonly type: string; readonly text?: unknown }): boolean {
  return block.type !== 'text' || typeof block.text !== 'string' || block.text.trim() !== ''
}

/**
 * What of an answer can be sent back. One that was cut while the model still thought has nothing to go on from, and the
 * Messages API takes no message that ends in thoughts.
 */
export function toSendable(content: readonly ModelContentBlock[]): readonly ModelContentBlock[] {
  const sendable = content.filter(isNotBlank)
  return sendable.every(isThought) ? [] : sendable
}

/** A conversation whose answers so far have lost their thoughts: those hold only while nothing before them changes. */
export function withoutThoughts(parts: readonly Part[]): Part[] {
  return parts.map((part) =>
    part.of === 'answer' ? { of: 'answer', content: part.content.filter((block) => !isThought(block)) } : part,
  )
}

function isThought({ type }: ModelContentBlock): boolean {
  return type === 'thinking' || type === 'redacted_thinking'
}

/** A conversation once its old tool results, and with `longest` its long inputs, are left out. */
export function trim(parts: readonly Part[], entry: Extract<PrivateEntry, { type: 'log.trimmed' }>): Part[] {
  const { keep_rounds: kept, text, longest } = entry
  const rounds = parts.filter(({ of }) => of === 'results')
  const old = new Set(rounds.slice(0, Math.max(0, rounds.length - kept)))
  return parts.map((part): Part => {
    if (part.of === 'results' && old.has(part)) {
      return { of: 'results', content: part.content.map((result) => replace(result, text)) }
    }
    if (longest === undefined) return part
    if (part.of === 'system') return { of: 'system', content: part.content.map((block) => cut(block, longest, text)) }
    if (part.of !== 'input') return part
    return { of: 'input', content: part.content.map((block) => cut(block, longest, text)) }
  })
}

/**
 * A conversation once a summary stands in its place; inputs that were not answered yet stay behind it as they are, and so
 * does what its operator said.
 */
export function summarise(
  unanswered: readonly Part[],
  { introduction, text, system = [] }: Extract<PrivateEntry, { type: 'log.summary' }>,
): Part[] {
  const content = [introduction, text].map(toText)
  const kept: Part[] = system.length > 0 ? [{ of: 'system', content: system.map(toText) }] : []
  return [{ of: 'summary', content }, ...kept, ...unanswered]
}

function toText(text: string): SystemBlock {
  return { type: 'text', text }
}

/** A conversation once its images and documents are left out: those that no answer has been given to, or else all. */
export function leaveOutFiles(parts: readonly Part[], unanswered: number, text: string): Part[] {
  const unread = parts[unanswered - 1]?.of === 'results' ? unanswered - 1 : unanswered
  const first = parts.slice(unread).some(({ content }) => content.some(holdsFile)) ? unread : 0
  const leaveOut = <Block extends UserBlock>(block: Block) => (isFile(block) ? { type: 'text' as const, text } : block)
  return parts.map((part, index): Part => {
    if (index < first) return part
    if (part.of === 'input') return { of: 'input', content: part.content.map(leaveOut) }
    if (part.of !== 'results') return part
    const content = part.content.map((result) =>
      holdsFile(result) ? { ...result, content: result.content.map(leaveOut) } : result,
    )
    return { of: 'results', content }
  })
}

/** Whether the provider has to make something of the block, or of one in it, that is no text. */
export function holdsFile(block: { readonly type: string; readonly source?: unknown; content?: unknown }): boolean {
  if (block.type !== 'tool_result') return isFile(block)
  // Whatever has a type is a block.
  return Array.isArray(block.content) && block.content.some((inner: { type: string }) => isFile(inner))
}

function isFile(block: { readonly type: string; readonly source?: unknown }): boolean {
  if (block.type === 'image') return true
  return block.type === 'document' && field(block.source, 'type') !== 'text'
}

/** A result that is as short as what would stand for it stays. Images and documents are longer than any text. */
function replace(result: ToolResultBlock, text: string): ToolResultBlock {
  const length = result.content.reduce((sum, block) => sum + lengthOf(block), 0)
  return length > text.length ? { ...result, content: [{ type: 'text', text }] } : result
}

function lengthOf(block: SentBlock): number {
  if (block.type === 'text') return block.text.length
  return block.type === 'search_result' ? JSON.stringify(block).length : Infinity
}

/** The first UTF-16 units of a text, never between the halves of a character. */
export function beginningOf(text: string, units: number): string {
  return text.slice(0, units).replace(/[\uD800-\uDBFF]$/, '')
}

/** Images and documents give way whole. */
function cut(block: UserBlock, longest: number, text: string): SystemBlock {
  if (block.type !== 'text') return { type: 'text', text }
  if (block.text.length <= longest + text.length) return block
  return { ...block, text: `${beginningOf(block.text, longest)}\n${text}` }
}
