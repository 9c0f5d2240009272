import type { BlobStore } from '../history/blobs.ts'
import { CarrierTooLarge, stow } from '../history/blobs.ts'
import type { Entry } from '../session/entry.ts'
import { leaveOutRepeats } from '../session/repeats.ts'
import { SessionBuried } from '../store/buried.ts'
import { failure } from './failures.ts'
import type { Recorded } from './index.ts'

/**
 * Entries as an activity answers with them: what is too large for a payload is stored before the answer is given, and
 * what several of them hold is recorded once. Rejects with a failure that is not retried when they cannot be recorded at
 * all.
 */
export async function toRecorded(blobs: BlobStore, session: string, entries: readonly Entry[]): Promise<Recorded> {
  try {
    const { elements: stowed, ...large } = await stow(blobs, session, entries)
    const { elements, ...repeated } = leaveOutRepeats(stowed)
    return { entries: elements, ...large, ...repeated }
  } catch (error) {
    if (error instanceof SessionBuried) throw failure('deleted', `store: ${error.message}`, error)
    if (error instanceof CarrierTooLarge)
      throw failure('refused', `store: the result cannot be recorded: ${error.message}`, error)
    throw error
  }
}
