import { describe, expect, test } from 'vitest'
import { toUserBlock } from '../../src/session/user-block.ts'

type Block = Parameters<typeof toUserBlock>[0]

const URL_SOURCE = { type: 'url' as const, url: 'https://example.com/a' }

describe('a block of an input', () => {
  test.each<Block>([
    { type: 'text', text: 'words' },
    { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'QQ==' } },
    { type: 'image', source: URL_SOURCE },
    { type: 'document', source: { type: 'base64', media_type: 'application/pdf', data: 'QQ==' } },
    { type: 'document', title: 'a', context: 'b', source: { type: 'text', media_type: 'text/plain', data: 'words' } },
    { type: 'document', source: URL_SOURCE },
  ])('reaches the model as it is: %j', (block) => {
    expect(toUserBlock(block)).toEqual([block])
  })

  test('leaves behind what says nothing and what the model knows nothing of', () => {
    const cache = { cache_control: { type: 'ephemeral' } }
    const text = { type: 'text' as const, text: 'words', ...cache }
    const image = { type: 'image' as const, source: { ...URL_SOURCE, ...cache }, ...cache }
    const document = { type: 'document' as const, title: null, context: null, source: URL_SOURCE, ...cache }
    expect([text, image, document].flatMap(toUserBlock)).toEqual([
      { type: 'text', text: 'words' },
      { type: 'image', source: URL_SOURCE },
      { type: 'document', source: URL_SOURCE },
    ])
  })

  test.each<Block>([
    { type: 'redacted' },
    { type: 'image', source: { type: 'file', file_id: 'file_1' } },
    { type: 'document', source: { type: 'file', file_id: 'file_1' } },
  ])('is not there for the model when nobody knows its content: %j', (block) => {
    expect(toUserBlock(block)).toEqual([])
  })
})
