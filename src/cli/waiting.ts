import { describeCall } from './describe-call.ts'
import type { StreamedEvent } from './follow.ts'

/** A call that a session may wait for. */
export type Call = Extract<StreamedEvent, { type: 'agent.tool_use' | 'agent.custom_tool_use' }>

/** What a session waits for, as far as its calls are known, and how to answer them from elsewhere. */
export function describeWaiting(session: string, calls: readonly Call[]): readonly string[] {
  const head = `session ${session} waits for answers, however long that takes`
  if (calls.length === 0) return [head]
  const events = JSON.stringify({ events: calls.map(toAnswer) })
  return [
    `${head}:`,
    ...calls.flatMap(describeCall),
    'Answer from any client, "allow" or "deny"; with curl, after eval "$(longhand env)":',
    `  curl -sS "$ANTHROPIC_BASE_URL/v1/sessions/${session}/events" -H "x-api-key: $ANTHROPIC_API_KEY" \\`,
    `    -H 'content-type: application/json' -d '${events}'`,
  ]
}

/** The event that answers a call: permission, or for a tool of the client's what it gave. */
function toAnswer(call: Call): object {
  if (call.type === 'agent.tool_use' && call.evaluated_permission === 'ask')
    return { type: 'user.tool_confirmation', tool_use_id: call.id, result: 'allow' }
  const content = [{ type: 'text', text: '…' }]
  return call.type === 'agent.tool_use'
    ? { type: 'user.tool_result', tool_use_id: call.id, content }
    : { type: 'user.custom_tool_result', custom_tool_use_id: call.id, content }
}
