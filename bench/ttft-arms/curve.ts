import type { Row } from '../support/result.ts'
import { format, toTerminalTable } from '../support/section.ts'
import { toTable } from '../support/table.ts'
import type { Cell } from './cells.ts'
import type { When } from './place.ts'
import { arms } from './place.ts'
import { cellOf, crowdOf, labelOf, madeLabelOf, resultLabelOf, savingOf } from './series.ts'

const head = [
  'first delta, ms: p50 / p95',
  'model',
  'n',
  ...arms,
  'parallel saves',
  'lazy saves',
  ...arms.map((when) => `result: ${when}`),
]

/** A line for each cell with its three arms, then the other rows as everywhere. */
export function tabulate(rows: readonly Row[]): string {
  const byLabel = new Map(rows.map((row) => [row.label, row]))
  const cells = rows.flatMap(({ label }) => {
    const cell = cellOf(label)
    return cell?.when === 'first' ? [cell] : []
  })
  const shown = new Set(cells.flatMap((cell) => arms.flatMap((when) => labelsOf({ ...cell, when }))))
  const rest = rows.filter(({ label }) => !shown.has(label))
  const tables = [toTable([head, ...cells.map((cell) => toLine(cell, byLabel))])]
  if (rest.length > 0) tables.push(toTerminalTable({ rows: rest }))
  return tables.join('\n\n')
}

const aim = { p50: 0.6, p95: 0.9 }

/** One sentence on what is saved at most, and whether the aim is met in the cell `aimed`; none without that. */
export function toVerdict(rows: readonly Row[], aimed: Omit<Cell, 'when'>): readonly string[] {
  const byLabel = new Map(rows.map((row) => [row.label, row]))
  const savings = rows.flatMap((row) => {
    const cell = cellOf(row.label)
    const first = cell && byLabel.get(labelOf({ ...cell, when: 'first' }))
    return cell?.when === 'lazy' && first ? [{ label: row.label, saving: savingOf(row, first) }] : []
  })
  const own = savings.find(({ label }) => label === labelOf({ ...aimed, when: 'lazy' }))
  const made = byLabel.get(madeLabelOf({ ...aimed, when: 'first' }))
  if (!own || !made) return []
  const isMet = own.saving.p50 >= aim.p50 && own.saving.p95 >= aim.p95
  const most = (of: 'p50' | 'p95'): string => {
    const best = savings.toSorted((a, b) => b.saving[of] - a.saving[of])[0] ?? own
    return `${toPercent(best.saving[of])} of the ${of} (${best.label})`
  }
  return [
    `Aim, ${toPercent(aim.p50)} of the p50 and ${toPercent(aim.p95)} of the p95 saved: ${isMet ? 'met' : 'not met'} in ${own.label}, ` +
      `where it is ${toPercent(own.saving.p50)} and ${toPercent(own.saving.p95)} with sandboxes that take ${format(made.p50)} ms (p50). ` +
      `The most in any cell: ${most('p50')}, ${most('p95')}`,
  ]
}

function labelsOf(cell: Cell): readonly string[] {
  return [labelOf(cell), resultLabelOf(cell)]
}

function toLine(cell: Cell, rows: ReadonlyMap<string, Row>): readonly string[] {
  const row = (when: When): Row | undefined => rows.get(labelOf({ ...cell, when }))
  const of = (when: When): string => toBoth(row(when))
  const saved = (when: When): string => {
    const [own, first] = [row(when), row('first')]
    if (!own || !first) return ''
    const { p50, p95 } = savingOf(own, first)
    return `${toPercent(p50)} / ${toPercent(p95)}`
  }
  const results = arms.map((when) => toBoth(rows.get(resultLabelOf({ ...cell, when }))))
  return [
    `${cell.place}, ${crowdOf(cell.crowd)}`,
    String(cell.waitMs),
    String(row('first')?.n ?? 0),
    ...arms.map(of),
    saved('parallel'),
    saved('lazy'),
    ...results,
  ]
}

function toBoth(row: Row | undefined): string {
  return row === undefined ? '' : `${format(row.p50)} / ${format(row.p95)}`
}

function toPercent(share: number): string {
  return `${(share * 100).toFixed(0)} %`
}
