import type { Input } from '../../src/session/settle.ts'
import type { TestSession } from '../support/session-builders.ts'
import { modelFailed, outline, recorded, resultEntry } from '../support/session-builders.ts'

/** What is decided when the model is asked to go on, and when it is asked for a summary instead. */
export const ASKED = ['span.model_request_start']
export const COMPACTING = ['log.compacting', 'span.model_request_start']

/** One tool round; answers what was decided after it. */
export function round(session: TestSession, call: string, tokens: number): readonly string[] {
  session.answer({ calls: [[call, 'allow']], usage: { input_tokens: tokens } })
  return outline(session.pass(recorded(resultEntry(call))))
}

export function tooLong(): Input {
  return modelFailed({ error: 'model_request_failed_error', retryable: false, tooLong: true })
}
