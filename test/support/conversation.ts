import type { ModelMessage } from '../../src/wire/types.ts'

/**
 * What the Messages API would refuse in a conversation that is to be answered: one sentence per fault. Neighbours of
 * one role count as one message, as they do there.
 * @param isPaused whether the model goes on from an answer in which it paused.
 */
export function faultsOfConversation(messages: readonly ModelMessage[], isPaused = false): readonly string[] {
  const faults: string[] = []
  const turns = join(messages)
  if (turns[0]?.role !== 'user') faults.push('the first message is not the user’s')
  const last = turns.at(-1)?.role === 'system' ? turns.at(-2) : turns.at(-1)
  if (last?.role !== 'user' && !isPaused) faults.push('the last message is not the user’s')
  for (const [index, { content }] of messages.entries())
    if (content.length === 0) faults.push(`messages[${index}] is empty`)
  const ids = turns.flatMap((turn) => idsOf(turn.blocks, 'tool_use'))
  if (new Set(ids).size < ids.length) faults.push('two calls have one id')
  for (const [index, turn] of turns.entries()) {
    const [earlier, later] = [turns[index - 1]?.role, turns[index + 1]?.role]
    if (turn.role === 'system' && (earlier !== 'user' || later === 'user')) {
      faults.push(`messages[${index}] of the system stands between ${earlier} and ${later}`)
    }
    for (const block of turn.blocks) {
      if (block.type === 'text' && (block.text ?? '').trim() === '') faults.push(`messages[${index}] has a blank text`)
      if (!BLOCKS_OF[turn.role].has(block.type)) faults.push(`messages[${index}] of the ${turn.role} has ${block.type}`)
    }
    const calls = idsOf(turn.role === 'assistant' ? turn.blocks : [], 'tool_use')
    const results = idsOf(turns[index + 1]?.blocks ?? [], 'tool_result')
    if (calls.join() !== results.join())
      faults.push(`messages[${index}] asks ${calls.join()}, answered are ${results.join()}`)
    if (turn.role === 'user') {
      const before = turns[index - 1]
      if (idsOf(turn.blocks, 'tool_result').length > 0 && !before) faults.push('results answer nothing')
      const firstOther = turn.blocks.findIndex((block) => block.type !== 'tool_result')
      const lastResult = turn.blocks.findLastIndex((block) => block.type === 'tool_result')
      if (firstOther >= 0 && lastResult > firstOther) faults.push(`messages[${index}] has results behind other content`)
    }
  }
  return faults
}

const BLOCKS_OF = {
  user: new Set(['text', 'image', 'document', 'tool_result']),
  assistant: new Set(['text', 'thinking', 'redacted_thinking', 'tool_use']),
  system: new Set(['text']),
}

interface Turn {
  readonly role: keyof typeof BLOCKS_OF
  readonly blocks: Block[]
}
interface Block {
  readonly type: string
  readonly id?: string
  readonly tool_use_id?: string
  readonly text?: string
}

function join(messages: readonly ModelMessage[]): readonly Turn[] {
  const turns: Turn[] = []
  for (const { role, content } of messages) {
    const blocks: readonly Block[] = typeof content === 'string' ? [{ type: 'text', text: content }] : content
    const last = turns.at(-1)
    if (last?.role === role) last.blocks.push(...blocks)
    else turns.push({ role, blocks: [...blocks] })
  }
  return turns
}

function idsOf(blocks: readonly Block[], type: 'tool_use' | 'tool_result'): readonly string[] {
  return blocks.flatMap((block) =>
    block.type === type ? [(type === 'tool_use' ? block.id : block.tool_use_id) ?? ''] : [],
  )
}
