import type { Arrival } from './entry.ts'
import type { SentBlock, UserBlock } from './parts.ts'
import { isNotBlank } from './parts.ts'

type InputBlock = Extract<Arrival, { type: 'user.message' | 'system.message' }>['content'][number]
export type ResultBlock = NonNullable<Extract<Arrival, { type: 'user.custom_tool_result' }>['content']>[number]
type ImageSource = Extract<UserBlock, { type: 'image' }>['source']
type DocumentSource = Extract<UserBlock, { type: 'document' }>['source']

/** A block of an input as the model's API takes it, with nothing but what that knows: a plain client may have sent more. */
export function toUserBlock(block: InputBlock | ResultBlock): SentBlock[] {
  if (block.type === 'text') return [{ type: 'text', text: block.text }]
  if (block.type === 'search_result') return toSearchResult(block)
  if (block.type !== 'image' && block.type !== 'document') return []
  const { source } = block
  if (block.type === 'image') {
    // What has arrived is of a type that both APIs know.
    if (source.type === 'base64') return [{ type: 'image', source: toBase64(source) as ImageSource }]
    return source.type === 'url' ? [{ type: 'image', source: { type: 'url', url: source.url } }] : []
  }
  const { title, context } = block
  const about = { ...(title ? { title } : {}), ...(context ? { context } : {}) }
  switch (source.type) {
    case 'base64':
      return [{ type: 'document', source: toBase64(source) as DocumentSource, ...about }]
    case 'text':
      return [{ type: 'document', source: { type: 'text', media_type: 'text/plain', data: source.data }, ...about }]
    case 'url':
      return [{ type: 'document', source: { type: 'url', url: source.url }, ...about }]
    case 'file':
      return []
  }
}

/** What a call came to, as the model reads it: neighbouring texts are one, and what is blank is left out. */
export function toResultContent(blocks: readonly ResultBlock[]): SentBlock[] {
  const joined: SentBlock[] = []
  for (const block of blocks.flatMap(toUserBlock)) {
    const last = joined.at(-1)
    if (block.type === 'text' && last?.type === 'text') {
      joined.splice(-1, 1, { type: 'text', text: `${last.text}\n${block.text}` })
    } else joined.push(block)
  }
  const content = joined.filter(isNotBlank)
  return content.length > 0 ? content : [{ type: 'text', text: '(no output)' }]
}

/**
 * The Messages API takes no blank text in one, none without text, and citations of all in a request or of none: our wire
 * has no citations, so it is none.
 */
function toSearchResult(block: Extract<ResultBlock, { type: 'search_result' }>): SentBlock[] {
  const { source, title } = block
  const content = block.content.flatMap(({ text }) => (text.trim() === '' ? [] : [{ type: 'text' as const, text }]))
  if (content.length === 0) return []
  return [{ type: 'search_result', source, title, content, citations: { enabled: false } }]
}

function toBase64({ data, media_type }: { readonly data: string; readonly media_type: string }): object {
  return { type: 'base64', media_type, data }
}
