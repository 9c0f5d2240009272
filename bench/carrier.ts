import { join } from 'node:path'
import type { Carrier } from './carrier/bench-session.ts'
import { measure } from './carrier/measure.ts'
import type { Plan } from './carrier/measure.ts'
import { findQuietest } from './carrier/round.ts'
import type { CarrierResult, Round } from './carrier/round.ts'
import { renderCarrier, toCells, tableHead } from './carrier/section.ts'
import type { Benchmark } from './support/benchmark.ts'
import { readMachine, toLine } from './support/machine.ts'
import { toTable } from './support/table.ts'
import { readJson, writeResult } from './support/result.ts'
import { withStack } from './support/stack.ts'
import { estimateMedian, toPercentiles } from './support/statistics.ts'
import type { Estimate } from './support/statistics.ts'
import type { Synchronous } from './support/temporal.ts'

/** Rounds of `sessions` × `turns` pairs under each setting of `synchronous`. */
const rounds = 3
const plan: Plan = { sessions: 6, turns: 40, warmUp: 3, restMs: 50 }
const quickPlan: Plan = { sessions: 1, turns: 5, warmUp: 1, restMs: 50 }
const bound = 1.2

/** Two carriers for decisions, compared: the figures behind ARCHITECTURE's "decisions ride in memos". */
export const benchmark: Benchmark = {
  name: 'carrier',
  run,
  async render() {
    // Both were written by `run`.
    const results = (await Promise.all(['carrier-first', 'carrier'].map(readJson))) as readonly CarrierResult[]
    return renderCarrier(results)
  },
}

async function run({ quick }: { readonly quick: boolean }): Promise<void> {
  const rows: Round[] = []
  for (let round = 1; round <= (quick ? 1 : rounds); round += 1) {
    for (const synchronous of ['full', 'normal'] as const) {
      const row = await runRound({ round, synchronous, plan: quick ? quickPlan : plan })
      rows.push(row)
      console.error(`round ${round}, synchronous=${synchronous}: ratio ${row.ratio.median.toFixed(3)}`)
    }
  }
  const machine = readMachine()
  const full = findQuietest(rows, 'full')
  const verdict = full.ratio.median > bound ? 'ride' : 'memo'
  console.log(`${toLine(machine)}\n\n${toTable([tableHead, ...rows.flatMap((row) => toCells(row))])}\n`)
  console.log(`${((full.ratio.median - 1) * 100).toFixed(1)} % of a turn in the quietest round: ${verdict}`)
  const result: CarrierResult = { name: 'carrier', date: new Date().toISOString(), machine, plan, bound, verdict, rows }
  console.log(quick ? 'A smoke run: nothing was written.' : await writeResult(result))
}

interface RoundOptions {
  readonly round: number
  readonly synchronous: Synchronous
  readonly plan: Plan
}

async function runRound({ round, synchronous, plan: how }: RoundOptions): Promise<Round> {
  const worker = join(import.meta.dirname, 'carrier', 'worker.ts')
  return withStack({ synchronous, worker }, async (stack) => {
    const { latency, ...rest } = await measure(stack, how)
    const compare = (by: (memo: number, ride: number) => number): Estimate =>
      estimateMedian(latency.memo.map((memo, pair) => by(memo, latency.ride[pair] ?? Number.NaN)))
    const percentiles: Readonly<Record<Carrier, ReturnType<typeof toPercentiles>>> = {
      memo: toPercentiles(latency.memo),
      ride: toPercentiles(latency.ride),
    }
    return {
      round,
      synchronous,
      settings: stack.settings,
      ...rest,
      latency: percentiles,
      ratio: compare((memo, ride) => memo / ride),
      difference: compare((memo, ride) => memo - ride),
    }
  })
}
