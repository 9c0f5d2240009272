import type { ArchiveWriter, LogArchive } from '../history/archive.ts'
import type { RunCopy } from '../history/copy.ts'
import { isNotFound } from '../history/source.ts'
import { RunRefused, SessionBuried } from '../store/buried.ts'
import { failure } from './failures.ts'
import { startHeartbeat } from './heartbeat.ts'
import type { SessionActivities } from './index.ts'

export interface ArchiveRunPorts {
  /** Reads a run from history; rejects with the server's `NotFound` when it has the run no more. */
  readonly copy: (session: string, id: string) => Promise<RunCopy>
  readonly archive: ArchiveWriter & Pick<LogArchive, 'runs'>
}

/**
 * Copies a run from history into the archive. Doing it again adds only what the run has added since, and nothing once
 * history has let go of it: a workflow that was reset asks for runs that were copied long ago.
 */
export function createArchiveRun({ copy, archive }: ArchiveRunPorts): Pick<SessionActivities, 'archiveRun'> {
  async function isKept(session: string, id: string): Promise<boolean> {
    const runs = await archive.runs(session, 1)
    return runs.some((kept) => kept.id === id && kept.closed)
  }

  return {
    async archiveRun({ session, id }) {
      const stopBeating = startHeartbeat()
      try {
        const { run, items } = await copy(session, id)
        await archive.write(session, run, items)
      } catch (error) {
        if (error instanceof SessionBuried) throw failure('deleted', `store: ${error.message}`, error)
        if (error instanceof RunRefused) throw failure('refused', `store: ${error.message}`, error)
        if (!isNotFound(error)) throw error
        if (await isKept(session, id)) return
        throw failure('history_gone', `Temporal has no run ${id} of ${session} any more`, error)
      } finally {
        stopBeating()
      }
    },
  }
}
