import type { UserEvent } from '../wire/types.ts'
import type { BlobIndex } from './blobs.ts'
import { parseBlobs } from './blobs.ts'
import type { BlobRef } from './entry.ts'

/** A user event as it came: with an id from the API, without one from a plain Temporal client. */
export type Incoming = UserEvent & { readonly id?: string }

export type Parsed =
  | { readonly ok: true; readonly events: readonly Incoming[]; readonly blobs: BlobIndex; readonly by: string }
  | { readonly ok: false; readonly reason: string }

/** Who sent a batch that names nobody. */
export const PLAIN_CLIENT = 'temporal'

/** As many as a queue holds: more of them could never all take effect. */
const MOST = 256

/** A run carries the ids of the last thousand events over to the next one. */
const ID_LENGTH = 128

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
  if (listed.length > MOST) return refuse(`an events signal of ${listed.length} events; expected at most ${MOST}`)
  const blobs = parseBlobs(payload['blobs'], listed)
  if (!blobs) return refuse(`an events signal with blobs that are none of its events; ${SHAPE}`)
  for (const [index, event] of listed.entries()) {
    const fault = faultOf(event, blobs[index] ?? [])
    if (fault) return refuse(`events[${index}] ${fault}; ${SHAPE}`)
    // What has no fault has the fields that the union's members need.
    events.push(event as Incoming)
  }
  const by = payload['by']
  return { ok: true, events, blobs, by: typeof by === 'string' ? by : PLAIN_CLIENT }
}

/** Why this is no user event that a session can take, or null. */
function faultOf(event: unknown, blobs: readonly BlobRef[]): string | null {
  if (!isRecord(event)) return `is ${describe(event)}, not an object`
  const { id } = event
  if ('id' in event && (typeof id !== 'string' || id === '' || id.length > ID_LENGTH)) {
    return `has an id that is no text of 1 to ${ID_LENGTH} characters`
  }
  if (blobs.length > 0 && !('id' in event)) return 'has blobs and no id'
  switch (event['type']) {
    case 'user.message':
    case 'system.message':
      return faultOfContent(event['content'], new Set(blobs.map(({ path }) => path.join('.'))))
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

const CONTENT = 'has a content other than text, images and documents, each with something in it'

/** @param kept places of the event whose strings are kept elsewhere. */
function faultOfContent(content: unknown, kept: ReadonlySet<string>): string | null {
  if (!Array.isArray(content) || content.length === 0) return CONTENT
  const faults = content.map((block: unknown, index) => {
    const isKept = (place: string): boolean => kept.has(`content.${index}.${place}`)
    if (!isRecord(block)) return CONTENT
    if (block['type'] === 'text') return isText(block['text']) || isKept('text') ? null : CONTENT
    return faultOfFile(block, isKept('source.data'))
  })
  return faults.find((fault) => fault !== null) ?? null
}

const BYTES = 'has an image or a document with its bytes in it; send it through the API, or name its URL'
const IMAGE_TYPES = ['image/png', 'image/jpeg', 'image/gif', 'image/webp']

/** The bytes themselves never stand in a payload. */
function faultOfFile({ type, source, title, context }: Record<string, unknown>, isKept: boolean): string | null {
  if ((type !== 'image' && type !== 'document') || !isRecord(source) || !isWords(title) || !isWords(context)) {
    return CONTENT
  }
  const { type: of, url, data, media_type: media } = source
  if (of === 'url') {
    const isHttps = typeof url === 'string' && /^https:\/\/\S+$/i.test(url)
    return isHttps ? null : 'has an image or a document without an https URL'
  }
  if (of === 'text' && type === 'document') return isText(data) || isKept ? null : CONTENT
  const isKnown = type === 'image' ? IMAGE_TYPES.some((known) => known === media) : media === 'application/pdf'
  if (of !== 'base64' || !isKnown) return CONTENT
  return isKept ? null : BYTES
}

function isWords(value: unknown): boolean {
  return value === undefined || value === null || typeof value === 'string'
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
