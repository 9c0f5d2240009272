import type { BlobStore } from '../history/blobs.ts'
import { fetchThere } from '../history/blobs.ts'
import type { Position } from '../history/position.ts'
import { comparePositions } from '../history/position.ts'
import type { LogItem } from '../history/project.ts'
import type { SessionLog } from '../history/session-log.ts'
import type { LogView } from '../history/tracked.ts'
import { walk } from '../history/walk.ts'
import type { BlobRef } from '../session/entry.ts'
import type { LogEntry } from '../session/transcript.ts'
import { contextStart, isRead, shorten } from '../session/transcript.ts'
import { failure } from './failures.ts'
import { nameLost } from './lost-parts.ts'
import { createRecent, estimateBytes } from './recent.ts'

/** What an activity may know of its session: everything before its own scheduled event, which a cursor names. */
export interface Cursor {
  readonly session: string
  /** Temporal's ids of the run and of the activity in it. */
  readonly run: string
  readonly activity: string
}

export type ContextReader = (cursor: Cursor) => Promise<readonly LogEntry[]>

/** Bytes of contexts that are kept between model calls: some hundred sessions with full windows, or thousands of others. */
const KEEP_BYTES = 128 * 1024 * 1024

/** Where a context begins: the newest summary stands for all that the answer before it had been given to. */
const SUMMARY = 'log.summary'
const ANSWER = 'log.assistant'

/** What of a log is kept for the next call, and up to where it was read. */
interface Known {
  readonly upTo: Position
  readonly items: readonly Piece[]
}

/** An entry as the log has it, without what is kept as blobs. */
interface Piece {
  readonly entry: LogEntry
  readonly blobs?: readonly BlobRef[] | undefined
  readonly bytes: number
}

/** What an item takes besides its entry. */
const PIECE_BYTES = 100

/**
 * Reads the part of a log that a model call is about, which its newest summary bounds, across runs: the entries that the
 * transcript depends on, trimmed ones as short as the model reads them. What was read for an earlier call is kept,
 * so that the next one reads only what is new; what is kept as blobs is read each time. A sentence stands where one of
 * those is lost. Rejects with {@link ThoughtsLost} when the model could not go on without it.
 * @param keepBytes of contexts in memory, about.
 */
export function createContextReader(
  log: SessionLog,
  blobs: Pick<BlobStore, 'get'>,
  keepBytes: number = KEEP_BYTES,
): ContextReader {
  const known = createRecent<Known>(keepBytes)
  return async (cursor) => {
    const { session } = cursor
    const view = await log.read(session)
    const end = placeOf(view, cursor)
    const before = known.get(session)
    const isBefore = before !== undefined && comparePositions(before.upTo, end) < 0
    const usable = isBefore && !(await log.wasGivenUp(view, before.upTo)) ? before : null
    const found = await readOn({ log, view, end, after: usable?.upTo })
    const read = [...(usable?.items ?? []), ...found.flatMap(toPieces)]
    const pieces = read.slice(contextStart(read.map(({ entry }) => entry)))
    const fetched = await fetchAll(blobs, session, pieces)
    const entries = fetched.some(({ type }) => type === 'log.trimmed') ? shorten(fetched) : fetched
    const items = pieces.map((piece, index) => keepShort(piece, fetched[index], entries[index]))
    const upTo = found.at(-1)?.position ?? usable?.upTo
    if (upTo)
      known.set(
        session,
        { upTo, items },
        items.reduce((sum, { bytes }) => sum + bytes, 0),
      )
    return entries
  }
}

/** The place of the activity's scheduled event; fails, to be tried again, while history does not show it. */
export function placeOf(view: LogView, { run, activity }: Cursor): Position {
  const place = view.runs.map(({ scheduled }) => scheduled(run, activity)).find((found) => found !== null)
  if (!place) throw failure('not_ready', `harness: history does not show activity ${activity} yet`)
  return place
}

function toPieces({ says, blobs }: LogItem): readonly Piece[] {
  return says && isRead(says) ? [toPiece(says, blobs)] : []
}

function toPiece(entry: LogEntry, blobs?: readonly BlobRef[]): Piece {
  return { entry, blobs, bytes: estimateBytes(entry) + PIECE_BYTES }
}

/** What was shortened is kept like this: no request needs the rest again. */
function keepShort(piece: Piece, whole: LogEntry | undefined, short: LogEntry | undefined): Piece {
  return short === undefined || short === whole ? piece : toPiece(short)
}

/** The entries whole, as far as they are there. */
async function fetchAll(
  blobs: Pick<BlobStore, 'get'>,
  session: string,
  pieces: readonly Piece[],
): Promise<readonly LogEntry[]> {
  const turn = pieces.findLastIndex(({ entry }) => entry.type === 'user.message' || entry.type === 'system.message')
  const entries: LogEntry[] = []
  for (const [index, { entry, blobs: refs }] of pieces.entries()) {
    const { element, lost } = await fetchThere(blobs, session, { element: entry, blobs: refs })
    entries.push(nameLost(element, lost, { isOver: index < turn }))
  }
  return entries
}

interface Stretch {
  readonly log: SessionLog
  readonly view: LogView
  readonly after: Position | undefined
  readonly end: Position
}

/** What lies behind `after`, or else all that the context depends on, and before `end`. */
async function readOn({ log, view, end, after }: Stretch): Promise<readonly LogItem[]> {
  const found: LogItem[] = []
  const behind = after ?? (await findStart({ log, view, end }))
  for await (const item of walk(log, view, { order: 'asc', audience: 'model', ...(behind ? { behind } : {}) })) {
    if (comparePositions(item.position, end) >= 0) break
    found.push(item)
  }
  return found
}

/** The place just before the answer that stands before the newest summary, so that reading on begins with it. */
async function findStart({ log, view, end }: Omit<Stretch, 'after'>): Promise<Position | undefined> {
  const newest = { order: 'desc', limit: 1, audience: 'model' } as const
  const [summary] = await log.slice(view, { ...newest, types: [SUMMARY], behind: end })
  if (!summary) return undefined
  const [answer] = await log.slice(view, { ...newest, types: [ANSWER], behind: summary.position })
  return answer && { ...answer.position, index: answer.position.index - 1 }
}
