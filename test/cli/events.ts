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

/** A call that needs a person's word. */
export function asks(id: string, name: string, input: object): object {
  return { ...calls(id, name, input), evaluated_permission: 'ask' }
}

/** A call of a tool of the client's. */
export function callsCustom(id: string, name: string, input: object): object {
  return { ...calls(id, name, input), type: 'agent.custom_tool_use' }
}

/** Somebody's word on a call. */
export function confirms(call: string, verdict: 'allow' | 'deny', note?: string): object {
  const said = note === undefined ? {} : { deny_message: note }
  return {
    type: 'user.tool_confirmation',
    id: `${call}-word`,
    tool_use_id: call,
    result: verdict,
    ...said,
    processed_at: AT,
  }
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

/** The session waits for answers to these calls. */
export function waits(...ids: readonly string[]): object {
  return {
    type: 'session.status_idle',
    id: `waits-${ids.join('-')}`,
    stop_reason: { type: 'requires_action', event_ids: ids },
    processed_at: AT,
  }
}

export const terminated = { type: 'session.status_terminated', id: 'terminated', processed_at: AT }
export const deleted = { type: 'session.deleted', id: 'deleted', processed_at: AT }
