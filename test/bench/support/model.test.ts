import Anthropic from '@anthropic-ai/sdk'
import { describe, expect, test } from 'vitest'
import { toText } from '../../../bench/support/directive.ts'
import type { Directive } from '../../../bench/support/directive.ts'
import { startBenchModel } from '../../../bench/support/model.ts'
import type { BenchModel } from '../../../bench/support/model.ts'

async function ask(model: BenchModel, directive: Directive): Promise<readonly string[]> {
  const client = new Anthropic({ baseURL: model.url, apiKey: 'any', authToken: null, maxRetries: 0 })
  const messages = [{ role: 'user' as const, content: toText(directive) }]
  const stream = await client.messages.create({ model: 'any', max_tokens: 100, messages, stream: true })
  const texts: string[] = []
  for await (const event of stream)
    if (event.type === 'content_block_delta' && event.delta.type === 'text_delta') texts.push(event.delta.text)
  return texts
}

describe('bench model', () => {
  test('answers word by word and gives the times of a call once', async () => {
    await using model = await startBenchModel()
    expect(await ask(model, { tag: 'a', words: 3, gapMs: 1 })).toEqual(['word0 ', 'word1 ', 'word2'])
    const { receivedAt, firstByteAt, deltaAt, endedAt } = model.take('a', 0)
    const times = [receivedAt, firstByteAt, ...deltaAt, endedAt]
    expect(times).toHaveLength(6)
    expect(times).toEqual(times.toSorted((a, b) => a - b))
    expect(() => model.take('a', 0)).toThrow('no call a/0')
  })

  test('answers whole when it is told to', async () => {
    await using model = await startBenchModel()
    expect(await ask(model, { tag: 'a', words: 3, whole: true })).toEqual(['word0 word1 word2'])
  })

  test('breaks off what has no directive', async () => {
    await using model = await startBenchModel()
    const body = JSON.stringify({ messages: [{ role: 'user', content: 'hello' }] })
    await expect(fetch(`${model.url}/v1/messages`, { method: 'POST', body })).rejects.toThrow('fetch failed')
  })
})
