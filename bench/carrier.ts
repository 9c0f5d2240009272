import { join } from 'node:path'
import { carriers } from './carrier/bench-session.ts'
import type { Carrier } from './carrier/bench-session.ts'
import { measure } from './carrier/measure.ts'
import type { Measurement, Plan } from './carrier/measure.ts'
import { readMachine, toLine } from './support/machine.ts'
import { toTable, writeResult } from './support/report.ts'
import { withStack } from './support/stack.ts'
import type { Synchronous } from './support/stack.ts'
import { estimateMedian, toPercentiles } from './support/statistics.ts'
import type { Estimate, Percentiles } from './support/statistics.ts'

/** Rounds of `sessions` × `turns` pairs under each setting of `synchronous`. */
const rounds = 3
const plan: Plan = { sessions: 6, turns: 40, warmUp: 3, restMs: 50 }
/** The rule: the single carrier stays unless it makes a turn longer by more than this factor. */
const bound = 1.2

interface Row extends Omit<Measurement, 'latency'> {
  readonly round: number
  readonly synchronous: Synchronous
  readonly settings: readonly string[]
  readonly latency: Readonly<Record<Carrier, Percentiles>>
  /** Time of the memo turn over time of the ride turn, pair by pair. */
  readonly ratio: Estimate
  /** Milliseconds by which the memo turn is longer, pair by pair. */
  readonly difference: Estimate
}

async function runRound(round: number, synchronous: Synchronous): Promise<Row> {
  const worker = join(import.meta.dirname, 'carrier', 'worker.ts')
  return withStack({ synchronous, worker }, async (stack) => {
    const { latency, ...rest } = await measure(stack, plan)
    const compare = (by: (memo: number, ride: number) => number): Estimate =>
      estimateMedian(latency.memo.map((memo, pair) => by(memo, latency.ride[pair] ?? Number.NaN)))
    return {
      round,
      synchronous,
      settings: stack.settings,
      ...rest,
      latency: { memo: toPercentiles(latency.memo), ride: toPercentiles(latency.ride) },
      ratio: compare((memo, ride) => memo / ride),
      difference: compare((memo, ride) => memo - ride),
    }
  })
}

const head = [
  'sync',
  'round',
  'carrier',
  'n',
  'p50 ms',
  'p95 ms',
  'p99 ms',
  'events',
  'bytes',
  'ratio (95 %)',
  'more ms (95 %)',
  'load',
  'busy ms',
]

function toCells(row: Row): readonly (readonly string[])[] {
  const interval = ({ median, low, high }: Estimate, digits: number): string =>
    `${median.toFixed(digits)} (${low.toFixed(digits)}–${high.toFixed(digits)})`
  return carriers.map((carrier) => {
    const { n, p50, p95, p99 } = row.latency[carrier]
    const { before, after } = row.load
    const pair = [
      interval(row.ratio, 3),
      interval(row.difference, 1),
      `${before.toFixed(1)} → ${after.toFixed(1)}`,
      row.busyMsPerPair.toFixed(0),
    ]
    const own = [p50, p95, p99].map((ms) => ms.toFixed(1))
    const history = [row.events[carrier].toFixed(1), row.bytes[carrier].toFixed(0)]
    const place = [row.synchronous, String(row.round), carrier, String(n)]
    return [...place, ...own, ...history, ...(carrier === 'memo' ? pair : [])]
  })
}

/** The round in which the machine did least per pair: the same work, so the least of anybody else's. */
function findQuietest(rows: readonly Row[], synchronous: Synchronous): Row {
  const [first, ...others] = rows.filter((row) => row.synchronous === synchronous)
  if (first === undefined) throw new Error(`nothing was measured with synchronous=${synchronous}`)
  return others.reduce((best, row) => (row.busyMsPerPair < best.busyMsPerPair ? row : best), first)
}

async function main(): Promise<void> {
  const rows: Row[] = []
  for (let round = 1; round <= rounds; round += 1) {
    for (const synchronous of ['full', 'normal'] as const) {
      const row = await runRound(round, synchronous)
      rows.push(row)
      console.error(`round ${round}, synchronous=${synchronous}: ratio ${row.ratio.median.toFixed(3)}`)
    }
  }
  const machine = readMachine()
  const kept = { full: findQuietest(rows, 'full'), normal: findQuietest(rows, 'normal') }
  const verdict = kept.full.ratio.median > bound ? 'ride' : 'memo'
  console.log(toLine(machine))
  console.log(`\nThe quietest rounds\n\n${toTable([head, ...toCells(kept.full), ...toCells(kept.normal)])}`)
  console.log(`\nAll rounds\n\n${toTable([head, ...rows.flatMap(toCells)])}`)
  const quietest = { full: kept.full.round, normal: kept.normal.round }
  const file = await writeResult('carrier', {
    date: new Date().toISOString(),
    machine,
    plan,
    bound,
    quietest,
    verdict,
    rows,
  })
  console.log(
    `\n${((kept.full.ratio.median - 1) * 100).toFixed(1)} % of a turn against a bound of 20 %: ${verdict}. ${file}`,
  )
}

await main()
