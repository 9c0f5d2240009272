/** Builders of session events, as they stand on the wire. */
const AT = '2026-01-01T00:00:00.000Z'

export const running = { type: 'session.status_running', id: 'running', processed_at: AT }

export function message(id: string, text: string, processedAt: string | null = AT): object {
  return { type: 'user.message', id, content: [{ type: 'text', text }], processed_at: processedAt }
}

export function says(id: string, text: string): object {
  return { type: 'agent.message', id, content: [{ type: 'text', text }], processed_at: AT }
}

/** A piece of a preview. */
export function delta(id: string, text: string): object {
  return { type: 'event_delta', event_id: id, delta: { type: 'content_delta', content: { type: 'text', text } } }
}

export function calls(id: string, name: string, input: object): object {
  return { type: 'agent.tool_use', id, name, input, processed_at: AT }
}

export function result(call: string, text: string, isError = false): object {
  const content = [{ type: 'text', text }]
  return {
    type: 'agent.tool_result',
    id: `${call}-result`,
    tool_use_id: call,
    content,
    is_error: isError,
    processed_at: AT,
  }
}

export function idle(reason = 'end_turn'): object {
  return { type: 'session.status_idle', id: `idle-${reason}`, stop_reason: { type: reason }, processed_at: AT }
}

export const terminated = { type: 'session.status_terminated', id: 'terminated', processed_at: AT }
export const deleted = { type: 'session.deleted', id: 'deleted', processed_at: AT }
