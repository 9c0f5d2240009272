import type { Row, Series } from '../support/result.ts'
import { median } from '../support/statistics.ts'
import type { Cell, Taken } from './cells.ts'
import type { When } from './place.ts'

/** Series of one place, and what the reader must know of how they came to be. */
export interface Shaped {
  readonly series: readonly Series[]
  /** Sessions whose stream was opened behind their first delta, by cell: `3 of 40`. */
  readonly late: readonly string[]
}

/** Label of the series of a cell's first deltas. */
export function labelOf({ place, crowd, waitMs, when }: Cell): string {
  return `${place}, ${crowdOf(crowd)}, model ${waitMs} ms: ${when}`
}

export function resultLabelOf(cell: Cell): string {
  return `${labelOf(cell)}, first result`
}

/** Label of how long sandboxes take where they are made before the model is asked. */
export function madeLabelOf({ place, crowd }: Cell): string {
  return `${place}, ${crowdOf(crowd)}: sandbox made`
}

export function crowdOf(crowd: number): string {
  return crowd === 1 ? 'alone' : `${crowd} at once`
}

/** The cell of a label that `labelOf` has made; null for any other. */
export function cellOf(label: string): Cell | null {
  const [, place, crowd, waitMs, when] = /^(.+), (alone|\d+ at once), model (\d+) ms: (\w+)$/.exec(label) ?? []
  if (place === undefined || crowd === undefined) return null
  // Made of these three by `labelOf`.
  return { place, crowd: Number.parseInt(crowd, 10) || 1, waitMs: Number(waitMs), when: when as When }
}

/** What was taken at one place, as series: first deltas and first results by cell, sandboxes by crowd. */
export function toSeries(taken: readonly Taken[]): Shaped {
  const cells = [...groupBy(taken, ({ cell }) => labelOf(cell)).values()]
  const hops = hopsOf(taken)
  const late = cells.flatMap((some) => {
    const begun = some.flatMap((each) => each.begun)
    const count = begun.filter(({ deltaAt }) => deltaAt === undefined).length
    const [{ cell } = none()] = some
    return count === 0 ? [] : [`${labelOf(cell)}: ${count} of ${begun.length}`]
  })
  return {
    late,
    series: [
      ...cells.flatMap((some) => toCellSeries(some, hops)),
      ...[...groupBy(taken, ({ cell }) => cell.crowd).values()].flatMap(toCrowdSeries),
    ],
  }
}

function toCellSeries(some: readonly Taken[], hops: ReadonlyMap<number, number>): readonly Series[] {
  const [{ cell } = none()] = some
  const begun = some.flatMap((each) => each.begun)
  const hop = hops.get(cell.crowd) ?? Number.NaN
  const results = begun.flatMap(({ resultAt, sentAt }) => (resultAt === undefined ? [] : [resultAt - sentAt]))
  const unit = 'ms' as const
  const words = {
    label: labelOf(cell),
    unit,
    samples: begun.map(({ sentAt, deltaAt, call }) => (deltaAt ?? call.firstByteAt + hop) - sentAt),
  }
  // Streams that were opened behind all of them leave none.
  const answers = results.length > 0 ? [{ label: resultLabelOf(cell), unit, samples: results }] : []
  if (cell.when === 'first') return [words, ...answers]
  return [{ ...words, baseline: labelOf({ ...cell, when: 'first' }), paired: true }, ...answers]
}

/** From the model's first byte to the client's first delta, where that was seen; medians by how many began at once. */
function hopsOf(taken: readonly Taken[]): ReadonlyMap<number, number> {
  const byCrowd = groupBy(taken, ({ cell }) => cell.crowd)
  return new Map(
    [...byCrowd].map(([crowd, some]) => {
      const begun = some.flatMap((each) => each.begun)
      const seen = begun.flatMap(({ deltaAt, call }) => (deltaAt === undefined ? [] : [deltaAt - call.firstByteAt]))
      return [crowd, median(seen)]
    }),
  )
}

function toCrowdSeries(some: readonly Taken[]): readonly Series[] {
  const [{ cell } = none()] = some
  const { place, crowd } = cell
  const where = `${place}, ${crowdOf(crowd)}`
  const made: Series = { label: madeLabelOf(cell), unit: 'ms', samples: some.flatMap((each) => each.provisionMs) }
  if (crowd === 1) return [made]
  const byArm = [...groupBy(some, (each) => each.cell.when)]
  const counts = byArm.map(([when, each]) => ({
    label: `${where}: sandboxes for a session, ${when}`,
    unit: 'count' as const,
    samples: each.map(({ sandboxes }) => sandboxes / crowd),
  }))
  return [made, ...counts]
}

function groupBy<Key>(taken: readonly Taken[], keyOf: (each: Taken) => Key): ReadonlyMap<Key, readonly Taken[]> {
  const groups = new Map<Key, Taken[]>()
  for (const each of taken) groups.set(keyOf(each), [...(groups.get(keyOf(each)) ?? []), each])
  return groups
}

function none(): never {
  throw new Error('expected a group to have a member')
}

/** What an arm saves against `first`, 0 to 1: of the p50 by the pairs, of the p95 as it is. */
export interface Saving {
  readonly p50: number
  readonly p95: number
}

export function savingOf(own: Pick<Row, 'ratio' | 'p95'>, first: Pick<Row, 'p95'>): Saving {
  return { p50: 1 - (own.ratio ?? Number.NaN), p95: 1 - own.p95 / first.p95 }
}
