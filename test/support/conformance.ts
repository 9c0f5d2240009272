import { readFileSync } from 'node:fs'

export const STATES = ['green', 'diverges', 'later'] as const

/** A sentence about what clients may rely on, and how it stands. */
export interface ConformanceRow {
  readonly id: string
  readonly area: string
  readonly behaviour: string
  readonly state: (typeof STATES)[number]
  /** `file > text > text`, several divided by ` ; `: every text stands in a title of that file. */
  readonly test: string
  readonly note: string
}

const COLUMNS = ['id', 'area', 'behaviour', 'state', 'test', 'note'] as const
const FILE = new URL('../../docs/conformance.csv', import.meta.url)

/** @throws Error for a file that is no table of these columns, or names a state of nobody. */
export function readConformance(): readonly ConformanceRow[] {
  const [head, ...lines] = parseTable(readFileSync(FILE, 'utf8'))
  if (head?.join() !== COLUMNS.join()) throw new Error(`expected the columns ${COLUMNS.join()}, got ${head?.join()}`)
  return lines.map((cells) => {
    if (cells.length !== COLUMNS.length)
      throw new Error(`expected ${COLUMNS.length} cells, got ${JSON.stringify(cells)}`)
    const [id = '', area = '', behaviour = '', said = '', test = '', note = ''] = cells
    const state = STATES.find((known) => known === said)
    if (state === undefined) throw new Error(`${id}: expected one of ${STATES.join()}, got ${said}`)
    return { id, area, behaviour, state, test, note }
  })
}

/** Comma-separated values as RFC 4180 has them, one line each. */
function parseTable(text: string): string[][] {
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) =>
      [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,"]*))/g)].map(
        ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? '',
      ),
    )
}
