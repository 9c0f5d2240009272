import type { UserEvent } from '../wire/types.ts'

/** A user event as it came: with an id from the API, without one from a plain Temporal client. */
export type Incoming = UserEvent & { readonly id?: string }

export type Parsed =
  | { readonly ok: true; readonly events: readonly Incoming[]; readonly by: string }
  | { readonly ok: false; readonly reason: string }

/** Who sent a batch that names nobody. */
export const PLAIN_CLIENT = 'temporal'

const SHAPE = 'expected {"events": [{"type": "user.message", "content": [{"type": "text", "text": "…"}]}]}'

/**
 * Reads the payload of a signal or the start's `events`. A batch is taken whole or not at all. The workflow and every
 * reader of history use this one function, so a batch that one refuses is an entry for nobody.
 */
export function parseArrivals(payload: unknown): Parsed {
  if (!isRecord(payload) || !Array.isArray(payload['events']))
    return refuse(`an events signal without events; ${SHAPE}`)
  const events: Incoming[] = []
  const listed: unknown[] = payload['events']
  for (const [index, event] of listed.entries()) {
    const fault = faultOf(event)
    if (fault) return refuse(`events[${index}] ${fault}; ${SHAPE}`)
    // What has no fault has the fields that the union's members need.
    events.push(event as Incoming)
  }
  const by = payload['by']
  return { ok: true, events, by: typeof by === 'string' ? by : PLAIN_CLIENT }
}

/** Why this is no user event that a session can take, or null. */
function faultOf(event: unknown): string | null {
  if (!isRecord(event)) return `is ${describe(event)}, not an object`
  if ('id' in event && (typeof event['id'] !== 'string' || event['id'] === '')) return 'has an id that is no text'
  switch (event['type']) {
    case 'user.message':
    case 'system.message':
      return isContent(event['content']) ? null : 'has a content other than text blocks, each with some text'
    case 'user.interrupt':
      return null
    case 'user.tool_confirmation':
      if (typeof event['tool_use_id'] !== 'string') return 'has no tool_use_id'
      if (event['result'] !== 'allow' && event['result'] !== 'deny') return 'has a result other than allow or deny'
      return typeof (event['deny_message'] ?? '') === 'string' ? null : 'has a deny_message that is no text'
    case 'user.custom_tool_result':
      if (typeof event['custom_tool_use_id'] !== 'string') return 'has no custom_tool_use_id'
      return isResult(event['content'] ?? []) ? null : 'has a content other than a list of blocks'
    default:
      return `has the type ${describe(event['type'])}, which a client cannot send`
  }
}

function isContent(content: unknown): boolean {
  return (
    Array.isArray(content) &&
    content.length > 0 &&
    content.every((block) => isRecord(block) && block['type'] === 'text' && isText(block['text']))
  )
}

/** The model's API refuses a blank text, when nobody is there any more to correct it. */
function isText(text: unknown): boolean {
  return typeof text === 'string' && text.trim() !== ''
}

function isResult(content: unknown): boolean {
  return Array.isArray(content) && content.every((block) => isRecord(block) && typeof block['type'] === 'string')
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function describe(value: unknown): string {
  return typeof value === 'string' ? `"${value.slice(0, 60)}"` : Array.isArray(value) ? 'a list' : typeof value
}

function refuse(reason: string): Parsed {
  return { ok: false, reason }
}
