import type { DemoBlock } from '../../../src/model/demo/block.ts'
import type { DemoMessage } from '../../../src/model/demo/conversation.ts'
import type { Turn } from '../../../src/model/demo/turn.ts'
import { signThinking } from '../../../src/model/demo/block.ts'

/** A message of the user with these texts. */
export function user(...texts: readonly string[]): DemoMessage {
  return { role: 'user', content: texts.map((text) => ({ type: 'text', text })) }
}

/** The message that a client puts into the transcript for a turn; ids count up from `first`. */
export function assistant(turn: Turn, first = 1): DemoMessage {
  const content = turn.blocks.map((block, index): DemoBlock => {
    if (block.type === 'tool_use') return { ...block, id: `toolu_${first + index}` }
    if (block.type === 'server_tool_use') return { ...block, id: `srvtoolu_${first + index}` }
    if (block.type === 'server_tool_result') return { ...block.result, tool_use_id: block.id }
    return block.type === 'thinking' ? { ...block, signature: signThinking(block.thinking) } : block
  })
  return { role: 'assistant', content }
}

/** The message with the results of an assistant message's calls, in their order. */
export function results(message: DemoMessage, texts: readonly string[], isError = false): DemoMessage {
  const ids = message.content.filter(({ type }) => type === 'tool_use').map((block) => block['id'])
  return {
    role: 'user',
    content: ids.map((id, index) => ({
      type: 'tool_result',
      tool_use_id: id,
      content: [{ type: 'text', text: texts[index] ?? '(no output)' }],
      is_error: isError,
    })),
  }
}
