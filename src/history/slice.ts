import type { ArchivedItem, LogArchive, Selection } from './archive.ts'
import type { Part } from './cut.ts'
import { cutsBefore, leaveOut } from './cut.ts'
import type { Position } from './position.ts'
import { comparePositions } from './position.ts'
import type { LogItem } from './project.ts'
import { toLogItem } from './archived-item.ts'
import type { LogView } from './tracked.ts'

/** Which items of a whole log, however many runs it spans. */
export type Slice = Omit<Selection, 'runs'>

/** Archived items that are read at once. */
const PAGE = 500

/** A stretch of runs that lies in one place. */
type Stretch = Part & { readonly items: readonly LogItem[] | null }

/**
 * Finished items of a view, from memory and from the archive, as one log. The view does not move, so pages of one view
 * are pages of one list; pages of later views only have more at the end.
 */
export async function readSlice(archive: LogArchive, view: LogView, slice: Slice): Promise<readonly LogItem[]> {
  const stretches = toStretches(view)
  const { order, limit } = slice
  const found: LogItem[] = []
  for (const stretch of inOrder(stretches, order)) {
    if (found.length >= limit) break
    if (isPassed(stretch, slice)) continue
    if (stretch.items) found.push(...choose(stretch.items, { ...slice, limit: limit - found.length }))
    else {
      for (const runs of inOrder(await partsOf(archive, view, stretch), order)) {
        if (found.length >= limit) break
        if (isPassed(runs, slice)) continue
        const page = await archive.page(view.session, { ...slice, limit: limit - found.length, runs })
        found.push(...page.map(toLogItem))
      }
    }
  }
  return found
}

function inOrder<T>(list: readonly T[], order: Slice['order']): readonly T[] {
  return order === 'asc' ? list : list.toReversed()
}

function isPassed({ first, last }: Part, { behind, order }: Slice): boolean {
  return behind !== undefined && (order === 'asc' ? last < behind.run : first > behind.run)
}

/** What of archived runs is in the log: not what a reset gave up. */
async function partsOf(
  archive: Pick<LogArchive, 'resets'>,
  { session }: LogView,
  stretch: Part,
): Promise<readonly Part[]> {
  return leaveOut(cutsBefore(await archive.resets(session), stretch.last + 1), stretch)
}

/**
 * What stands behind a place, in the order in which a stream shows it: from memory with the echoes of inputs that waited,
 * from the archive without them.
 */
export async function* readBehind(
  archive: LogArchive,
  view: LogView,
  place: Position,
): AsyncGenerator<readonly LogItem[]> {
  for (const stretch of toStretches(view)) {
    if (stretch.last < place.run) continue
    if (stretch.items) {
      yield stretch.items.filter(({ position }) => comparePositions(position, place) > 0)
      continue
    }
    for (const runs of await partsOf(archive, view, stretch)) {
      if (runs.last < place.run) continue
      const selection = { order: 'asc', limit: PAGE, runs, audience: 'client' } as const
      for (let behind: Position | undefined = place; behind;) {
        const page: readonly ArchivedItem[] = await archive.page(view.session, { ...selection, behind })
        yield page.map(toLogItem)
        behind = page.length < PAGE ? undefined : page.at(-1)?.position
      }
    }
  }
}

/** The finished public event of this id, or null. */
export async function findEvent(archive: LogArchive, view: LogView, id: string): Promise<LogItem | null> {
  for (const { items } of view.runs) {
    const item = items.find(({ shown, finished }) => finished && shown?.id === id)
    if (item) return item
  }
  const stretches = toStretches(view).filter(({ items }) => items === null)
  if (stretches.length === 0) return null
  const candidates = await archive.find(view.session, id)
  if (candidates.length === 0) return null
  const parts = await Promise.all(stretches.map((stretch) => partsOf(archive, view, stretch)))
  const kept = candidates.find(({ position }) => parts.flat().some((part) => isWithin(part, position)))
  return kept ? toLogItem(kept) : null
}

/** The finished item at this place, or null. */
export async function findPlace(archive: LogArchive, view: LogView, place: Position): Promise<LogItem | null> {
  const from = { ...place, index: place.index + 1 }
  const [item] = await readSlice(archive, view, { order: 'desc', limit: 1, behind: from, audience: 'client' })
  return item && comparePositions(item.position, place) === 0 ? item : null
}

function isWithin({ first, last, lastEvent = Infinity }: Part, { run, event }: Position): boolean {
  return first <= run && run <= last && (run < last || event <= lastEvent)
}

/** The runs from 1 to the present one: each that is in memory by itself, the archived ones between them together. */
function toStretches({ run: newest, runs }: LogView): readonly Stretch[] {
  const stretches: Stretch[] = []
  let first = 1
  for (const { first: begin, run, items } of runs) {
    if (begin > first) stretches.push({ first, last: begin - 1, items: null })
    stretches.push({ first: begin, last: run, items })
    first = run + 1
  }
  if (first <= newest) stretches.push({ first, last: newest, items: null })
  return stretches
}

function choose(items: readonly LogItem[], { order, limit, behind, at, types, audience }: Slice): LogItem[] {
  const chosen: LogItem[] = []
  for (const item of order === 'asc' ? items : items.toReversed()) {
    if (chosen.length >= limit) break
    const entry = audience === 'client' ? item.shown : item.says
    if (!item.finished || !entry) continue
    if (types && !types.includes(entry.type)) continue
    if (item.at < (at?.least ?? -Infinity) || item.at > (at?.most ?? Infinity)) continue
    const side = behind ? comparePositions(item.position, behind) : 0
    if (behind && (order === 'asc' ? side <= 0 : side >= 0)) continue
    chosen.push(item)
  }
  return chosen
}
