import type { Config } from './config.ts'
import { ConfigError } from './config.ts'

type ModelConfig = Pick<Config, 'modelApiKey' | 'modelBaseUrl' | 'modelBackend'>

const REMEDY =
  'Set ANTHROPIC_API_KEY (or LONGHAND_MODEL_API_KEY), or leave --live out: the scripted model costs nothing.'

/**
 * The model of a live demo, and by whose key it is asked, in words. Throws `ConfigError` with a remedy where no real
 * model is configured.
 */
export function describeLiveModel(
  { modelApiKey: key, modelBaseUrl: url, modelBackend }: ModelConfig,
  model: string,
): string {
  if (modelBackend !== 'anthropic') return `${model} at ${modelBackend}, with your account there`
  if (url !== undefined) return `${model} at ${new URL(url).host}, with ${key === undefined ? 'no key' : 'your key'}`
  if (key === undefined) throw new ConfigError(`a live demo needs a key for a real model. ${REMEDY}`)
  // What `longhand env` puts in place of the provider's.
  if (key.startsWith('lh_')) throw new ConfigError(`ANTHROPIC_API_KEY is the key of a Longhand server here. ${REMEDY}`)
  return `${model} at api.anthropic.com, with your key`
}
