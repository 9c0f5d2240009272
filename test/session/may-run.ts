import assert from 'node:assert/strict'
import type { SessionEvent } from '../../src/wire/types.ts'

/**
 * Demands the right to run a call of the server's, as a client reads it off the log: policy allowed it, or the first
 * answer to it is an allow and all else that its step asked the client is answered. Tells which of the two it is.
 * @param shown all events before the command.
 */
export function assertMayRun(shown: readonly SessionEvent[], call: string): 'allowed' | 'confirmed' {
  const use = shown.find(({ id }) => id === call)
  assert.ok(use?.type === 'agent.tool_use', `${call} is a call of the server's`)
  assert.equal(shown.filter((event) => isResult(event, call)).length, 0, `${call} has no result yet`)
  if (use.evaluated_permission === 'allow') return 'allowed'
  assert.equal(use.evaluated_permission, 'ask', `${call} was not refused`)
  const first = shown.find((event) => event.type === 'user.tool_confirmation' && event.tool_use_id === call)
  assert.ok(first?.type === 'user.tool_confirmation' && first.result === 'allow', `${call} runs by an allow`)
  const step = shown.slice(shown.findLastIndex(({ type }) => type === 'span.model_request_start'))
  const open = step.filter((event) => isAsked(event) && !shown.some((other) => answers(other, event.id)))
  assert.deepEqual(open, [], `${call} waits for what is asked beside it`)
  return 'confirmed'
}

function isResult(event: SessionEvent, call: string): boolean {
  return event.type === 'agent.tool_result' && event.tool_use_id === call
}

function isAsked(event: SessionEvent): boolean {
  return (
    event.type === 'agent.custom_tool_use' || (event.type === 'agent.tool_use' && event.evaluated_permission === 'ask')
  )
}

function answers(event: SessionEvent, call: string): boolean {
  if (event.type === 'user.tool_confirmation') return event.tool_use_id === call
  return event.type === 'user.custom_tool_result' && event.custom_tool_use_id === call
}
