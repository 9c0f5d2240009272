import type { DemoRequest } from './request.ts'
import type { Turn } from './turn.ts'
import { isJudgePrompt } from '../harness.ts'
import { lastUserText } from './conversation.ts'
import { say } from './turn.ts'

/**
 * The judgement of tool calls, when the request asks for one: a call with `#deny` in it is denied, one with `#unclear`
 * gets no clear word, all others are allowed.
 */
export function answerJudge({ system, messages }: Pick<DemoRequest, 'system' | 'messages'>): Turn | undefined {
  if (!system.some(({ text }) => typeof text === 'string' && isJudgePrompt(text))) return undefined
  const lines = lastUserText(messages)
    .split('\n')
    .filter((line) => /^\d+: /.test(line))
  return say(lines.map((line) => `${line.split(':')[0]}: ${judge(line)}`).join('\n'))
}

function judge(call: string): string {
  if (call.includes('#deny')) return 'DENY'
  return call.includes('#unclear') ? 'hm' : 'ALLOW'
}
