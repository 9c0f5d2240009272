import { readTable } from './proofs.ts'

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
  return readTable(FILE, COLUMNS).map((cells) => {
    const [id = '', area = '', behaviour = '', said = '', test = '', note = ''] = cells
    const state = STATES.find((known) => known === said)
    if (state === undefined) throw new Error(`${id}: expected one of ${STATES.join()}, got ${said}`)
    return { id, area, behaviour, state, test, note }
  })
}
