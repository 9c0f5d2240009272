import type { UserEvent } from '../wire/types.ts'
import type { BlobIndex } from './blobs.ts'
import { parseBlobs } from './blobs.ts'
import type { BlobRef } from './entry.ts'
import { weigh } from './weight.ts'

/** A user event as it came: with an id from the API, without one from a plain Temporal client. */
export type Incoming = UserEvent & { readonly id?: string }

export type Parsed =
  | { readonly ok: true; readonly events: readonly Incoming[]; readonly blobs: BlobIndex; readonly by: string }
  | { readonly ok: false; readonly reason: string }

/** Who sent a batch that names nobody. */
export const PLAIN_CLIENT = 'temporal'

/** As many as a queue holds: more of them could never all take effect. */
const MOST = 256

/** UTF-16 units of an id that a client gives, at most: a run carries the ids of the last thousand events over to the next one. */
export const ID_LENGTH = 128
/** The result that closes a denied call repeats it, and is a decision: those are small. */
const REASON_LENGTH = 8_000
const EVENT_LENGTH = 512 * 1024

const SHAPE = 'expected {"events": [{"type": "user.message", "content": [{"type": "text", "text": "…"}]}]}'

/**
 * Reads the payload of a signal or the start's `events`. A batch is taken whole or not at all. The workflow and every
 * reader of history use this one function, so a batch that one refuses is an entry for nobody.
 * @param takesResults whether workers may answer calls, by what the run started with: elsewhere their results are no
 * events, as they were in every history from before there were workers.
 */
export function parseArrivals(payload: unknown, takesResults = false): Parsed {
  if (!isRecord(payload) || !Array.isArray(payload['events']))
    return refuse(`an events signal without events; ${SHAPE}`)
  const events: Incoming[] = []
  const listed: unknown[] = payload['events']
  if (listed.length > MOST) return refuse(`an events signal of ${listed.length} events; expected at most ${MOST}`)
  const blobs = parseBlobs(payload['blobs'], listed)
  if (!blobs) return refuse(`an events signal with blobs that are none of its events; ${SHAPE}`)
  for (const [index, event] of listed.entries()) {
    const fault = faultOfKind(event, takesResults) ?? faultOf(event, blobs[index] ?? []) ?? faultOfSize(event)
    if (fault) return refuse(`events[${index}] ${fault}; ${SHAPE}`)
    // What has no fault has the fields that the union's members need.
    events.push(event as Incoming)
  }
  const by = payload['by']
  return { ok: true, events, blobs, by: typeof by === 'string' ? by : PLAIN_CLIENT }
}

function faultOfKind(event: unknown, takesResults: boolean): string | null {
  if (takesResults || !isRecord(event) || event['type'] !== 'user.tool_result') return null
  return 'is a user.tool_result, which sessions in self-hosted environments alone take'
}

/** Why this is no user event that a session can take, or null. */
function faultOf(event: unknown, blobs: readonly BlobRef[]): string | null {
  if (!isRecord(event)) return `is ${describe(event)}, not an object`
  const { id } = event
  if ('id' in event && !isId(id)) {
    return `has an id that is no text of 1 to ${ID_LENGTH} characters`
  }
  if (blobs.length > 0 && !('id' in event)) return 'has blobs and no id'
  switch (event['type']) {
    case 'user.message':
    case 'system.message':
      return faultOfContent(event['content'], placesOf(blobs))
    case 'user.interrupt':
      return null
    case 'user.tool_confirmation':
      if (!isId(event['tool_use_id'])) return `has no tool_use_id of 1 to ${ID_LENGTH} characters`
      if (event['result'] !== 'allow' && event['result'] !== 'deny') return 'has a result other than allow or deny'
      return isReason(event['deny_message'] ?? '')
        ? null
        : `has a deny_message that is no text of at most ${REASON_LENGTH} characters`
    case 'user.custom_tool_result':
      if (!isId(event['custom_tool_use_id'])) return `has no custom_tool_use_id of 1 to ${ID_LENGTH} characters`
      return faultOfResult(event['content'] ?? [], placesOf(blobs))
    case 'user.tool_result':
      if (!isId(event['tool_use_id'])) return `has no tool_use_id of 1 to ${ID_LENGTH} characters`
      return faultOfResult(event['content'] ?? [], placesOf(blobs))
    default:
      return `has the type ${describe(event['type'])}, which a client cannot send`
  }
}

/** Messages have the limit of the queue, beyond which they stand in the log without effect. */
function faultOfSize(event: unknown): string | null {
  if (!isRecord(event) || event['type'] === 'user.message' || event['type'] === 'system.message') return null
  return weigh(event) > EVENT_LENGTH ? `is larger than ${EVENT_LENGTH / 1024} KB` : null
}

function isId(value: unknown): boolean {
  return typeof value === 'string' && value !== '' && value.length <= ID_LENGTH
}

function isReason(value: unknown): boolean {
  return typeof value === 'string' && value.length <= REASON_LENGTH
}

const CONTENT = 'has a content other than text, images and documents, each with something in it'

/** What of an event is kept elsewhere, by its places. */
type Places = ReadonlyMap<string, BlobRef>

function placesOf(blobs: readonly BlobRef[]): Places {
  return new Map(blobs.map((ref) => [ref.path.join('.'), ref]))
}

function faultOfContent(content: unknown, kept: Places): string | null {
  if (!Array.isArray(content) || content.length === 0) return CONTENT
  const faults = content.map((block: unknown, index) => {
    const keptAt = (place: string): BlobRef | undefined => kept.get(`content.${index}.${place}`)
    if (!isRecord(block)) return CONTENT
    if (block['type'] === 'text') return isText(block['text']) || keptAt('text') ? null : CONTENT
    return faultOfFile(block, keptAt)
  })
  return faults.find((fault) => fault !== null) ?? null
}

const BYTES = 'has an image or a document with its bytes in it; send it through the API, or name its URL'
const FILE = 'has an image or a document by the id of a file; send it through the API, which looks for the file'
const IMAGE_TYPES: readonly unknown[] = ['image/png', 'image/jpeg', 'image/gif', 'image/webp']

/** The bytes themselves never stand in a payload, and nobody looks for a file any more: who sends it keeps a copy. */
function faultOfFile(
  { type, source, title, context }: Record<string, unknown>,
  keptAt: (place: string) => BlobRef | undefined,
): string | null {
  if ((type !== 'image' && type !== 'document') || !isRecord(source) || !isWords(title) || !isWords(context)) {
    return CONTENT
  }
  const { type: of, url, data } = source
  if (of === 'url') {
    const isHttps = typeof url === 'string' && /^https:\/\/\S+$/i.test(url)
    return isHttps ? null : 'has an image or a document without an https URL'
  }
  if (of === 'text' && type === 'document') return isText(data) || keptAt('source.data') ? null : CONTENT
  if (of === 'file') {
    const copy = keptAt('source')
    if (!copy) return FILE
    return isOfKind(type, copy.file) || (type === 'document' && copy.file === 'text/plain') ? null : CONTENT
  }
  if (of !== 'base64' || !isOfKind(type, source['media_type'])) return CONTENT
  return keptAt('source.data') ? null : BYTES
}

function isOfKind(type: 'image' | 'document', media: unknown): boolean {
  return type === 'image' ? IMAGE_TYPES.includes(media) : media === 'application/pdf'
}

function isWords(value: unknown): boolean {
  return value === undefined || value === null || typeof value === 'string'
}

/** The model's API refuses a blank text, when nobody is there any more to correct it. */
function isText(text: unknown): boolean {
  return typeof text === 'string' && text.trim() !== ''
}

const RESULT = 'has a content other than a list of text, images, documents and search results'

/** A result may be empty, and what is blank of it is left out for the model. */
function faultOfResult(content: unknown, kept: Places): string | null {
  if (!Array.isArray(content)) return RESULT
  const faults = content.map((block: unknown, index) => {
    if (!isRecord(block)) return RESULT
    if (block['type'] === 'text') return typeof block['text'] === 'string' ? null : RESULT
    if (block['type'] === 'search_result') return isSearchResult(block) ? null : RESULT
    const fault = faultOfFile(block, (place) => kept.get(`content.${index}.${place}`))
    return fault === CONTENT ? RESULT : fault
  })
  return faults.find((fault) => fault !== null) ?? null
}

function isSearchResult({ source, title, content, citations }: Record<string, unknown>): boolean {
  if (typeof source !== 'string' || typeof title !== 'string' || !Array.isArray(content)) return false
  const areTexts = content.every((block: unknown) => isRecord(block) && typeof block['text'] === 'string')
  return areTexts && isRecord(citations) && typeof citations['enabled'] === 'boolean'
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
