import type { ArchivedItem, ArchivedRun } from './archive.ts'
import { toArchivedItem } from './archived-item.ts'
import { RunLog } from './run-log.ts'
import type { HistorySource } from './source.ts'

/** A run as it goes into the archive. */
export interface RunCopy {
  readonly run: ArchivedRun
  readonly items: readonly ArchivedItem[]
}

/**
 * A copy of what a run has added to the log, from its history alone: the same for whoever makes it and whenever, but for
 * what a run that is still open may add. Rejects with the server's `NotFound` when history has the run no more.
 */
export async function copyRun(source: HistorySource, session: string, id: string): Promise<RunCopy> {
  const log = new RunLog(session, id)
  for (const item of await source.read(session, id, 0)) log.take(item)
  const { number: run, lastEvent, isClosed: closed, state } = log
  const { startedAt, changedAt, archivedAt, cuts } = log.projection
  return {
    run: { run, id, follows: log.follows, cuts, lastEvent, closed, startedAt, changedAt, archivedAt, state },
    items: log.items.filter(({ finished }) => finished).map(toArchivedItem),
  }
}
