import { createHash } from 'node:crypto'
import type { ContentBlock, Message, RawMessageStreamEvent } from '@anthropic-ai/sdk/resources/messages/messages'
import type { InputUsage } from './prompt-cache.ts'
import type { Turn, TurnBlock } from './turn.ts'
import { signThinking } from './block.ts'
import { countTokens } from './prompt-cache.ts'

const JSON_PIECE = 24

/** The API's answer that a turn makes. `seed` names the request: equal requests get equal ids. */
export function toMessage(
  turn: Turn,
  { model, seed, input }: { model: string; seed: string; input: InputUsage },
): Message {
  const content = turn.blocks.map((block, index) => toContentBlock(block, `${seed}:${index}`))
  return {
    id: `msg_01${toId(seed)}`,
    type: 'message',
    role: 'assistant',
    model,
    content,
    stop_reason: turn.stopReason,
    stop_sequence: null,
    stop_details:
      turn.stopReason === 'refusal' ? { type: 'refusal', category: null, explanation: turn.explanation } : null,
    container: null,
    diagnostics: null,
    usage: {
      ...input,
      output_tokens: Math.max(1, countTokens(content.map((block) => JSON.stringify(block)).join(''))),
      output_tokens_details: null,
      server_tool_use: null,
      inference_geo: null,
      service_tier: 'standard',
      speed: null,
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

function toContentBlock(block: TurnBlock, seed: string): ContentBlock {
  switch (block.type) {
    case 'text':
      return { type: 'text', text: block.text, citations: null }
    case 'thinking':
      return { type: 'thinking', thinking: block.thinking, signature: signThinking(block.thinking) }
    case 'tool_use':
      return {
        type: 'tool_use',
        id: `toolu_01${toId(seed)}`,
        name: block.name,
        input: block.input,
        caller: { type: 'direct' },
      }
  }
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
