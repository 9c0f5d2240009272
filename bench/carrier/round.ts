import type { Machine } from '../support/machine.ts'
import type { Estimate, Percentiles } from '../support/statistics.ts'
import type { Synchronous } from '../support/temporal.ts'
import type { Carrier } from './bench-session.ts'
import type { Measurement, Plan } from './measure.ts'

/** What one round on a fresh server gave. */
export interface Round extends Omit<Measurement, 'latency'> {
  readonly round: number
  readonly synchronous: Synchronous
  readonly settings: readonly string[]
  readonly latency: Readonly<Record<Carrier, Percentiles>>
  /** Time of the memo turn over time of the ride turn, pair by pair. */
  readonly ratio: Estimate
  /** Milliseconds by which the memo turn is longer, pair by pair. */
  readonly difference: Estimate
}

/** What `bench/results/carrier.json` holds. */
export interface CarrierResult {
  readonly name: 'carrier'
  readonly date: string
  readonly machine: Machine
  readonly plan: Plan
  /** The single carrier stays unless it makes a turn longer by more than this factor. */
  readonly bound: number
  readonly verdict: 'memo' | 'ride'
  readonly rows: readonly Round[]
}

/** The round in which the machine did least per pair: the same work, so the least of anybody else's. */
export function findQuietest(rows: readonly Round[], synchronous: Synchronous): Round {
  const [first, ...others] = rows.filter((row) => row.synchronous === synchronous)
  if (first === undefined) throw new Error(`nothing was measured with synchronous=${synchronous}`)
  return others.reduce((best, row) => (row.busyMsPerPair < best.busyMsPerPair ? row : best), first)
}
