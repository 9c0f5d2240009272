import type { ArchivedItem, LogArchive } from '../../src/history/archive.ts'
import type { Position } from '../../src/history/position.ts'
import type { HistorySource } from '../../src/history/source.ts'

/** What a reader has asked for, so that the same can be read raw. */
export interface Reads {
  /** Runs of history; `after`: from the present back to this event, else to their beginning. */
  readonly histories: { readonly session: string; readonly run: string | null; readonly after: number }[]
  /** Stretches of the archive, both ends included. */
  readonly stretches: { readonly session: string; readonly first: Position; readonly last: Position }[]
}

export interface Recorder {
  readonly source: HistorySource
  readonly archive: LogArchive
  /** What was read since it was asked last. */
  take(): Reads
}

/** Passes everything on. */
export function recordReads(source: HistorySource, archive: LogArchive): Recorder {
  let reads: Reads = { histories: [], stretches: [] }
  return {
    source: {
      ...source,
      read(session, run, after) {
        reads.histories.push({ session, run, after })
        return source.read(session, run, after)
      },
    },
    archive: {
      ...archive,
      async page(session, selection) {
        const items = await archive.page(session, selection)
        const ends = selection.order === 'asc' ? toEnds(items) : null
        if (ends) reads.stretches.push({ session, ...ends })
        return items
      },
    },
    take() {
      const taken = reads
      reads = { histories: [], stretches: [] }
      return taken
    },
  }
}

function toEnds(items: readonly ArchivedItem[]): { first: Position; last: Position } | null {
  const [first, last] = [items[0], items.at(-1)]
  return first && last ? { first: first.position, last: last.position } : null
}
