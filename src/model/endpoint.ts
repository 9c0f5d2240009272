import Anthropic, { BadRequestError } from '@anthropic-ai/sdk'
import type { BaseAnthropic } from '@anthropic-ai/sdk/client'
import type { ModelInfo } from '../wire/types.ts'

/** Where models are asked: something that speaks the Messages API, whatever stands behind it. */
export interface ModelEndpoint {
  /** Host and port, for messages. */
  readonly host: string
  /** The key, struck out wherever a provider echoes it; empty when it is not ours to know. */
  readonly secret: string
  /** What a model is called there, by its name in agents; a name that is not in it is used as it is. */
  readonly names: ReadonlyMap<string, string>
  /** Whether images and documents may be named by their URLs, for whoever is there to read them. */
  readonly takesUrls: boolean
  /** Whether requests may ask for fast mode. */
  readonly takesFast: boolean
  /** Sends the body of one streaming request; answers what came, as soon as its headers are there. One try. */
  post(body: object, options: PostOptions): Promise<Response>
  /** The models there; null where nobody lists them. */
  readonly models: (() => AsyncIterable<ModelInfo>) | null
}

interface PostOptions {
  readonly signal: AbortSignal
  /** Tokens of `anthropic-beta`. */
  readonly betas: readonly string[]
}

/** The SDK's own time-out ends at the headers; a watch over the stream replaces it. */
const NO_TIMEOUT = 2 ** 31 - 1
const LIST_TIMEOUT_MS = 10_000

/**
 * What every client of a model is made with: retries and time-outs are the session's, where they show, and a redirect
 * would take the key to another host.
 */
export const CLIENT_OPTIONS = {
  maxRetries: 0,
  timeout: NO_TIMEOUT,
  logLevel: 'off',
  fetchOptions: { redirect: 'manual' },
} as const

/** Anthropic's API, or any server that speaks it at `baseUrl` (without `/v1`, as the official clients take it). */
export function connectAnthropic({
  apiKey,
  baseUrl,
  names = new Map(),
}: {
  readonly apiKey: string
  readonly baseUrl: string
  readonly names?: ReadonlyMap<string, string>
}): ModelEndpoint {
  const client = new Anthropic({ apiKey, baseURL: baseUrl, ...CLIENT_OPTIONS })
  return {
    host: new URL(baseUrl).host,
    secret: apiKey,
    names,
    takesUrls: true,
    takesFast: true,
    post: (body, options) => postMessages(client, body, options),
    models: () => listModels(client),
  }
}

/** Models of every stage; from a server that speaks the API and knows no stages, all that it lists. */
async function* listModels({ beta }: Anthropic): AsyncGenerator<ModelInfo> {
  const options = { timeout: LIST_TIMEOUT_MS }
  const lifecycle: ModelInfo['lifecycle'][] = ['active', 'deprecated', 'retired']
  yield* await beta.models.list({ limit: 1000, lifecycle }, options).catch((error: unknown) => {
    if (error instanceof BadRequestError) return beta.models.list({ limit: 1000 }, options)
    throw error
  })
}

/** Not `messages.create`: that one writes to the console about some models. */
export function postMessages(client: BaseAnthropic, body: object, { signal, betas }: PostOptions): Promise<Response> {
  const headers = betas.length > 0 ? { headers: { 'anthropic-beta': betas.join(',') } } : {}
  return client.post('/v1/messages', { body, signal, stream: true, ...headers }).asResponse()
}
