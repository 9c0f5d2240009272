import type { Config } from './config.ts'
import { ConfigError } from './config.ts'
import { createModelCatalog } from './model/catalog.ts'
import { BackendError, connectCloud } from './model/clouds.ts'
import type { ModelEndpoint } from './model/endpoint.ts'
import { connectAnthropic } from './model/endpoint.ts'
import type { ModelInfo } from './wire/types.ts'

/** Where the model is when nobody says otherwise. */
const DEFAULT_MODEL_URL = 'https://api.anthropic.com'

type ModelSettings = Pick<Config, 'modelApiKey' | 'modelBackend' | 'modelBaseUrl' | 'modelNames'>

/** The back end that the configuration names. Rejects with `ConfigError` when it cannot be used like this. */
export async function openModelEndpoint(config: ModelSettings): Promise<ModelEndpoint> {
  const { modelApiKey, modelBackend, modelBaseUrl, modelNames: names } = config
  if (modelBackend === 'anthropic') {
    return connectAnthropic({ apiKey: modelApiKey ?? '', baseUrl: modelBaseUrl ?? DEFAULT_MODEL_URL, names })
  }
  try {
    return await connectCloud(modelBackend, { baseUrl: modelBaseUrl, names })
  } catch (error) {
    if (error instanceof BackendError) throw new ConfigError(error.message, { cause: error })
    throw error
  }
}

/** The back end's list of models; null for a cloud, which has none and whose credentials only the worker needs. */
export async function openModelCatalog(config: ModelSettings): Promise<(() => Promise<readonly ModelInfo[]>) | null> {
  if (config.modelBackend !== 'anthropic') return null
  const { models } = await openModelEndpoint(config)
  return models && createModelCatalog(models, Date.now)
}
