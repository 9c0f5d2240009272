import { toLine } from '../support/machine.ts'
import { toTable } from '../support/table.ts'
import type { Estimate } from '../support/statistics.ts'
import { carriers } from './bench-session.ts'
import { findQuietest } from './round.ts'
import type { CarrierResult, Round } from './round.ts'

export const tableHead = [
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

/** A round's two rows. `name` stands for its number where there are several runs. */
export function toCells(row: Round, name = String(row.round)): readonly (readonly string[])[] {
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
    return [row.synchronous, name, carrier, String(n), ...own, ...history, ...(carrier === 'memo' ? pair : [])]
  })
}

/** The benchmark's section of the document from the results of its runs, the oldest first. */
export function renderCarrier(results: readonly CarrierResult[]): string {
  const last = results.at(-1)
  if (last === undefined) throw new Error('there is no result of the carrier benchmark')
  const runs = results.flatMap(({ rows }, run) => rows.map((row) => ({ row, name: `${run + 1}.${row.round}` })))
  const quietest = [findQuietest(last.rows, 'full'), findQuietest(last.rows, 'normal')]
  const all = runs.toSorted((a, b) => a.row.synchronous.localeCompare(b.row.synchronous))
  return [
    '## Decision carrier',
    question,
    toVerdict(
      last,
      runs.map(({ row }) => row),
    ),
    toTable([tableHead, ...quietest.flatMap((row) => toCells(row))]),
    `The quietest round under each setting of the last run, and all rounds of ${results.length} runs (\`run.round\`):`,
    toTable([tableHead, ...all.flatMap(({ row, name }) => toCells(row, name))]),
    method,
    toLimits(runs.map(({ row }) => row)),
    `Measured ${last.date.slice(0, 10)} on ${toLine(last.machine)}. Settings: ${quietest[0]?.settings.map((flag) => `\`${flag}\``).join(', ')}.`,
  ].join('\n\n')
}

const question = `**Question.** What the workflow decides (status, processed marks, span starts, the idle group) has to reach its history.
Two ways are compared:

- **memo**: a non-empty outbox is flushed by one \`upsertMemo({ log, session })\` before the step's commands, with the
  readable snapshot in \`session\`. There is one carrier for decisions, and it is one kind of history event.
- **ride**: decisions are a field of the next activity's input, and only the idle group at the end of a turn is an
  \`upsertMemo\`. There are two carriers, and readers look in both places.`

const method = `**Method.** A bare workflow runs turns with one tool round: signal → running pair, mark, span start → model activity → tool
activity → span start → model activity → idle group. The eight decisions have the shapes of the session's own entries, 56 to
212 bytes of JSON each, in flushes of 364, 74 and 533 bytes; the snapshot has 115. Activities return at once. Model calls run
on the workflow's own queue with eager dispatch, tools on a second queue in the same process. Server, worker, and client with
reader are three processes.

The time runs from sending the signal until a reader holds the decoded idle group. A pair is one turn of each carrier; who
goes first changes every turn, and after each turn there is a rest of 50 ms. Every 40 turns both carriers get fresh
workflows, so that their histories have the same age. The first three turns of each workflow, and the first pair of workflows
of each round, are not counted. A round is 240 pairs on a fresh server with a fresh database file. At the end of each
workflow the reader compares the decisions it saw with the expected ones, in order.

The ratio is the time of the memo turn over the time of the ride turn, pair by pair: its median, with the 95 % percentile
bootstrap interval (4,000 resamples of pairs). *Busy* is the CPU time that the whole machine spent per pair, on the pair and
on everything else; the quietest round of a run is the one with the least. \`npm run bench -- carrier\` takes about 12 minutes.`

function toVerdict({ bound, verdict }: CarrierResult, rows: readonly Round[]): string {
  const range = (synchronous: string): string => {
    const medians = rows.filter((row) => row.synchronous === synchronous).map(({ ratio }) => ratio.median)
    return `${toPercent(Math.min(...medians))} to ${toPercent(Math.max(...medians))} %`
  }
  const full = rows.filter(({ synchronous }) => synchronous === 'full')
  const highest = toPercent(Math.max(...full.map(({ ratio }) => ratio.high)))
  return `**Rule.** The single carrier stays unless it costs more than ${toPercent(bound, 0)} % of a turn with one tool round under
\`synchronous=full\`.

**Verdict: ${verdict === 'memo' ? 'the single carrier stays' : 'decisions ride in the next input'}.** It makes the turn ${range('full')} longer (the medians of ${full.length} rounds with
\`synchronous=full\`), and the highest upper end of their intervals is ${highest} %. With \`synchronous=normal\` the medians are
${range('normal')}.`
}

function toLimits(rows: readonly Round[]): string {
  const loads = rows.flatMap(({ load }) => [load.before, load.after])
  return `**Limits.**

- Where other work shared the cores (the load average was ${Math.min(...loads).toFixed(1)} to ${Math.max(...loads).toFixed(1)}), ratios of pairs withstand that
  better than times do: the percentiles are those of a loaded machine, and the p99 is mostly its noise.
- Rounds differ by more than some of their intervals suggest, because neighbouring pairs share their noise. The range over
  the rounds says more than one interval.
- Where the difference comes from (the write of the history event, the update of the visibility row, the wait for the
  disk) is not measured apart.
- Activities take no time here, so the shares are upper ones: the milliseconds stay, and the turn grows with each second of
  model and tool time.`
}

function toPercent(ratio: number, digits = 1): string {
  return ((ratio - 1) * 100).toFixed(digits)
}
