import type { Configuration } from '../store/sessions.ts'
import { createRecent, estimateBytes } from './recent.ts'

/** Bytes of configurations that are kept: one is some kilobytes, and may be as long as a system prompt can be. */
const KEEP_BYTES = 32 * 1024 * 1024

/**
 * Reads each session's configuration once: it never changes, and a session that runs goes on while the database is away.
 * One that is not there is looked for again.
 */
export function createConfigurations(
  read: (session: string) => Promise<Configuration | null>,
  keepBytes: number = KEEP_BYTES,
): (session: string) => Promise<Configuration | null> {
  const known = createRecent<Configuration>(keepBytes)
  return async (session) => {
    const there = known.get(session)
    if (there) return there
    const found = await read(session)
    if (found) known.set(session, found, estimateBytes(found))
    return found
  }
}
