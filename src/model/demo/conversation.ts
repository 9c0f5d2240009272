import type { DemoBlock } from './block.ts'
import { isObject } from '../json.ts'
import { isServed, readBlocks } from './block.ts'
import { Refusal, refuse } from './refusal.ts'

export interface DemoMessage {
  readonly role: 'user' | 'assistant' | 'system'
  readonly content: readonly DemoBlock[]
}

const BLOCKS_OF = {
  user: new Set(['text', 'image', 'document', 'search_result', 'tool_result']),
  assistant: new Set(['text', 'thinking', 'redacted_thinking', 'tool_use', 'server_tool_use'])
    .add('web_search_tool_result')
    .add('web_fetch_tool_result'),
  system: new Set(['text']),
}

/** The models that take system messages, as far as they are published. */
const TAKES_SYSTEM = /^claude-(?:(?:fable|mythos)-5|opus-(?:4-8|5)|(?:sonnet|haiku)-5-5)\b/

/** Each message by itself: its role, its blocks. Throws a refusal. */
export function readMessages(messages: unknown, model: string): readonly DemoMessage[] {
  if (messages === undefined) refuse('messages', 'Field required')
  if (!Array.isArray(messages)) refuse('messages', 'Input should be a valid list')
  if (messages.length === 0) refuse('messages', 'at least one message is required')
  return messages.map((message: unknown, index) =>
    readMessage(message, { index, isLast: index === messages.length - 1, model }),
  )
}

/** The messages together: who begins, who ends, which result answers which call. Throws a refusal. */
export function checkConversation(messages: readonly DemoMessage[], hasTools: boolean): void {
  const turns = combine(messages)
  checkSystem(turns)
  if (turns[0]?.role !== 'user') refuse('messages', 'first message must use the "user" role')
  checkCallIds(turns)
  for (const [index, turn] of turns.entries()) {
    checkResults({ turn, calls: callsOf(turns[index - 1]), path: `messages.${index}` })
    const results = resultsOf(turns[index + 1])
    const open = callsOf(turn).filter((id) => !results.includes(id))
    if (open.length > 0) {
      refuse(
        `messages.${index}`,
        `\`tool_use\` ids were found without \`tool_result\` blocks immediately after: ${open.join(', ')}. Each \`tool_use\` block must have a corresponding \`tool_result\` block in the next message.`,
      )
    }
    if (!hasTools && callsOf(turn).length > 0)
      throw new Refusal(400, 'Requests which include `tool_use` or `tool_result` blocks must define tools')
  }
  const last = turns.at(-1)
  if (last?.role === 'assistant' && last.content.length > 0 && !isServed(last.content.at(-1))) {
    throw new Refusal(
      400,
      'This model does not support assistant message prefill. The conversation must end with a user message.',
    )
  }
}

/** The texts of a message's own text blocks. */
export function textsOf({ content }: DemoMessage): readonly string[] {
  return content.flatMap(({ type, text }) => (type === 'text' && typeof text === 'string' ? [text] : []))
}

/** The text that the user sent last, in the last message or before. */
export function lastUserText(messages: readonly DemoMessage[]): string {
  return messages.flatMap((message) => (message.role === 'user' ? textsOf(message) : [])).at(-1) ?? ''
}

/** Behind the user's message, and before the answer to it. */
function checkSystem(turns: readonly DemoMessage[]): void {
  for (const [index, { role }] of turns.entries()) {
    if (role !== 'system') continue
    if (index === 0) refuse('messages.0', "use the top-level 'system' parameter for the initial system prompt")
    const isBehindUser = turns[index - 1]?.role === 'user'
    if (!isBehindUser || turns[index + 1]?.role === 'user')
      refuse(
        `messages.${index}`,
        'a system message must follow a user message, and an assistant message must follow it',
      )
  }
}

function readMessage(
  message: unknown,
  { index, isLast, model }: { index: number; isLast: boolean; model: string },
): DemoMessage {
  const path = `messages.${index}`
  if (!isObject(message)) return refuse(path, 'Input should be an object')
  const { role } = message
  if (role === 'system' && !TAKES_SYSTEM.test(model)) {
    throw new Refusal(400, "role 'system' is not supported on this model")
  }
  if (role !== 'user' && role !== 'assistant' && role !== 'system')
    return refuse(`${path}.role`, "Input should be 'user', 'assistant' or 'system'")
  const content = readBlocks(message['content'], `${path}.content`)
  if (content.length === 0 && !(isLast && role === 'assistant')) {
    refuse(path, 'all messages must have non-empty content except for the optional final assistant message')
  }
  const foreign = content.find(({ type }) => !BLOCKS_OF[role].has(type))
  if (foreign) refuse(path, `\`${foreign.type}\` blocks cannot be in \`${role}\` messages`)
  return { role, content }
}

/** Neighbours of one role are one turn. */
function combine(messages: readonly DemoMessage[]): readonly DemoMessage[] {
  const turns: DemoMessage[] = []
  for (const message of messages) {
    const last = turns.at(-1)
    if (last?.role === message.role)
      turns.splice(-1, 1, { role: last.role, content: [...last.content, ...message.content] })
    else turns.push(message)
  }
  return turns
}

function checkCallIds(turns: readonly DemoMessage[]): void {
  const ids = turns.flatMap(callsOf)
  if (new Set(ids).size < ids.length) refuse('messages', '`tool_use` ids must be unique')
}

function checkResults({ turn, calls, path }: { turn: DemoMessage; calls: readonly string[]; path: string }): void {
  const seen = new Set<string>()
  for (const [index, block] of turn.content.entries()) {
    if (block.type !== 'tool_result') continue
    const id = String(block['tool_use_id'])
    const place = `${path}.content.${index}`
    if (!calls.includes(id)) {
      refuse(
        place,
        `unexpected \`tool_use_id\` found in \`tool_result\` blocks: ${id}. Each \`tool_result\` block must have a corresponding \`tool_use\` block in the previous message.`,
      )
    }
    if (seen.has(id))
      refuse(place, `each tool_use must have a single result. Found multiple \`tool_result\` blocks with id: ${id}`)
    if (seen.size < index) refuse(place, '`tool_result` blocks must come before all other content')
    seen.add(id)
  }
}

function callsOf(turn: DemoMessage | undefined): readonly string[] {
  return (turn?.content ?? []).flatMap(({ type, id }) => (type === 'tool_use' ? [String(id)] : []))
}

function resultsOf(turn: DemoMessage | undefined): readonly string[] {
  return (turn?.content ?? []).flatMap((block) => (block.type === 'tool_result' ? [String(block['tool_use_id'])] : []))
}
