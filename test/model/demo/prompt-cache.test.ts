import { describe, expect, test } from 'vitest'
import type { InputUsage } from '../../../src/model/demo/prompt-cache.ts'
import type { DemoRequest } from '../../../src/model/demo/request.ts'
import { countTokens, createPromptCache } from '../../../src/model/demo/prompt-cache.ts'

const mark = { cache_control: { type: 'ephemeral' } }

function request(
  texts: readonly string[],
  { marked = [texts.length - 1], system = 'Be brief.', ttl = '' } = {},
): DemoRequest {
  const control = ttl === '' ? mark : { cache_control: { type: 'ephemeral', ttl } }
  const content = texts.map((text, index) => ({ type: 'text', text, ...(marked.includes(index) ? control : {}) }))
  return {
    model: 'claude-sonnet-5-5',
    stream: true,
    speed: null,
    system: [{ type: 'text', text: system }],
    tools: [],
    messages: [{ role: 'user', content }],
  }
}

const total = ({ input_tokens, cache_creation_input_tokens, cache_read_input_tokens }: InputUsage) =>
  input_tokens + cache_creation_input_tokens + cache_read_input_tokens

describe('tokens', () => {
  test.each([
    ['', 0],
    ['a', 1],
    ['abcd', 1],
    ['abcde', 2],
  ])('of %j are %i', (text, tokens) => {
    expect(countTokens(text)).toBe(tokens)
  })
})

describe('the prompt cache', () => {
  test('knows nothing without breakpoints', () => {
    const cache = createPromptCache()
    cache.measure(request(['a'], { marked: [] }))
    expect(cache.measure(request(['a'], { marked: [] }))).toMatchObject({
      cache_creation_input_tokens: 0,
      cache_read_input_tokens: 0,
    })
  })

  test('reads what the request before left, though the breakpoint has moved on', () => {
    const cache = createPromptCache()
    const first = cache.measure(request(['a', 'b']))
    const second = cache.measure(request(['a', 'b', 'c']))
    expect(first).toMatchObject({ input_tokens: 0, cache_read_input_tokens: 0 })
    expect(second.cache_read_input_tokens).toBe(first.cache_creation_input_tokens)
    expect(second.cache_creation_input_tokens).toBeGreaterThan(0)
    expect(total(second)).toBeGreaterThan(total(first))
  })

  test('counts what stands behind the last breakpoint as plain input', () => {
    const usage = createPromptCache().measure(request(['a', 'b'], { marked: [0] }))
    expect(usage.input_tokens).toBeGreaterThan(0)
    expect(usage.cache_creation_input_tokens).toBeGreaterThan(0)
  })

  test.each([
    ['a byte of the system prompt', request(['a', 'b'], { system: 'Be brief!' })],
    ['an earlier text', request(['A', 'b'])],
    ['the model', { ...request(['a', 'b']), model: 'claude-opus-5-5' }],
    ['a tool', { ...request(['a', 'b']), tools: [{ name: 'bash' }] }],
    ['the order of a block’s fields', { ...request(['a', 'b']), system: [{ text: 'Be brief.', type: 'text' }] }],
  ])('misses when %s differs', (_, changed) => {
    const cache = createPromptCache()
    cache.measure(request(['a', 'b']))
    expect(cache.measure(changed).cache_read_input_tokens).toBe(0)
  })

  test('looks twenty blocks back from a breakpoint and no further', () => {
    const more = (n: number) => Array.from({ length: n }, (_, index) => `t${index}`)
    const near = createPromptCache()
    near.measure(request(more(1)))
    expect(near.measure(request(more(20))).cache_read_input_tokens).toBeGreaterThan(0)
    const far = createPromptCache()
    far.measure(request(more(1)))
    expect(far.measure(request(more(21))).cache_read_input_tokens).toBe(0)
  })

  test('tells prefixes of an hour from those of five minutes', () => {
    const usage = createPromptCache().measure(request(['a'], { ttl: '1h' }))
    expect(usage.cache_creation).toEqual({
      ephemeral_5m_input_tokens: 0,
      ephemeral_1h_input_tokens: usage.cache_creation_input_tokens,
    })
  })
})
