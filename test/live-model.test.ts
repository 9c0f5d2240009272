import { describe, expect, test } from 'vitest'
import { ConfigError } from '../src/config.ts'
import { describeLiveModel } from '../src/live-model.ts'

const none = { modelApiKey: undefined, modelBaseUrl: undefined, modelBackend: 'anthropic' } as const

describe('the model of a live demo', () => {
  test.each([
    ["Anthropic's", { ...none, modelApiKey: 'sk-ant-x' }, 'm at api.anthropic.com, with your key'],
    [
      'one at another address',
      { ...none, modelApiKey: 'k', modelBaseUrl: 'https://there:8/x' },
      'm at there:8, with your key',
    ],
    ['one that wants no key', { ...none, modelBaseUrl: 'http://127.0.0.1:8' }, 'm at 127.0.0.1:8, with no key'],
    ['one of a cloud', { ...none, modelBackend: 'bedrock' } as const, 'm at bedrock, with your account there'],
  ])('is told: %s', (_whose, config, told) => {
    expect(describeLiveModel(config, 'm')).toBe(told)
  })

  test.each([
    ['no key', none, /^a live demo needs a key .* Set ANTHROPIC_API_KEY /],
    ['the key of a Longhand server', { ...none, modelApiKey: 'lh_x' }, /^ANTHROPIC_API_KEY is the key of a Longhand/],
  ])('is refused with a remedy: %s', (_what, config, said) => {
    expect(() => describeLiveModel(config, 'm')).toThrow(said)
    expect(() => describeLiveModel(config, 'm')).toThrow(ConfigError)
  })
})
