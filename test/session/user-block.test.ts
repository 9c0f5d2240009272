import { describe, expect, test } from 'vitest'
import { toResultContent, toUserBlock } from '../../src/session/user-block.ts'

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
    {
      type: 'search_result',
      source: 'https://example.com/a',
      title: 'a',
      content: [{ type: 'text', text: 'found' }],
      citations: { enabled: false },
    },
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

describe('the content of a result', () => {
  const text = (words: string) => ({ type: 'text' as const, text: words })
  const image = { type: 'image' as const, source: URL_SOURCE }
  const found = (...words: string[]) => ({
    type: 'search_result' as const,
    source: 's',
    title: 't',
    content: words.map(text),
    citations: { enabled: false },
  })
  const none = [text('(no output)')]

  test.each([
    { name: 'neighbouring texts as one', given: [text('a'), text(''), text('b')], read: [text('a\n\nb')] },
    { name: 'texts around an image apart', given: [text('a'), image, text('b')], read: [text('a'), image, text('b')] },
    { name: 'no blank text beside an image', given: [text(' '), image], read: [image] },
    { name: 'search results without their blank texts', given: [found('x', ' ')], read: [found('x')] },
    { name: 'no empty search result', given: [found(' ')], read: none },
    { name: 'words where there is nothing', given: [], read: none },
    { name: 'words where all is blank', given: [text(' '), text('\n')], read: none },
  ])('is read as $name', ({ given, read }) => {
    expect(toResultContent(given)).toEqual(read)
  })
})
