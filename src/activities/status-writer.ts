import type { SessionStore, StatusHint } from '../store/sessions.ts'

/** How long hints gather before they are written in one statement. */
const GATHER_MS = 50

export interface StatusWriter {
  /** Returns at once; the latest hint of a session is the one that is written. */
  hint(hint: StatusHint): void
  /** Writes what has gathered. */
  close(): Promise<void>
}

/** Coalesces what workflows say of their status. Hints may be lost: the sweeper and every read repair the index. */
export function createStatusWriter(
  sessions: Pick<SessionStore, 'hint'>,
  log: { warn(details: object, message: string): void },
): StatusWriter {
  let gathered = new Map<string, StatusHint>()
  let timer: NodeJS.Timeout | undefined
  let writing: Promise<void> = Promise.resolve()

  function write(): void {
    timer = undefined
    const hints = [...gathered.values()]
    gathered = new Map()
    if (hints.length === 0) return
    writing = writing
      .then(() => sessions.hint(hints))
      .catch((error: unknown) => log.warn({ err: error, sessions: hints.length }, 'status hints not written'))
  }

  return {
    hint(hint) {
      gathered.set(hint.id, hint)
      timer ??= setTimeout(write, GATHER_MS)
    },
    async close() {
      clearTimeout(timer)
      write()
      await writing
    },
  }
}
