import type { LogArchive } from './archive.ts'
import { cutsBefore, isGivenUp } from './cut.ts'
import type { Position } from './position.ts'
import { comparePositions } from './position.ts'
import { findPlace } from './slice.ts'
import type { LogView, RunView } from './tracked.ts'

/** A batch has no more events. */
const MOST_ARRIVALS = 256

/** Whether something may have stood at this place that a reset gave up. No log has it any more. */
export async function wasGivenUp(
  archive: Pick<LogArchive, 'resets'>,
  view: LogView,
  place: Position,
): Promise<boolean> {
  const run = runAround(view, place)
  if (run) return isGivenUp(run.cuts, place)
  if (place.run > view.run) return false
  // Of a reset that is in memory the archive may know nothing yet, but of others that it gave up.
  const behind = view.runs.find(({ first }) => first > place.run)?.first ?? view.run + 1
  return isGivenUp(cutsBefore(await archive.resets(view.session), behind), place)
}

/**
 * Whether a stream may have shown something at this place: an event that is finished there, what a reset gave up, or
 * an input that waited. The archive has no echoes of those and knows only how far their runs went.
 */
export async function mayBeShown(archive: LogArchive, view: LogView, place: Position): Promise<boolean> {
  if (await wasGivenUp(archive, view, place)) return true
  const inMemory = runAround(view, place)
  if (inMemory) {
    return inMemory.items.some(({ position, shown }) => shown !== null && comparePositions(position, place) === 0)
  }
  if (place.run > view.run) return false
  if (await findPlace(archive, view, place)) return true
  const run = (await archive.runs(view.session, place.run)).find((kept) => kept.run === place.run)
  return run !== undefined && place.event <= run.lastEvent && place.index < MOST_ARRIVALS
}

function runAround({ runs }: LogView, place: Position): RunView | undefined {
  return runs.find(({ first, run }) => first <= place.run && place.run <= run)
}
