import { toLine } from './machine.ts'
import { toTable } from './table.ts'
import type { Aim, Result, Row } from './result.ts'

const head = ['', 'n', 'p50', 'p95', 'p99', 'baseline', 'ratio', 'aim', 'met']

/** The rows of a result, as the terminal shows them. */
export function toTerminalTable({ rows }: Pick<Result, 'rows'>): string {
  return toTable([head, ...rows.map(toCells)])
}

/** Rows as a reader has them, where one line for each would be too many. */
export type Tabulate = (rows: readonly Row[]) => string

interface Prose {
  readonly title: string
  readonly name: string
  readonly question: string
  readonly method: string
  readonly limits: string
  readonly tabulate?: Tabulate
}

/** A benchmark's section of the document: prose from its file, everything that was measured from its result. */
export function toSection(prose: Prose, result: Result): string {
  const { title, name, question, method, limits, tabulate } = prose
  const { date, seconds, machine, load, flags, notes } = result
  const loads = `${load.before.toFixed(1)} → ${load.after.toFixed(1)}`
  return [
    `## ${title}`,
    `**Question.** ${question.trim()}`,
    tabulate ? tabulate(result.rows) : toTerminalTable(result),
    ...(notes.length > 0 ? [notes.map((note) => `- ${note}`).join('\n')] : []),
    `**Method.** ${method.trim()}`,
    `**Limits.** ${limits.trim()}`,
    `Measured ${date.slice(0, 10)} in ${seconds.toFixed(0)} s on ${toLine(machine)}; load ${loads}. ` +
      `Raw samples: \`bench/results/${name}.json\`. Settings: ${flags.map((flag) => `\`${flag}\``).join(', ')}.`,
  ].join('\n\n')
}

function toCells(row: Row): readonly string[] {
  const { label, unit, n, p50, p95, p99, baseline, ratio, aims } = row
  const figures = [p50, p95, p99].map((value) => format(value))
  return [
    unit === 'count' ? label : `${label}, ${unit}`,
    String(n),
    ...figures,
    baseline ?? '',
    ratio === null || !Number.isFinite(ratio) ? '' : ratio.toFixed(2),
    aims.map(toBound).join(', '),
    aims.map(({ met }) => (met ? 'yes' : 'no')).join(', '),
  ]
}

/** A bound as a reader has it: `p50 ≤ 10`. */
function toBound(aim: Aim): string {
  return 'atMost' in aim ? `${aim.of} ≤ ${aim.atMost}` : `${aim.of} ≥ ${aim.atLeast}`
}

/** Three figures that matter, and none behind the point of what is large. */
export function format(value: number): string {
  if (Number.isInteger(value) || Math.abs(value) >= 100) return value.toFixed(0)
  return value.toFixed(Math.abs(value) >= 10 ? 1 : 2)
}
