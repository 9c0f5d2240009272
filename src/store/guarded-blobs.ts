import type { BlobStore } from '../history/blobs.ts'
import { SessionBuried } from './buried.ts'
import type { SessionStore } from './sessions.ts'

/**
 * Keeps nothing for a session that was deleted. Whoever deletes one buries its row first and clears its blobs then, so a
 * blob whose session still has its row is cleared with the others; any other is cleared here, and `put` rejects with
 * {@link SessionBuried}. When rows cannot be read the blob is kept, as what it is a part of was paid for: should its
 * session have been deleted, the sweeper finds it.
 */
export function createGuardedBlobs(blobs: BlobStore, sessions: Pick<SessionStore, 'find'>): BlobStore {
  return {
    ...blobs,
    async put(session, sha256, bytes) {
      await blobs.put(session, sha256, bytes)
      if (!(await isGone(sessions, session))) return
      await blobs.clear(session)
      throw new SessionBuried(session)
    },
  }
}

async function isGone(sessions: Pick<SessionStore, 'find'>, session: string): Promise<boolean> {
  try {
    return (await sessions.find(session)) === null
  } catch {
    return false
  }
}
