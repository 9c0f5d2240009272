import type { Configuration } from '../store/sessions.ts'

/** Configurations that are kept; each is some kilobytes. */
const KEEP = 500

/**
 * Reads each session's configuration once: it never changes, and a session that runs goes on while the database is away.
 * One that is not there is looked for again.
 */
export function createConfigurations(
  read: (session: string) => Promise<Configuration | null>,
): (session: string) => Promise<Configuration | null> {
  const known = new Map<string, Configuration>()
  return async (session) => {
    const found = known.get(session) ?? (await read(session))
    known.delete(session)
    if (found) known.set(session, found)
    for (const id of known.keys()) {
      if (known.size <= KEEP) break
      known.delete(id)
    }
    return found
  }
}
