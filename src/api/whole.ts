import type { BlobStore } from '../history/blobs.ts'
import { BlobLost, fetchElement } from '../history/blobs.ts'
import type { LogItem } from '../history/project.ts'
import { toWire } from '../history/project.ts'
import type { LogState } from '../session/state.ts'
import { blobsOf } from '../session/state.ts'
import { weigh } from '../session/weight.ts'
import { ApiError } from '../wire/errors.ts'
import type { SessionEvent } from '../wire/types.ts'

type Stored = Pick<BlobStore, 'get'>
type Shown = Pick<LogItem, 'blobs'> & { readonly shown: SessionEvent }
/** An event of the queue, with its references. */
export type Queued = Shown

/** What one page of a list brings, in bytes of blobs and characters of JSON; what would exceed it is on the next one. */
const PAGE_SIZE = 32 * 1024 * 1024

/**
 * An event as its client sent it or as it came to be, with all that is kept elsewhere.
 * @throws ApiError 500 that names the event when a part of it is gone, and how to list the others.
 */
export async function toWhole(stored: Stored, session: string, { shown, blobs }: Shown): Promise<SessionEvent> {
  try {
    return await fetchElement(stored, session, { element: shown, blobs })
  } catch (error) {
    if (!(error instanceof BlobLost)) throw error
    // Nothing is before or after an event that waits in the queue.
    const others =
      shown.processed_at === null
        ? ''
        : ` List with \`before=${shown.id}\` and \`after=${shown.id}\` what stands around it.`
    throw new ApiError('api_error', `The event ${shown.id} cannot be read: ${error.message}.${others}`, {
      code: 'content_lost',
      shouldRetry: false,
      cause: error,
    })
  }
}

/** The same for several, one after the other. */
export async function toWholes(
  stored: Stored,
  session: string,
  items: readonly Shown[],
): Promise<readonly SessionEvent[]> {
  const whole: SessionEvent[] = []
  for (const item of items) whole.push(await toWhole(stored, session, item))
  return whole
}

/** The queue as clients see it. */
export function queuedItems(state: Pick<LogState, 'queue' | 'blobs'>): readonly Queued[] {
  return state.queue.map((event) => {
    const refs = blobsOf(state, event.id)
    return { shown: toWire(event, null), ...(refs ? { blobs: refs } : {}) }
  })
}

/** How many of these items a page brings behind those it begins with, at least one. */
export function countFitting(items: readonly Shown[], first: readonly Shown[] = []): number {
  let size = first.reduce((sum, item) => sum + sizeOf(item), 0)
  const over = items.findIndex((item, index) => (size += sizeOf(item)) > PAGE_SIZE && index > 0)
  return over < 0 ? items.length : over
}

/** Whether one page brings them all. */
export function isFitting(items: readonly Shown[]): boolean {
  return countFitting(items) === items.length
}

function sizeOf({ shown, blobs = [] }: Shown): number {
  // Of a file clients are shown the id.
  return blobs.reduce((sum, { length, file }) => sum + (file === undefined ? length : 0), weigh(shown))
}
