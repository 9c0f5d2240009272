import { upsertMemo } from '@temporalio/workflow'
import type { Entry } from '../session/entry.ts'
import { LOG_MEMO, SESSION_MEMO } from '../session/names.ts'
import type { Snapshot } from '../session/snapshot.ts'

/** Characters of JSON in one flush; a longer outbox takes several, a larger entry goes alone. */
const FLUSH_LENGTH = 16 * 1024

/**
 * Writes decisions into history. One call makes one history event and no extra task, and this is the only place that
 * makes it, should decisions ever ride on another carrier.
 */
export function createRecorder(): (entries: readonly Entry[], session: Snapshot) => void {
  let shown = ''
  return (entries, session) => {
    const batches = toBatches(entries)
    for (const [index, batch] of batches.entries()) {
      const json = JSON.stringify(session)
      const isNews = index === batches.length - 1 && json !== shown
      upsertMemo({ [LOG_MEMO]: batch, ...(isNews ? { [SESSION_MEMO]: session } : {}) })
      if (isNews) shown = json
    }
  }
}

function toBatches(entries: readonly Entry[]): readonly (readonly Entry[])[] {
  const batches: Entry[][] = []
  let length = FLUSH_LENGTH
  for (const entry of entries) {
    const size = JSON.stringify(entry).length
    if (length + size > FLUSH_LENGTH) {
      batches.push([])
      length = 0
    }
    batches.at(-1)?.push(entry)
    length += size
  }
  return batches
}
