import type { ModelInfo } from '../wire/types.ts'
import type { ModelEndpoint } from './endpoint.ts'

/** How long a list of models is believed. */
const FRESH_MS = 5 * 60_000

/** The models of the back end, asked for at most every five minutes. Rejects when it cannot be reached. */
export function createModelCatalog(
  list: NonNullable<ModelEndpoint['models']>,
  now: () => number,
): () => Promise<readonly ModelInfo[]> {
  let known: { readonly models: readonly ModelInfo[]; readonly at: number } | null = null
  return async () => {
    if (known && now() - known.at < FRESH_MS) return known.models
    const models: ModelInfo[] = []
    for await (const model of list()) models.push(model)
    known = { models, at: now() }
    return models
  }
}
