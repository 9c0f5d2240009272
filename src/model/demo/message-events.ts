import { createHash } from 'node:crypto'
import type { ContentBlock, Message, RawMessageStreamEvent } from '@anthropic-ai/sdk/resources/messages/messages'
import type { InputUsage } from './prompt-cache.ts'
import type { Turn, TurnBlock } from './turn.ts'
import { signThinking } from './block.ts'
import { countTokens } from './prompt-cache.ts'

const JSON_PIECE = 24

type Speed = Message['usage']['speed']

/** The API's answer that a turn makes. `seed` names the request: equal requests get equal ids. */
export function toMessage(
  turn: Turn,
  { model, speed = null, seed, input }: { model: string; speed?: Speed; seed: string; input: InputUsage },
): Message {
  const content = turn.blocks.flatMap((block, index) => toContentBlocks(block, `${seed}:${index}`))
  return {
    id: `msg_01${toId(seed)}`,
    type: 'message',
    role: 'assistant',
    model,
    content,
    stop_reason: turn.stopReason,
    stop_sequence: null,
    stop_details:
      turn.stopReason === 'refusal'
        ? { type: 'refusal', category: turn.category ?? null, explanation: turn.explanation }
        : null,
    container: null,
    diagnostics: null,
    usage: {
      ...input,
      output_tokens: Math.max(1, countTokens(content.map((block) => JSON.stringify(block)).join(''))),
      output_tokens_details: null,
      server_tool_use: countUses(content),
      inference_geo: null,
      service_tier: 'standard',
      speed,
    },
  }
}

/** The same answer as a stream's events, in order and without pings. */
export function toEvents(message: Message): readonly RawMessageStreamEvent[] {
  const { stop_reason, stop_sequence, stop_details, container, usage } = message
  return [
    {
      type: 'message_start',
      message: {
        ...message,
        content: [],
        stop_reason: null,
        stop_details: null,
        usage: { ...usage, output_tokens: 1 },
      },
    },
    ...message.content.flatMap(toBlockEvents),
    { type: 'message_delta', delta: { stop_reason, stop_sequence, stop_details, container }, usage },
    { type: 'message_stop' },
  ]
}

const DIRECT = { type: 'direct' } as const

function toContentBlocks(block: TurnBlock, seed: string): readonly ContentBlock[] {
  switch (block.type) {
    case 'text':
      return [{ type: 'text', text: block.text, citations: null }]
    case 'thinking':
      return [{ type: 'thinking', thinking: block.thinking, signature: signThinking(block.thinking) }]
    case 'tool_use':
      return [{ type: 'tool_use', id: `toolu_01${toId(seed)}`, name: block.name, input: block.input, caller: DIRECT }]
    case 'server_tool_use': {
      const { type, name, input, result } = block
      const id = `srvtoolu_01${toId(seed)}`
      return [
        { type, id, name, input, caller: DIRECT },
        ...(result ? [{ ...result, tool_use_id: id, caller: DIRECT }] : []),
      ]
    }
    case 'server_tool_result':
      return [{ ...block.result, tool_use_id: block.id, caller: DIRECT }]
  }
}

/** What was carried out for an answer, and is paid for. */
function countUses(content: readonly ContentBlock[]): Message['usage']['server_tool_use'] {
  const count = (name: string): number => content.filter(({ type }) => type === `${name}_tool_result`).length
  const [web_search_requests, web_fetch_requests] = [count('web_search'), count('web_fetch')]
  return web_search_requests + web_fetch_requests > 0 ? { web_search_requests, web_fetch_requests } : null
}

/** 22 letters and digits, as many as the API's ids have. */
function toId(seed: string): string {
  return createHash('sha256')
    .update(seed)
    .digest('base64')
    .replaceAll(/[^a-zA-Z0-9]/g, 'x')
    .slice(0, 22)
}

function toBlockEvents(block: ContentBlock, index: number): readonly RawMessageStreamEvent[] {
  return [startOf(block, index), ...deltasOf(block, index), { type: 'content_block_stop', index }]
}

function startOf(block: ContentBlock, index: number): RawMessageStreamEvent {
  switch (block.type) {
    case 'text':
      return { type: 'content_block_start', index, content_block: { ...block, text: '' } }
    case 'thinking':
      return { type: 'content_block_start', index, content_block: { ...block, thinking: '', signature: '' } }
    case 'tool_use':
    case 'server_tool_use':
      return { type: 'content_block_start', index, content_block: { ...block, input: {} } }
    default:
      return { type: 'content_block_start', index, content_block: block }
  }
}

function deltasOf(block: ContentBlock, index: number): readonly RawMessageStreamEvent[] {
  switch (block.type) {
    case 'text':
      return words(block.text).map((text) => ({
        type: 'content_block_delta',
        index,
        delta: { type: 'text_delta', text },
      }))
    case 'thinking':
      return [
        { type: 'content_block_delta', index, delta: { type: 'thinking_delta', thinking: block.thinking } },
        { type: 'content_block_delta', index, delta: { type: 'signature_delta', signature: block.signature } },
      ]
    case 'tool_use':
    case 'server_tool_use':
      return ['', ...pieces(JSON.stringify(block.input))].map((partial_json) => ({
        type: 'content_block_delta',
        index,
        delta: { type: 'input_json_delta', partial_json },
      }))
    default:
      return []
  }
}

/** Each word with the blanks behind it. */
function words(text: string): readonly string[] {
  return text.match(/\s*\S+\s*/g) ?? [text]
}

function pieces(text: string): readonly string[] {
  return Array.from({ length: Math.ceil(text.length / JSON_PIECE) }, (_, n) =>
    text.slice(n * JSON_PIECE, (n + 1) * JSON_PIECE),
  )
}
