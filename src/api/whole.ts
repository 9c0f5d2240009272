import type { BlobStore } from '../history/blobs.ts'
import { BlobLost, fetchElement } from '../history/blobs.ts'
import type { LogItem } from '../history/project.ts'
import { toWire } from '../history/project.ts'
import type { ConfigurationReader } from '../history/updated.ts'
import { configurationIn, fillAgent } from '../history/updated.ts'
import type { LogState } from '../session/state.ts'
import { blobsOf } from '../session/state.ts'
import { weigh } from '../session/weight.ts'
import { ApiError } from '../wire/errors.ts'
import type { SessionEvent } from '../wire/types.ts'

/** Where the parts of events are that do not stand in the log. */
export interface PartStores {
  readonly blobs: Pick<BlobStore, 'get'>
  readonly sessions: { readonly configuration: ConfigurationReader }
}
type Shown = Pick<LogItem, 'says' | 'blobs'> & { readonly shown: SessionEvent }
/** An event of the queue, with its references. */
export type Queued = Shown

/** What one page of a list brings, in bytes of blobs and characters of JSON; what would exceed it is on the next one. */
const PAGE_SIZE = 32 * 1024 * 1024
/** What an agent counts there, whose size is known only when it is read; few are larger. */
const AGENT_SIZE = 256 * 1024

/** Whether parts of it are kept elsewhere, so that it has to be waited for. */
export function isKeptElsewhere(item: Pick<LogItem, 'says' | 'blobs'>): boolean {
  return item.blobs !== undefined || configurationIn(item) !== null
}

/**
 * An event as its client sent it or as it came to be, with all that is kept elsewhere.
 * @throws ApiError 500 that names the event when a part of it is gone, and how to list the others.
 */
export async function toWhole(
  { blobs: store, sessions }: PartStores,
  session: string,
  item: Shown,
): Promise<SessionEvent> {
  const { shown, blobs } = item
  try {
    const event = await fetchElement(store, session, { element: shown, blobs })
    return await fillAgent(sessions.configuration, session, { event, configuration: configurationIn(item) })
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
  stores: PartStores,
  session: string,
  items: readonly Shown[],
): Promise<readonly SessionEvent[]> {
  const whole: SessionEvent[] = []
  for (const item of items) whole.push(await toWhole(stores, session, item))
  return whole
}

/** The queue as clients see it. */
export function queuedItems(state: Pick<LogState, 'queue' | 'blobs'>): readonly Queued[] {
  return state.queue.map((event) => {
    const refs = blobsOf(state, event.id)
    return { says: null, shown: toWire(event, null), ...(refs ? { blobs: refs } : {}) }
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

function sizeOf(item: Shown): number {
  const { shown, blobs = [] } = item
  const own = weigh(shown) + (configurationIn(item) === null ? 0 : AGENT_SIZE)
  // Of a file clients are shown the id.
  return blobs.reduce((sum, { length, file }) => sum + (file === undefined ? length : 0), own)
}
