import { restore } from '../session/blobs.ts'
import type { BlobRef } from '../session/entry.ts'
import type { LogEntry } from '../session/transcript.ts'

/** What the model reads in place of what is lost. */
const LOST = '[This part of the conversation is lost: its file is missing or damaged.]'

/** Nothing but what was there makes sense in one of these: an image, or thoughts that the model has signed. */
const WHOLE: ReadonlySet<unknown> = new Set(['image', 'document', 'thinking', 'redacted_thinking'])

/** An entry for the model, with a sentence at the places of the given references, where empty strings stand. */
export function nameLost(entry: LogEntry, lost: readonly { readonly ref: BlobRef }[]): LogEntry {
  if (lost.length === 0) return entry
  const refs = lost.map(({ ref }) => ref)
  const named = restore(entry, refs, () => LOST)
  if (!('content' in named) || !Array.isArray(named.content)) return named
  const touched = new Set(refs.flatMap(({ path: [field, index] }) => (field === 'content' ? [index] : [])))
  const content = named.content.map((block: { readonly type: string }, index) =>
    touched.has(index) && WHOLE.has(block.type) ? { type: 'text', text: LOST } : block,
  )
  // Every kind of content has blocks of text.
  return { ...named, content } as LogEntry
}
