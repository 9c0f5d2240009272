import type { DemoMessage } from './conversation.ts'
import type { Turn } from './turn.ts'
import { isSummaryPrompt } from '../harness.ts'
import { lastUserText } from './conversation.ts'
import { programOfRest } from './program.ts'
import { say } from './turn.ts'

/**
 * The summary of a conversation whose last message asks for one: what is left of its programs, else a sentence. Messages
 * that were not answered yet have no part in it: whoever asked says them again behind it.
 */
export function answerSummary(messages: readonly DemoMessage[]): Turn | undefined {
  if (!isSummaryPrompt(lastUserText(messages))) return undefined
  const answered = messages.slice(0, messages.findLastIndex(isAnswered) + 1)
  return say(programOfRest(answered) ?? `A conversation of ${answered.length} messages, nothing left to do.`)
}

function isAnswered({ role, content }: DemoMessage): boolean {
  return role === 'assistant' || content.some(({ type }) => type === 'tool_result')
}
