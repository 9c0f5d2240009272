import type { Arrival } from './entry.ts'
import type { UserBlock } from './parts.ts'

type InputBlock = Extract<Arrival, { type: 'user.message' | 'system.message' }>['content'][number]
type ImageSource = Extract<UserBlock, { type: 'image' }>['source']
type DocumentSource = Extract<UserBlock, { type: 'document' }>['source']

/** A block of an input as the model's API takes it, with nothing but what that knows: a plain client may have sent more. */
export function toUserBlock(block: InputBlock): UserBlock[] {
  if (block.type === 'text') return [{ type: 'text', text: block.text }]
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

function toBase64({ data, media_type }: { readonly data: string; readonly media_type: string }): object {
  return { type: 'base64', media_type, data }
}
