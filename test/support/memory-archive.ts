import type { ArchivedItem, ArchivedRun, ArchiveWriter, LogArchive, Selection } from '../../src/history/archive.ts'
import { comparePositions, formatPosition } from '../../src/history/position.ts'
import { RunRefused, SessionBuried } from '../../src/store/buried.ts'

export interface MemoryArchive extends LogArchive, ArchiveWriter {
  /** What is kept of the session is gone, and nothing more is taken for it. */
  bury(session: string): void
}

interface Kept {
  readonly runs: Map<number, ArchivedRun>
  readonly items: Map<string, ArchivedItem>
}

/** The archive without a database; what it is given and what it answers share nothing. */
export function createMemoryArchive(): MemoryArchive {
  const sessions = new Map<string, Kept>()
  const buried = new Set<string>()

  function sorted(session: string): readonly ArchivedItem[] {
    const items = [...(sessions.get(session)?.items.values() ?? [])]
    return items.toSorted((a, b) => comparePositions(a.position, b.position))
  }

  async function runs(session: string, from: number): Promise<readonly ArchivedRun[]> {
    const kept = [...(sessions.get(session)?.runs.values() ?? [])]
    return structuredClone(kept.filter(({ run }) => run >= from).toSorted((a, b) => a.run - b.run))
  }

  return {
    runs,
    newest: async (session) => (await runs(session, 1)).at(-1) ?? null,

    async page(session, selection) {
      const chosen = sorted(session).filter((item) => isSelected(item, selection))
      const ordered = selection.order === 'asc' ? chosen : chosen.toReversed()
      return structuredClone(ordered.slice(0, selection.limit))
    },

    async find(session, eventId) {
      const found = sorted(session).filter((item) => item.audience !== 'model' && idOf(item) === eventId)
      return structuredClone(found)
    },

    async resets(session) {
      return (await runs(session, 1)).filter(({ cuts }) => cuts.length > 0)
    },

    async write(session, run, items) {
      if (buried.has(session)) throw new SessionBuried(session)
      const kept = sessions.get(session) ?? { runs: new Map(), items: new Map() }
      sessions.set(session, kept)
      const before = kept.runs.get(run.run)
      if (before && before.id !== run.id)
        throw new RunRefused(`run ${run.run} of ${session} is kept as ${before.id}, not as ${run.id}`)
      kept.runs.set(run.run, structuredClone(merge(before, run)))
      const newest = Math.max(...kept.runs.keys())
      for (const [number, row] of kept.runs) if (number < newest) kept.runs.set(number, { ...row, state: null })
      for (const item of items) {
        const key = formatPosition(item.position)
        if (!kept.items.has(key)) kept.items.set(key, structuredClone(item))
      }
    },

    bury(session) {
      buried.add(session)
      sessions.delete(session)
    },
  }
}

function merge(before: ArchivedRun | undefined, run: ArchivedRun): ArchivedRun {
  if (!before) return run
  const further = run.lastEvent > before.lastEvent ? run : before
  return { ...further, closed: before.closed || run.closed }
}

function isSelected(item: ArchivedItem, { runs, behind, at, types, order, audience }: Selection): boolean {
  const { position } = item
  if (position.run < runs.first || position.run > runs.last) return false
  if (position.run === runs.last && position.event > (runs.lastEvent ?? Infinity)) return false
  if (behind && comparePositions(position, behind) * (order === 'asc' ? 1 : -1) <= 0) return false
  if (item.at < (at?.least ?? -Infinity) || item.at > (at?.most ?? Infinity)) return false
  if (types && !types.includes(item.entry.type)) return false
  return item.audience === 'all' || item.audience === audience
}

function idOf({ entry }: ArchivedItem): string | null {
  return 'id' in entry ? entry.id : null
}
