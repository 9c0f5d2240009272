import type { ModelContentBlock, ModelMessage } from '../wire/types.ts'
import type { Arrival, Entry } from './entry.ts'
import type { Part, ToolResultBlock } from './parts.ts'
import { leaveOutFiles, summarise, toMessages, toSendable, trim, withoutThoughts } from './parts.ts'
import { settleServed } from './served.ts'
import type { ResultBlock } from './user-block.ts'
import { toResultContent, toUserBlock } from './user-block.ts'

/** A finished entry with what its place in the log says: a marked input brings its event along. */
export type LogEntry = Entry | Arrival

/**
 * The log as the Messages API wants it: user inputs at the place where they took effect, assistant blocks as the model
 * gave them, the results of a step together in the order of its calls. Pure and append-only: a longer log gives the
 * same messages with more behind them, so the prompt's prefix stays the same byte for byte, until a record says that
 * old results are trimmed or that a summary stands for all before it. System messages that no answer has been given to
 * give way to what the user says next.
 */
export function transcript(log: readonly LogEntry[], manner: Manner = {}): readonly ModelMessage[] {
  return settleServed(toMessages(readAll(log, manner).parts))
}

/** How a harness has a log read; by default, as the first ones did. */
export interface Manner {
  /** System messages are the operator's, else they are read as the user's. */
  readonly system?: boolean
  /** The provider refuses thoughts before which something has changed: those are left out. */
  readonly boundThoughts?: boolean
  /** What the model is asked with now: id of the agent's configuration. */
  readonly configuration?: string | undefined
}

/** System messages that a summary of the log would stand for, though they hold on. */
export function systemSaid(log: readonly LogEntry[], manner: Manner): readonly string[] {
  const { parts, unanswered } = readAll(log, manner)
  return parts
    .slice(0, unanswered)
    .flatMap(({ of, content }) => (of === 'system' ? content.map(({ text }) => text) : []))
}

/**
 * The log with trimmed tool results as short as what the model reads in their place, for whoever keeps it: with anything
 * behind it, the transcript stays the same.
 */
export function shorten(log: readonly LogEntry[]): readonly LogEntry[] {
  const { trimmed } = readAll(log, {})
  return log.map((entry) => {
    const text = trimmed.get(entry)
    // Only results are trimmed.
    return text === undefined ? entry : ({ ...entry, content: [{ type: 'text', text }] } as LogEntry)
  })
}

const READ: ReadonlySet<LogEntry['type']> = new Set([
  'log.assistant',
  'log.file_refused',
  'log.summary',
  'log.trimmed',
  'agent.custom_tool_use',
  'agent.tool_result',
  'span.model_request_start',
  'system.message',
  'user.custom_tool_result',
  'user.message',
  'user.tool_result',
] as const)

/** Whether a transcript depends on entries like this one; the others are for clients or for the fold. */
export function isRead({ type }: LogEntry): boolean {
  return READ.has(type)
}

function readAll(log: readonly LogEntry[], manner: Manner): Reading {
  const reading: Reading = {
    manner,
    configuration: null,
    parts: [],
    unanswered: 0,
    open: [],
    custom: new Set(),
    remote: new Set(),
    results: new Map(),
    fromClient: new Map(),
    fromWorker: new Map(),
    origins: new Map(),
    trimmed: new Map(),
  }
  for (const entry of log) {
    if (isStep(entry)) closeOpen(reading)
    read(reading, entry)
    answerCalls(reading)
  }
  askWith(reading, manner.configuration)
  return reading
}

/** What comes is asked with another prompt or other tools than what was: no thoughts outlive that. */
function askWith(reading: Reading, configuration: string | undefined): void {
  const { manner, configuration: before } = reading
  if (manner.boundThoughts && before && before.id !== configuration) reading.parts = withoutThoughts(reading.parts)
  reading.configuration = { id: configuration }
}

/** What has been read of a log. */
interface Reading {
  readonly manner: Manner
  /** What the last answer was asked with; null before any. */
  configuration: { readonly id: string | undefined } | null
  parts: Part[]
  /** Where the inputs begin that no answer has been given to. */
  unanswered: number
  /** The calls of the last answer, while results are missing. */
  open: readonly { readonly id: string; readonly model_id: string }[]
  /** Calls that clients give the results of: those of custom tools, and those that run on machines of the user's. */
  readonly custom: Set<string>
  readonly remote: Set<string>
  readonly results: Results
  readonly fromClient: Results
  readonly fromWorker: Results
  /** The entries that the results in parts came from. */
  readonly origins: Map<ToolResultBlock, LogEntry>
  /** What the model reads in place of entries, as far as they are trimmed. */
  readonly trimmed: Map<LogEntry, string>
}

function read(reading: Reading, entry: LogEntry): void {
  const { manner, parts, custom, remote, results, fromClient, fromWorker } = reading
  switch (entry.type) {
    case 'log.assistant':
      askWith(reading, entry.configuration)
      append(reading.parts, { of: 'answer', content: toSendable(entry.content) })
      reading.open = entry.calls
      for (const call of entry.calls) if (call.remote) remote.add(call.id)
      reading.unanswered = reading.parts.length
      return
    case 'agent.custom_tool_use':
      custom.add(entry.id)
      return
    case 'agent.tool_result':
      return keepFirst(results, entry.tool_use_id, { block: toResult(entry, textsOf(entry)), from: entry })
    case 'user.custom_tool_result':
      return results.has(entry.custom_tool_use_id)
        ? undefined
        : keepFirst(fromClient, entry.custom_tool_use_id, { block: toResult(entry, entry.content), from: entry })
    case 'user.tool_result':
      return keepFirst(fromWorker, entry.tool_use_id, { block: toResult(entry, entry.content), from: entry })
    case 'system.message':
      if (manner.system) {
        return append(parts, { of: 'system', content: entry.content.map(({ text }) => ({ type: 'text', text })) })
      }
      return append(parts, { of: 'input', content: entry.content.flatMap(toUserBlock) })
    case 'user.message':
      return append(parts, { of: 'input', content: entry.content.flatMap(toUserBlock) })
    case 'log.trimmed':
      reading.parts = change(reading, trim(parts, entry))
      return noteTrimmed(reading, parts, entry.text)
    case 'log.file_refused':
      reading.parts = change(reading, leaveOutFiles(parts, reading.unanswered, entry.text))
      return
    case 'log.summary':
      reading.parts = summarise(parts.slice(reading.unanswered), entry)
      reading.unanswered = 1
      reading.open = []
      results.clear()
      fromClient.clear()
      fromWorker.clear()
      return
    default:
  }
}

/** Parts in which something has changed that answers were given to. */
function change({ manner }: Reading, parts: Part[]): Part[] {
  return manner.boundThoughts ? withoutThoughts(parts) : parts
}

/** The results of a step stand together once the last of them is there. */
function answerCalls(reading: Reading): void {
  const { parts, open, results, origins } = reading
  const content = open.flatMap(({ id, model_id }): ToolResultBlock[] => {
    const result = clientsResult(reading, id) ?? results.get(id)
    if (!result) return []
    const block = { ...result.block, tool_use_id: model_id }
    if (result.from) origins.set(block, result.from)
    return [block]
  })
  if (open.length === 0 || content.length < open.length) return
  append(parts, { of: 'results', content })
  reading.open = []
  reading.unanswered = parts.length
}

/** What a client gave of a call that is for clients. */
function clientsResult({ custom, remote, fromClient, fromWorker }: Reading, id: string): Found | undefined {
  if (custom.has(id)) return fromClient.get(id)
  return remote.has(id) ? fromWorker.get(id) : undefined
}

/** Parts stay where they are when results in them are replaced. */
function noteTrimmed({ parts, origins, trimmed }: Reading, before: readonly Part[], text: string): void {
  for (const [index, part] of parts.entries()) {
    const whole = before[index]
    if (part === whole || part.of !== 'results' || whole?.of !== 'results') continue
    for (const [place, block] of whole.content.entries()) {
      const origin = origins.get(block)
      const short = part.content[place]
      if (!origin || !short || short === block) continue
      trimmed.set(origin, text)
      origins.set(short, origin)
    }
  }
}

/** A step begins when the results of the one before are there, all but what a client had said before it was asked. */
function isStep({ type }: LogEntry): boolean {
  return type === 'user.message' || type === 'system.message' || type === 'span.model_request_start'
}

/** A result from before the call it is for can be lost behind a summary. */
function closeOpen(reading: Reading): void {
  for (const { id } of reading.open) keepFirst(reading.results, id, LOST)
  answerCalls(reading)
}

/**
 * Index of the first entry that the transcript still depends on: a summary stands for all before it but the inputs since
 * the answer before. Null stands for what is no entry.
 */
export function contextStart(log: readonly (LogEntry | null)[]): number {
  const summary = log.findLastIndex((entry) => entry?.type === 'log.summary')
  const before = log.slice(0, Math.max(0, summary))
  return Math.max(
    0,
    before.findLastIndex((entry) => entry?.type === 'log.assistant'),
  )
}

type Result = Omit<ToolResultBlock, 'tool_use_id'>
/** A result and the entry that it came from. */
interface Found {
  readonly block: Result
  readonly from: LogEntry | null
}
type Results = Map<string, Found>

const LOST: Found = {
  block: {
    type: 'tool_result',
    content: [{ type: 'text', text: 'The result of this call was lost.' }],
    is_error: true,
  },
  from: null,
}

/** A client's result may stand before the call it is for; whatever comes first counts. */
function keepFirst(results: Results, call: string, result: Found): void {
  if (!results.has(call)) results.set(call, result)
}

/** The Messages API takes no empty message. */
function append(parts: Part[], part: Part): void {
  if (part.content.length > 0) parts.push(part)
}

function toResult(
  { is_error: isError }: { readonly is_error?: boolean | null },
  content: readonly ResultBlock[] | undefined,
): Result {
  const blocks = toResultContent(content ?? [])
  // The Messages API takes text alone in a result that is an error: beside anything else the failure is said in words.
  if (isError === true && blocks.some(({ type }) => type !== 'text')) {
    return { type: 'tool_result', content: [{ type: 'text', text: 'The call failed.' }, ...blocks], is_error: false }
  }
  return { type: 'tool_result', content: blocks, is_error: isError === true }
}

/** The hands give text and nothing else. */
function textsOf({ content }: Extract<LogEntry, { type: 'agent.tool_result' }>): readonly ResultBlock[] {
  return (content ?? []).filter((block) => block.type === 'text')
}

/** The text of an answer's blocks, joined; for summaries. */
export function textOf(content: readonly ModelContentBlock[]): string {
  return content.flatMap((block) => (block.type === 'text' ? [block.text] : [])).join('')
}
