import type { BlobStore } from '../history/blobs.ts'
import { fetchThere } from '../history/blobs.ts'
import type { Position } from '../history/position.ts'
import { comparePositions } from '../history/position.ts'
import type { LogItem } from '../history/project.ts'
import type { SessionLog } from '../history/session-log.ts'
import type { LogView } from '../history/tracked.ts'
import type { LogEntry } from '../session/transcript.ts'
import { contextStart } from '../session/transcript.ts'
import { failure } from './failures.ts'
import { nameLost } from './lost-parts.ts'

/** What an activity may know of its session: everything before its own scheduled event, which a cursor names. */
export interface Cursor {
  readonly session: string
  /** Temporal's ids of the run and of the activity in it. */
  readonly run: string
  readonly activity: string
}

export type ContextReader = (cursor: Cursor) => Promise<readonly LogEntry[]>

/** Sessions whose context is kept between their model calls. */
const KEEP = 200
const PAGE = 1000

/** Where a context begins: the newest summary stands for all that the answer before it had been given to. */
const SUMMARY = 'log.summary'
const ANSWER = 'log.assistant'

interface Known {
  readonly upTo: Position
  readonly items: readonly LogItem[]
}

/**
 * Reads the part of a log that a model call is about, which its newest summary bounds, across runs. What was read for an
 * earlier call is kept, so that the next one reads only what is new; what is kept as blobs is read each time. A
 * sentence stands where one of those is lost.
 */
export function createContextReader(log: SessionLog, blobs: Pick<BlobStore, 'get'>): ContextReader {
  const known = new Map<string, Known>()
  return async ({ session, run, activity }) => {
    const view = await log.read(session)
    const end = view.runs.map(({ scheduled }) => scheduled(run, activity)).find((place) => place !== null)
    if (!end) throw failure('not_ready', `harness: history does not show activity ${activity} yet`)
    const before = known.get(session)
    const usable = before && comparePositions(before.upTo, end) < 0 ? before : null
    const read = [...(usable?.items ?? []), ...(await readOn({ log, view, end, after: usable?.upTo }))]
    const items = read.slice(contextStart(read.map(({ says }) => says)))
    known.delete(session)
    const last = items.at(-1)
    if (last) known.set(session, { upTo: last.position, items })
    for (const id of known.keys()) {
      if (known.size <= KEEP) break
      known.delete(id)
    }
    const entries: LogEntry[] = []
    for (const { says, blobs: refs } of items) {
      if (!says) continue
      const { element, lost } = await fetchThere(blobs, session, { element: says, blobs: refs })
      entries.push(nameLost(element, lost))
    }
    return entries
  }
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
  let behind = after ?? (await findStart({ log, view, end }))
  for (;;) {
    const page = await log.slice(view, {
      order: 'asc',
      limit: PAGE,
      audience: 'model',
      ...(behind ? { behind } : {}),
    })
    for (const item of page) {
      if (comparePositions(item.position, end) >= 0) return found
      found.push(item)
    }
    if (page.length < PAGE) return found
    behind = page.at(-1)?.position
  }
}

/** The place just before the answer that stands before the newest summary, so that reading on begins with it. */
async function findStart({ log, view, end }: Omit<Stretch, 'after'>): Promise<Position | undefined> {
  const newest = { order: 'desc', limit: 1, audience: 'model' } as const
  const [summary] = await log.slice(view, { ...newest, types: [SUMMARY], behind: end })
  if (!summary) return undefined
  const [answer] = await log.slice(view, { ...newest, types: [ANSWER], behind: summary.position })
  return answer && { ...answer.position, index: answer.position.index - 1 }
}
