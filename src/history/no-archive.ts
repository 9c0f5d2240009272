import type { LogArchive } from './archive.ts'
import { LogNotFound } from './followed.ts'

/** Where there is no archive: what Temporal has let go of cannot be read. */
export const noArchive: LogArchive = {
  runs: async () => [],
  newest: async () => null,
  resets: async () => [],
  page: refuse,
  find: refuse,
}

async function refuse(session: string): Promise<never> {
  throw new LogNotFound(`runs of ${session} are in the archive, and this reader was opened without one`)
}
