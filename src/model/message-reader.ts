import type { ModelContentBlock, ModelUsage } from '../wire/types.ts'
import type { OpenBlock } from './content-block.ts'
import type { JsonObject } from './json.ts'
import type { ModelProgress, ModelResponse } from './model.ts'
import { completeInput, extendBlock, isBlank, isContentBlock } from './content-block.ts'
import { excerpt, isObject, parseObject } from './json.ts'
import { garbled } from './model.ts'

/** More blocks than any answer has; a stream that goes on beyond is not worth the memory. */
const MOST_BLOCKS = 1000
/** Reasons for which an answer may end in the middle of a call's input. */
const CUTTING = new Set(['max_tokens', 'model_context_window_exceeded', 'refusal'])

type Ending = Pick<ModelResponse, 'stopReason' | 'stopDetails'>

/** One answer as far as its stream has been read. */
export interface Reading {
  readonly onProgress: (progress: ModelProgress) => void
  readonly blocks: ModelContentBlock[]
  readonly calls: Set<string>
  /** Undefined before message_start. */
  usage: ModelUsage | undefined
  searches: number
  last: ModelUsage | undefined
  open: OpenBlock | undefined
  /** The last block is a call whose input is no JSON object. */
  broken: boolean
  ending: Ending | undefined
}

export function startReading(onProgress: (progress: ModelProgress) => void): Reading {
  return {
    onProgress,
    blocks: [],
    calls: new Set(),
    usage: undefined,
    searches: 0,
    last: undefined,
    open: undefined,
    broken: false,
    ending: undefined,
  }
}

/**
 * Takes the next event's JSON text; gives the whole answer at `message_stop`, otherwise nothing.
 *
 * Strict, because what is accepted here is recorded and sent back with every later request: the order of events, the
 * indexes of blocks and the inputs of calls must be what the Messages API documents, else the answer is garbled.
 * Unknown kinds of events, deltas and blocks are no errors: the API says that it may add some.
 */
export function readEvent(reading: Reading, data: string): ModelResponse | undefined {
  const event = parseObject(data)
  if (!event) throw garbled(`an event that is not a JSON object: ${excerpt(data)}`)
  switch (event['type']) {
    case 'message_start':
      startMessage(reading, event)
      break
    case 'content_block_start':
      startBlock(reading, event)
      break
    case 'content_block_delta':
      reportText(reading, extendBlock(openBlock(reading, event), event['delta']))
      break
    case 'content_block_stop':
      reading.broken = !completeInput(openBlock(reading, event))
      reading.open = undefined
      break
    case 'message_delta':
      reading.usage = withCounts(reading.usage ?? NO_USAGE, event['usage'])
      reading.searches = searchesIn(event['usage']) ?? reading.searches
      reading.last = lastIn(event['usage']) ?? reading.last
      reading.ending = readEnding(event['delta']) ?? reading.ending
      break
    case 'message_stop':
      return finish(reading)
    default:
      break
  }
  return undefined
}

function startMessage(reading: Reading, { message }: JsonObject): void {
  if (reading.usage) throw garbled('a second message_start')
  reading.usage = withCounts(NO_USAGE, isObject(message) ? message['usage'] : undefined)
}

function startBlock(reading: Reading, event: JsonObject): void {
  const { blocks, calls } = reading
  const { index, content_block: block } = event
  if (!reading.usage || reading.open || index !== blocks.length) throw garbled(`block ${String(index)} out of order`)
  if (reading.broken) throw garbled(BROKEN_INPUT)
  if (index === MOST_BLOCKS) throw garbled(`more than ${MOST_BLOCKS} blocks`)
  if (!isContentBlock(block)) throw garbled(`a block that is none: ${excerpt(block)}`)
  if (isCall(block)) {
    if (calls.has(block.id)) throw garbled(`two calls with the id ${block.id}`)
    calls.add(block.id)
  }
  blocks.push(block)
  reading.open = { index, block, input: '' }
  reading.onProgress({ type: 'block', index, of: block.type })
  if (block.type === 'text') reportText(reading, block.text)
}

function openBlock({ open }: Reading, { type, index }: JsonObject): OpenBlock {
  if (open && open.index === index) return open
  throw garbled(`${String(type)} for block ${String(index)}, which is not open`)
}

function reportText({ blocks, onProgress }: Reading, text: string): void {
  if (text !== '') onProgress({ type: 'text', index: blocks.length - 1, text })
}

function finish({ blocks, usage, searches, last, open, broken, ending }: Reading): ModelResponse {
  if (!usage || open || !ending) throw garbled('message_stop before the message was complete')
  const isCut = CUTTING.has(ending.stopReason)
  if (broken && !isCut) throw garbled(BROKEN_INPUT)
  const kept = isCut && (broken || endsInEmptyCall(blocks)) ? blocks.slice(0, -1) : blocks
  const content = kept.filter((block) => !isBlank(block))
  return { content, ...ending, usage, ...(searches > 0 ? { searches } : {}), ...(last ? { last } : {}) }
}

/** In an answer that was cut, a last call without input is one whose input had not begun. */
function endsInEmptyCall(blocks: readonly ModelContentBlock[]): boolean {
  const last = blocks.at(-1)
  return isCall(last) && isObject(last.input) && Object.keys(last.input).length === 0
}

function readEnding(delta: unknown): Ending | undefined {
  if (!isObject(delta) || typeof delta['stop_reason'] !== 'string') return undefined
  const details = delta['stop_details']
  if (!isObject(details)) return { stopReason: delta['stop_reason'], stopDetails: null }
  return {
    stopReason: delta['stop_reason'],
    stopDetails: { category: textOrNull(details['category']), explanation: textOrNull(details['explanation']) },
  }
}

function isCall(block: ModelContentBlock | undefined): block is Extract<ModelContentBlock, { input: unknown }> {
  return block?.type === 'tool_use' || block?.type === 'server_tool_use'
}

/** A total too. */
function searchesIn(counts: unknown): number | undefined {
  const served = isObject(counts) ? counts['server_tool_use'] : undefined
  const searches = isObject(served) ? served['web_search_requests'] : undefined
  return isCount(searches) ? searches : undefined
}

/** The counts of a message in which the model was asked several times are sums of these. */
function lastIn(counts: unknown): ModelUsage | undefined {
  const iterations = isObject(counts) ? counts['iterations'] : undefined
  if (!Array.isArray(iterations) || iterations.length < 2) return undefined
  const last: unknown = iterations.findLast((each) => isObject(each) && each['type'] === 'message')
  return last ? withCounts(NO_USAGE, last) : undefined
}

/** The counts are totals of the whole message: a later one replaces an earlier one, an absent one does not. */
function withCounts(usage: ModelUsage, counts: unknown): ModelUsage {
  const given = isObject(counts) ? counts : {}
  const count = (name: Count) => (isCount(given[name]) ? given[name] : usage[name])
  return {
    input_tokens: count('input_tokens'),
    output_tokens: count('output_tokens'),
    cache_read_input_tokens: count('cache_read_input_tokens'),
    cache_creation_input_tokens: count('cache_creation_input_tokens'),
    ...speedOf(given['speed'] ?? usage.speed),
  }
}

/** Which speed a request ran at; told of those alone that asked for one. */
function speedOf(speed: unknown): Pick<ModelUsage, 'speed'> {
  return speed === 'fast' || speed === 'standard' ? { speed } : {}
}

type Count = Exclude<keyof ModelUsage, 'speed'>

const BROKEN_INPUT = 'a call whose input is not a JSON object'
const NO_USAGE: ModelUsage = {
  input_tokens: 0,
  output_tokens: 0,
  cache_read_input_tokens: 0,
  cache_creation_input_tokens: 0,
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}
