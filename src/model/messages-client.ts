import { Stream } from '@anthropic-ai/sdk/core/streaming'
import type { ModelEndpoint } from './endpoint.ts'
import type { FailureContext } from './failures.ts'
import type { Model, ModelRequest, ModelRequestOptions, ModelResponse } from './model.ts'
import type { Watch } from './silence.ts'
import { isObject } from './json.ts'
import { fromErrorEvent, toModelFailure } from './failures.ts'
import type { Reading } from './message-reader.ts'
import { readEvent, startReading } from './message-reader.ts'
import { ModelFailure, garbled } from './model.ts'
import { watchSilence } from './silence.ts'

export interface MessagesModelOptions {
  /** Milliseconds of silence after which a request is given up. */
  readonly stallMs?: number
  /** What starts the watch over one request, instead of one for `stallMs`. */
  readonly startWatch?: StartWatch
  /** Milliseconds since the epoch. */
  readonly now?: () => number
}

type StartWatch = (giveUp: (reason: ModelFailure) => void) => Watch

const DEFAULT_STALL_MS = 120_000

/** The model behind a Messages API. One try per request: backing off is the session's, where it shows. */
export function createMessagesModel(endpoint: ModelEndpoint, options: MessagesModelOptions = {}): Model {
  const { stallMs = DEFAULT_STALL_MS, now = Date.now } = options
  const startWatch = options.startWatch ?? ((giveUp) => watchSilence(stallMs, giveUp))
  const context = { host: endpoint.host, secret: endpoint.secret, now }
  const provider = { endpoint, context, startWatch }
  return { request: (request, { signal, onProgress = () => {} }) => ask(provider, request, { signal, onProgress }) }
}

interface Provider {
  readonly endpoint: ModelEndpoint
  readonly context: FailureContext
  readonly startWatch: StartWatch
}

/** Owns the connection: whatever ends the request closes it. */
async function ask(
  provider: Provider,
  request: ModelRequest,
  options: Required<ModelRequestOptions>,
): Promise<ModelResponse> {
  options.signal.throwIfAborted()
  if (!provider.endpoint.takesUrls) refuseUrls(request)
  if (!provider.endpoint.takesFast) refuseFast(request)
  const ending = new AbortController()
  const abort = () => ending.abort(options.signal.reason)
  options.signal.addEventListener('abort', abort, { once: true })
  const watch = provider.startWatch((reason) => ending.abort(reason))
  const reading = startReading(options.onProgress)
  try {
    const response = await post(provider.endpoint, request, ending.signal)
    return await readAnswer(response, { watch, context: provider.context, reading })
  } catch (error) {
    const reason: unknown = ending.signal.aborted ? ending.signal.reason : toModelFailure(error, provider.context)
    if (reason instanceof ModelFailure) reason.usage = reading.usage
    throw reason ?? error
  } finally {
    watch.stop()
    options.signal.removeEventListener('abort', abort)
    ending.abort()
  }
}

/** What tells that a block, or one inside of it, is named by a URL. */
interface SentBlock {
  readonly type: string
  readonly source?: unknown
  readonly content?: unknown
}

/** What clients send through the API is refused there; others learn of it from the session. */
function refuseUrls({ messages }: ModelRequest): void {
  const blocks = messages.flatMap(({ content }) => (typeof content === 'string' ? [] : content))
  if (!blocks.some(holdsUrl)) return
  const message = 'the back end reads no images and documents at URLs; send their bytes through the API'
  throw new ModelFailure({ kind: 'file_refused', retryable: false, message })
}

/** Sessions are refused it at their creation; the back end may be another since then. */
function refuseFast({ speed }: ModelRequest): void {
  if (speed !== 'fast') return
  const message = 'the back end has no fast mode; use an agent with the speed "standard"'
  throw new ModelFailure({ kind: 'request_failed', retryable: false, message })
}

function holdsUrl({ type, source, content }: SentBlock): boolean {
  if (type === 'image' || type === 'document') return isObject(source) && source['type'] === 'url'
  return type === 'tool_result' && Array.isArray(content) && content.some(holdsUrl)
}

function post(endpoint: ModelEndpoint, request: ModelRequest, signal: AbortSignal): Promise<Response> {
  const { max_tokens, system, tools, tool_choice, messages, thinking, output_config, speed, inference_geo } = request
  const model = endpoint.names.get(request.model) ?? request.model
  // The fields' order is fixed, so that equal requests are equal bytes.
  const config = { model, max_tokens, thinking, output_config, speed, inference_geo }
  const betas = speed === 'fast' ? [FAST_MODE] : []
  return endpoint.post({ ...config, system, tools, tool_choice, messages, stream: true }, { signal, betas })
}

/** Some models take `speed` under this token alone, and no model minds it. */
const FAST_MODE = 'fast-mode-2026-02-01'

interface Listening {
  readonly watch: Watch
  readonly context: FailureContext
  readonly reading: Reading
}

/** Reads to the end of the stream and not only of the message: a connection read to its end is used again. */
async function readAnswer(response: Response, { watch, context, reading }: Listening): Promise<ModelResponse> {
  const type = response.headers.get('content-type') ?? 'nothing'
  if (!response.body || !type.startsWith('text/event-stream'))
    throw garbled(`an event stream was expected, ${type} came`)
  const bytes = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      watch.bytes(chunk)
      controller.enqueue(chunk)
    },
  })
  let answer: ModelResponse | undefined
  try {
    for await (const { event, data } of Stream.rawEvents(new Response(response.body.pipeThrough(bytes)))) {
      if (answer || event === 'ping' || data === '') continue
      watch.event()
      if (event === 'error') throw fromErrorEvent(data, context)
      answer = readEvent(reading, data)
      if (answer) watch.linger()
    }
  } catch (error) {
    if (!answer) throw error
  }
  if (!answer) throw garbled('the stream ended before message_stop')
  return answer
}
