import type { Position } from './position.ts'

/** What a reset gave up: all that stands behind an event of a run, and before the run that it made. */
export interface Cut {
  /** Number of the run, and the last of its history events that still counts. */
  readonly run: number
  readonly event: number
  /** Number of the run that goes on from there. */
  readonly next: number
}

/** A run that was made by a reset, with what was given up within its own history, oldest first; never nothing. */
export interface ResetRun {
  readonly run: number
  readonly cuts: readonly Cut[]
}

/** Runs of the log that follow each other, of the last one perhaps only what stands up to an event. */
export interface Part {
  readonly first: number
  readonly last: number
  readonly lastEvent?: number
}

/** Whether the place is on a branch that the log went on without. */
export function isGivenUp(cuts: readonly Cut[], { run, event }: Pick<Position, 'run' | 'event'>): boolean {
  return cuts.some((cut) => run < cut.next && (run > cut.run || (run === cut.run && event > cut.event)))
}

/**
 * What was given up of the log that ends before run number `before`, oldest first. The newest reset below counts, and
 * of earlier ones those whose runs it did not give up itself.
 */
export function cutsBefore(resets: readonly ResetRun[], before: number): readonly Cut[] {
  const cuts: Cut[] = []
  let end = before
  for (const reset of resets.toSorted((a, b) => b.run - a.run)) {
    if (reset.run >= end) continue
    cuts.unshift(...reset.cuts)
    end = reset.cuts[0]?.run ?? end
  }
  return cuts
}

/** What is left of the runs from `first` to `last`, in order. */
export function leaveOut(cuts: readonly Cut[], { first, last }: Part): readonly Part[] {
  const parts: Part[] = []
  let from = first
  for (const cut of cuts) {
    if (cut.next <= from || cut.run > last) continue
    if (cut.run >= from) parts.push({ first: from, last: cut.run, lastEvent: cut.event })
    from = cut.next
  }
  return from > last ? parts : [...parts, { first: from, last }]
}
