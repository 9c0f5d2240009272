import { restore } from '../session/blobs.ts'
import type { BlobRef } from '../session/entry.ts'
import { isServedResult, unavailable } from '../session/served.ts'
import type { LogEntry } from '../session/transcript.ts'

/** What the model reads in place of what is lost. */
const LOST = '[This part of the conversation is lost: its file is missing or damaged.]'

/** Nothing but what was there makes sense in one of these. */
const WHOLE: ReadonlySet<unknown> = new Set(['image', 'document'])
/** What the model has signed: it takes them back as they were, all those of an answer, or none. */
const THOUGHTS: ReadonlySet<unknown> = new Set(['thinking', 'redacted_thinking'])

/** Thoughts are lost in the turn that they are of, where the Messages API wants them back with the calls they led to. */
export class ThoughtsLost extends Error {
  override readonly name = 'ThoughtsLost'

  constructor() {
    super(
      'store: a file with thoughts of the model is missing or damaged, and it cannot go on with this turn without them; ' +
        'send a message to go on in a new one',
    )
  }
}

/**
 * An entry for the model, with a sentence at the places of the given references, or in place of the block; without its
 * thoughts when one of them is lost.
 * @param turn whether the turn of the entry is over: the user has written since.
 * @throws ThoughtsLost
 */
export function nameLost(
  entry: LogEntry,
  lost: readonly { readonly ref: BlobRef }[],
  turn: { readonly isOver: boolean },
): LogEntry {
  if (lost.length === 0) return entry
  const refs = lost.map(({ ref }) => ref)
  const texts = refs.filter(({ file }) => file === undefined)
  const named = restore(entry, texts, () => LOST)
  if (!('content' in named) || !Array.isArray(named.content)) return named
  const touched = new Set(refs.flatMap(({ path: [field, index] }) => (field === 'content' ? [index] : [])))
  const blocks: readonly { readonly type: string }[] = named.content
  const isThoughtless = blocks.some(({ type }, index) => touched.has(index) && THOUGHTS.has(type))
  if (isThoughtless && !turn.isOver) throw new ThoughtsLost()
  const content = blocks
    .map((block, index) => (touched.has(index) ? standIn(block) : block))
    .filter(({ type }) => !isThoughtless || !THOUGHTS.has(type))
  // Every kind of content has blocks of text.
  return { ...named, content } as LogEntry
}

/**
 * A block as it can be sent with a part of it lost. What the model's API has found itself it takes back as it was or not
 * at all, and it takes no call without a result.
 */
function standIn(block: { readonly type: string }): { readonly type: string; readonly text?: string } {
  if (WHOLE.has(block.type)) return { type: 'text', text: LOST }
  return isServedResult(block) ? unavailable(block.type, block.tool_use_id) : block
}
