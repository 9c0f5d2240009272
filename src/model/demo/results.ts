import type { DemoBlock } from './block.ts'
import type { DemoMessage } from './conversation.ts'
import type { TurnBlock } from './turn.ts'
import { isObject } from '../json.ts'

/** What a tool said. */
export interface Result {
  readonly text: string
  readonly isError: boolean
}

/** The results in a message, in their order. */
export function resultsOf({ content }: DemoMessage): readonly Result[] {
  return content
    .filter(({ type }) => type === 'tool_result')
    .map((block) => ({ text: toText(block['content']), isError: block['is_error'] === true }))
}

/** A call of a tool, as a block of an answer. */
export function call(name: string, input: Readonly<Record<string, unknown>>): TurnBlock {
  return { type: 'tool_use', name, input }
}

function toText(content: DemoBlock[string]): string {
  if (typeof content === 'string') return content
  return Array.isArray(content)
    ? content.flatMap((block) => (isObject(block) ? [String(block['text'])] : [])).join('\n')
    : ''
}
