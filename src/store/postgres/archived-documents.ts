import type { ArchivedItem } from '../../history/archive.ts'
import type { Position } from '../../history/position.ts'
import type { LogState } from '../../session/state.ts'
import { createSeal } from './seal.ts'

/** What of an item's row is read back. */
export interface ItemRow extends Position {
  readonly at: string
  readonly audience: ArchivedItem['audience']
  readonly entry: unknown
  readonly blobs: unknown
}

/** Entries, references to blobs and states as they stand in `json` columns: plain, or sealed as one JSON string. */
export interface ArchivedDocuments {
  /** @param place where in the session it stands; what is sealed can be read there alone. */
  write(session: string, place: string, document: unknown): string
  readState(session: string, run: number, column: unknown): LogState | null
  fromItem(session: string, item: ArchivedItem): { readonly entry: string; readonly blobs: string | null }
  toItem(session: string, row: ItemRow): ArchivedItem
}

/** With a key documents are sealed; those written without one stay readable. */
export function createArchivedDocuments(key?: Uint8Array | null): ArchivedDocuments {
  const seal = key ? createSeal(key, 'archive') : null

  function write(session: string, place: string, document: unknown): string {
    const text = JSON.stringify(document)
    return seal ? JSON.stringify(seal.seal(text, `${session} ${place}`)) : text
  }

  function read(session: string, place: string, column: unknown): unknown {
    if (typeof column !== 'string') return column
    if (!seal) throw new Error(`${session} is archived under LONGHAND_CODEC_KEY, which is not set here`)
    return JSON.parse(seal.open(column, `${session} ${place}`))
  }

  return {
    write,
    // The casts below: each column holds what this file wrote there.
    readState: (session, run, column) => read(session, `state ${run}`, column) as LogState | null,

    fromItem(session, { position, entry, blobs }) {
      return {
        entry: write(session, placeOf('entry', position), entry),
        blobs: blobs ? write(session, placeOf('blobs', position), blobs) : null,
      }
    },

    toItem(session, row) {
      const position = { run: row.run, event: row.event, index: row.index }
      const item = {
        position,
        at: Number(row.at),
        audience: row.audience,
        entry: read(session, placeOf('entry', position), row.entry),
      }
      const blobs = row.blobs === null ? {} : { blobs: read(session, placeOf('blobs', position), row.blobs) }
      return { ...item, ...blobs } as ArchivedItem
    },
  }
}

function placeOf(column: string, { run, event, index }: Position): string {
  return `${column} ${run}.${event}.${index}`
}
