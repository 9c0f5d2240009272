import type { BlobStore } from '../history/blobs.ts'
import { fetchThere } from '../history/blobs.ts'
import type { LogItem } from '../history/project.ts'
import type { SessionLog } from '../history/session-log.ts'
import type { Cursor } from './context.ts'
import { placeOf } from './context.ts'

/** Answers what the user wrote before an activity was scheduled, oldest first, a text for each message. */
export type HeardReader = (cursor: Cursor) => Promise<readonly string[]>

/** The newest messages are kept, as many as this, and of them so many characters: of one that is too long, its two ends. */
const MESSAGES = 50
const CHARACTERS = 32 * 1024

/** Reads the user's messages alone, and those that a summary stands for too: not what anybody else put into the log. */
export function createHeardReader(log: SessionLog, blobs: Pick<BlobStore, 'get'>): HeardReader {
  return async (cursor) => {
    const view = await log.read(cursor.session)
    const newest = { order: 'desc', limit: MESSAGES, audience: 'model', types: ['user.message'] } as const
    const items = await log.slice(view, { ...newest, behind: placeOf(view, cursor) })
    const heard: string[] = []
    let left = CHARACTERS
    for (const item of items) {
      const words = await wordsOf(blobs, cursor.session, item)
      if (words !== '') heard.unshift(shorten(words, left))
      left -= words.length
      if (left <= 0) break
    }
    return heard
  }
}

/** What stands at the end of a long text may be the rule that matters. */
function shorten(words: string, most: number): string {
  if (words.length <= most) return words
  const half = Math.floor(most / 2)
  return `${words.slice(0, half)}\n[${words.length - 2 * half} characters are left out here]\n${words.slice(words.length - half)}`
}

/** What is lost of a message, and what of it is no text, says nothing. */
async function wordsOf(store: Pick<BlobStore, 'get'>, session: string, { says, blobs = [] }: LogItem): Promise<string> {
  if (says?.type !== 'user.message') return ''
  const texts = blobs.filter(({ path, file }) => file === undefined && path.at(-1) === 'text')
  const { element } = await fetchThere(store, session, { element: says, blobs: texts })
  return element.content.flatMap((block) => (block.type === 'text' ? [block.text] : [])).join('\n')
}
