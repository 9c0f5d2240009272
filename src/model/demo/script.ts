import type { DemoMessage } from './conversation.ts'
import type { Turn } from './turn.ts'
import { answerProgram } from './program.ts'
import { answerShipping } from './shipping.ts'
import { answerSummary } from './summary.ts'
import { answerTheft } from './theft.ts'
import { say } from './turn.ts'

const PLAIN =
  'I am the scripted demo model of Longhand and know the tasks of the demo alone: to talk to a real model, set ANTHROPIC_API_KEY (or LONGHAND_MODEL_API_KEY) and start again.'

/**
 * What the demo model answers: a pure function of the transcript. A summary, when it is asked for one; a program that has something left, or that was sent
 * last, goes first; then the demo's tasks while they are under way; anything else gets one sentence.
 * Throws a refusal for a program that cannot be read.
 */
export function answer(messages: readonly DemoMessage[]): Turn {
  return (
    answerSummary(messages) ??
    answerProgram(messages) ??
    answerShipping(messages) ??
    answerTheft(messages) ??
    say(PLAIN)
  )
}
