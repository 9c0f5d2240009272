import Anthropic from '@anthropic-ai/sdk'
import type { ModelInfo } from '../wire/types.ts'

/** How long a list of models is believed. */
const FRESH_MS = 5 * 60_000

/** The models of the back end, asked for at most every five minutes. Rejects when it cannot be reached. */
export function createModelCatalog(options: {
  readonly apiKey: string
  readonly baseUrl?: string | undefined
  readonly now: () => number
}): () => Promise<readonly ModelInfo[]> {
  const client = new Anthropic({
    apiKey: options.apiKey,
    maxRetries: 0,
    timeout: 10_000,
    ...(options.baseUrl === undefined ? {} : { baseURL: options.baseUrl }),
  })
  let known: { readonly models: readonly ModelInfo[]; readonly at: number } | null = null
  return async () => {
    if (known && options.now() - known.at < FRESH_MS) return known.models
    const models: ModelInfo[] = []
    for await (const model of client.beta.models.list({ limit: 1000 })) models.push(model)
    known = { models, at: options.now() }
    return models
  }
}
