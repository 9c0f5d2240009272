import type { ArchiveWriter } from '../history/archive.ts'
import type { RunCopy } from '../history/copy.ts'
import { isNotFound } from '../history/source.ts'
import { RunRefused, SessionBuried } from '../store/buried.ts'
import type { EndedRun, EndedRuns } from './ended-runs.ts'

export interface ArchiveGaps {
  /** Those of sessions that are there, not deleted, which the archive does not have to their end; in the same order. */
  missing(runs: readonly EndedRun[]): Promise<readonly EndedRun[]>
}

export interface ArchiveSweepPorts {
  readonly ended: EndedRuns
  readonly archive: ArchiveGaps & ArchiveWriter
  /** Reads a run from history; rejects with the server's `NotFound` when it has the run no more. */
  readonly copy: (session: string, id: string) => Promise<RunCopy>
  readonly warn: (details: object, message: string) => void
}

export interface ArchiveSweep {
  /** Does a part of the work that there is at the time `now`, milliseconds; called every few seconds. */
  sweep(now: number): Promise<void>
}

const EVERY_MS = 60_000
/** How late a run may be listed after it has ended. */
const LATE_MS = 10 * 60_000
/** A sweep ends once it has looked at this many pages, or copied this many runs: others wait for their turn. */
const PAGES = 10
const COPIES = 50

/**
 * Archives runs that ended and that no workflow has archived: terminated or failed ones, those that completed before
 * their last entries were copied, and those that ended like this before the copies that were due beside their turns
 * were made. Once a minute it lists what has ended since the last complete list; the first list is of all there is.
 */
export function createArchiveSweep({ ended, archive, copy, warn }: ArchiveSweepPorts): ArchiveSweep {
  /** What ended before this has been seen to. */
  let since: number | null = null
  let began = -Infinity
  /** The list that is being read: where it goes on, and whether a run on it has to be tried again. */
  let list: { next: Uint8Array | null; failed: boolean } | null = null

  /** False when it is worth another try. */
  async function keep({ session, id }: EndedRun): Promise<boolean> {
    try {
      const { run, items } = await copy(session, id)
      await archive.write(session, run, items)
    } catch (error) {
      if (error instanceof SessionBuried) return true
      const why = reasonOf(error)
      warn({ err: error, session, run: id }, why ?? 'run not archived; it is tried again')
      return why !== null
    }
    return true
  }

  return {
    async sweep(now) {
      if (list === null && now < began + EVERY_MS) return
      if (list === null) began = now
      const reading = list ?? { next: null, failed: false }
      // What fails below ends the list; the next one finds what this one has done.
      list = null
      let copies = 0
      for (let page = 0; page < PAGES && copies < COPIES; page++) {
        const { runs, next } = await ended.list(since === null ? null : new Date(since), reading.next)
        for (const run of await archive.missing(runs)) {
          if (!(await keep(run))) reading.failed = true
          copies += 1
        }
        if (next === null) {
          if (!reading.failed) since = began - LATE_MS
          return
        }
        reading.next = next
      }
      list = reading
    },
  }
}

/** Why a run will never be archived; null when another try may help. */
function reasonOf(error: unknown): string | null {
  if (isNotFound(error)) return 'a run was removed by Temporal before it was archived'
  return error instanceof RunRefused ? 'the archive has no place for a run' : null
}
