import Anthropic from '@anthropic-ai/sdk'
import type { RawMessageStreamEvent } from '@anthropic-ai/sdk/resources/messages/messages'
import { describe, expect, test } from 'vitest'
import { currentHarness } from '../../../src/model/harness.ts'
import { toText } from '../../../bench/support/directive.ts'
import type { Directive } from '../../../bench/support/directive.ts'
import { startBenchModel } from '../../../bench/support/model.ts'
import type { BenchModel } from '../../../bench/support/model.ts'

async function ask(model: BenchModel, directive: Directive, more: readonly string[] = []): Promise<readonly string[]> {
  const texts: string[] = []
  for (const event of await request(model, [toText(directive), ...more]))
    if (event.type === 'content_block_delta' && event.delta.type === 'text_delta') texts.push(event.delta.text)
  return texts
}

async function request(model: BenchModel, said: readonly string[]): Promise<readonly RawMessageStreamEvent[]> {
  const client = new Anthropic({ baseURL: model.url, apiKey: 'any', authToken: null, maxRetries: 0 })
  const messages = said.map((content) => ({ role: 'user' as const, content }))
  const events: RawMessageStreamEvent[] = []
  const stream = await client.messages.create({ model: 'any', max_tokens: 100, messages, stream: true })
  for await (const event of stream) events.push(event)
  return events
}

/** Tokens of the request, as its answer claims. */
async function countTokens(model: BenchModel, directive: Directive): Promise<number> {
  const start = (await request(model, [toText(directive)])).find(({ type }) => type === 'message_start')
  return start?.type === 'message_start' ? start.message.usage.input_tokens : Number.NaN
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

  test('keeps the call for a summary apart from the turn’s own', async () => {
    await using model = await startBenchModel()
    await ask(model, { tag: 'a' }, [currentHarness.context?.prompt ?? ''])
    expect(() => model.take('a', 0)).toThrow('no call a/0')
    expect(model.takeSummary('a')).toMatchObject({ bytes: expect.any(Number) })
    expect(model.takeSummary('a')).toBeUndefined()
  })

  test('counts a token for four bytes when it is told to', async () => {
    await using model = await startBenchModel()
    const counted = await countTokens(model, { tag: 'a', length: 40_000, counted: true })
    expect(counted).toBe(Math.ceil(model.take('a', 0).bytes / 4))
    expect(counted).toBeGreaterThan(10_000)
    expect(await countTokens(model, { tag: 'b', length: 40_000 })).toBe(await countTokens(model, { tag: 'c' }))
  })

  test('breaks off what has no directive', async () => {
    await using model = await startBenchModel()
    const body = JSON.stringify({ messages: [{ role: 'user', content: 'hello' }] })
    await expect(fetch(`${model.url}/v1/messages`, { method: 'POST', body })).rejects.toThrow('fetch failed')
  })
})
