import type { Configuration } from '../store/sessions.ts'
import { createRecent, estimateBytes } from './recent.ts'

/** Bytes of configurations that are kept: one is some kilobytes, and may be as long as a system prompt can be. */
const KEEP_BYTES = 32 * 1024 * 1024

type Read = (session: string, id?: string) => Promise<Configuration | null>

/**
 * Reads each configuration once: it never changes, and a session that runs goes on while the database is away. One that
 * is not there is looked for again.
 */
export function createConfigurations(read: Read, keepBytes: number = KEEP_BYTES): Read {
  const known = createRecent<Configuration>(keepBytes)
  return async (session, id) => {
    // Whatever id a session names, it never gets what another one's read has brought here.
    const key = id === undefined ? session : `${session} ${id}`
    const there = known.get(key)
    if (there) return there
    const found = await read(session, id)
    if (found) known.set(key, found, estimateBytes(found))
    return found
  }
}
