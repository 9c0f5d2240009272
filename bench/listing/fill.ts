import type { ArchivedItem, ArchivedRun, ArchiveWriter, LogArchive } from '../../src/history/archive.ts'
import { mintId } from '../../src/wire/mint.ts'

/** Larger than any run of a benchmark. */
const ALL = 100_000

/**
 * Makes a session's archived runs as long as runs usually become: behind what a run really has, copies of it are added
 * until clients see `events` of it, each with an id of its own, at the time of the run's last item. Answers how many
 * events clients now see of all these runs.
 */
export async function fillRuns(archive: LogArchive & ArchiveWriter, session: string, events: number): Promise<number> {
  const runs = await archive.runs(session, 1)
  let shown = 0
  for (const run of runs) {
    const bounds = { runs: { first: run.run, last: run.run }, order: 'asc', limit: ALL } as const
    const all = await archive.page(session, { ...bounds, audience: 'client' })
    const added = repeat(run, all, events)
    await archive.write(session, { ...run, lastEvent: added.at(-1)?.position.event ?? run.lastEvent }, added)
    shown += all.length + added.length
  }
  return shown
}

/** Copies of items, over and over, each on a history event of its own. */
function repeat(run: ArchivedRun, items: readonly ArchivedItem[], events: number): readonly ArchivedItem[] {
  const at = items.at(-1)?.at ?? run.changedAt
  return Array.from({ length: Math.max(0, events - items.length) }, (_, index): ArchivedItem => {
    const item = items[index % items.length]
    if (!item) throw new Error(`run ${run.run} shows no events`)
    // An entry with another id is still that entry.
    const entry = { ...item.entry, id: mintId('sevt') } as ArchivedItem['entry']
    return { ...item, entry, at, position: { run: run.run, event: run.lastEvent + 1 + index, index: 0 } }
  })
}
