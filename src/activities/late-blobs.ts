import type { BlobStore } from '../history/blobs.ts'
import type { SessionStore } from '../store/sessions.ts'

export interface LateBlobsPorts {
  readonly blobs: Pick<BlobStore, 'sessions'>
  readonly sessions: Pick<SessionStore, 'buried'>
}

const EVERY_MS = 5 * 60_000
const AT_A_TIME = 1000

/**
 * Looks for deleted sessions that have blobs: some come after their session was cleared, when nobody could read that it
 * was deleted. A session counts as deleted for its tombstone only, so that a data folder beside a database that does not
 * know its sessions loses nothing. Between two looks, five minutes, it finds none; `now` is in milliseconds.
 */
export function createLateBlobs({ blobs, sessions }: LateBlobsPorts): (now: number) => Promise<readonly string[]> {
  let looked = -Infinity
  return async (now) => {
    if (now < looked + EVERY_MS) return []
    looked = now
    const found: string[] = []
    const all = await blobs.sessions()
    for (let from = 0; from < all.length; from += AT_A_TIME) {
      found.push(...(await sessions.buried(all.slice(from, from + AT_A_TIME))))
    }
    return found
  }
}
