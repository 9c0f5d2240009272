import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Machine } from './machine.ts'
import { median, toPercentiles } from './statistics.ts'
import type { Percentiles } from './statistics.ts'

export type Unit = 'ms' | 'turns/s' | 'events/s' | 'MiB/s' | 'events' | 'bytes' | 'KiB' | 'MiB' | 'count'

/** A bound on one percentile of a series. */
export type Aim = { readonly of: 'p50' | 'p95' | 'p99' } & ({ readonly atMost: number } | { readonly atLeast: number })

/** Samples of one thing, in the order in which they were taken. */
export interface Series {
  /** Unique in the run. */
  readonly label: string
  readonly unit: Unit
  readonly samples: readonly number[]
  /** Label of the series of the same run that it stands beside. */
  readonly baseline?: string
  /** The i-th samples of both were taken together: the ratio is the median of the pairs' ratios, not that of medians. */
  readonly paired?: boolean
  readonly aims?: readonly Aim[]
}

export interface Row extends Percentiles {
  readonly label: string
  readonly unit: Unit
  readonly baseline: string | null
  readonly ratio: number | null
  readonly aims: readonly (Aim & { readonly met: boolean })[]
}

/** What `bench/results/<name>.json` holds. */
export interface Result {
  readonly name: string
  readonly date: string
  readonly seconds: number
  readonly machine: Machine
  /** 1-minute load averages. */
  readonly load: { readonly before: number; readonly after: number }
  readonly flags: readonly string[]
  readonly rows: readonly Row[]
  readonly notes: readonly string[]
  readonly samples: Readonly<Record<string, readonly number[]>>
}

interface Measured extends Pick<Result, 'name' | 'date' | 'seconds' | 'machine' | 'load' | 'flags'> {
  readonly series: readonly Series[]
  readonly notes?: readonly string[]
}

/** Throws as `toRows`. */
export function toResult({ series, notes = [], ...rest }: Measured): Result {
  const rows = toRows(series)
  return { ...rest, rows, notes, samples: Object.fromEntries(series.map(({ label, samples }) => [label, samples])) }
}

/** Throws for a label that is used twice, a baseline that is not there, and a series without samples. */
export function toRows(series: readonly Series[]): readonly Row[] {
  const byLabel = new Map(series.map((each) => [each.label, each]))
  if (byLabel.size < series.length) throw new Error('two series of a result have the same label')
  return series.map((each) => toRow(each, byLabel))
}

function toRow(series: Series, byLabel: ReadonlyMap<string, Series>): Row {
  const { label, unit, samples, aims = [] } = series
  if (samples.length === 0) throw new Error(`the series ${label} has no samples`)
  const percentiles = toPercentiles(samples)
  return {
    label,
    unit,
    ...percentiles,
    baseline: series.baseline ?? null,
    ratio: series.baseline === undefined ? null : toRatio(series, findSeries(byLabel, series.baseline)),
    aims: aims.map((aim) => ({ ...aim, met: isMet(aim, percentiles) })),
  }
}

function findSeries(byLabel: ReadonlyMap<string, Series>, label: string): Series {
  const found = byLabel.get(label)
  if (found === undefined) throw new Error(`there is no series ${label} to be a baseline`)
  return found
}

function toRatio({ samples, paired = false, label }: Series, baseline: Series): number {
  if (!paired) return median(samples) / median(baseline.samples)
  if (samples.length !== baseline.samples.length) throw new Error(`${label} and its baseline are no pairs`)
  return median(samples.map((sample, index) => sample / (baseline.samples[index] ?? Number.NaN)))
}

function isMet(aim: Aim, percentiles: Percentiles): boolean {
  const value = percentiles[aim.of]
  return 'atMost' in aim ? value <= aim.atMost : value >= aim.atLeast
}

const folder = join(import.meta.dirname, '..', 'results')

/** A committed result; undefined when there is none. The shape is its writer's. */
export async function readJson(name: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(join(folder, `${name}.json`), 'utf8'))
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

/** Writes `bench/results/<name>.json`, numbers to four decimals, lists of numbers on one line; returns the file's path. */
export async function writeResult(result: { readonly name: string }): Promise<string> {
  const file = join(folder, `${result.name}.json`)
  await mkdir(folder, { recursive: true })
  const json = JSON.stringify(
    result,
    (_, value: unknown) => (typeof value === 'number' ? Number(value.toFixed(4)) : value),
    2,
  )
  // A line break cannot stand inside a JSON string: what begins so is a list.
  const compact = json.replaceAll(/\[\n[\s\d.,e+-]*\]/g, (list) => list.replaceAll(/\s+/g, ''))
  await writeFile(file, `${compact}\n`)
  return file
}
