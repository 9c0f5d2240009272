import type { LogItem } from './project.ts'
import type { SessionLog } from './session-log.ts'
import type { Slice } from './slice.ts'
import type { LogView } from './tracked.ts'

/** Items that are read at once. */
const PAGE = 1000

/** The items of a slice without a limit, page by page: no more are read than somebody asks for, to the next page's end. */
export async function* walk(
  log: Pick<SessionLog, 'slice'>,
  view: LogView,
  slice: Omit<Slice, 'limit'>,
): AsyncGenerator<LogItem, void, undefined> {
  let page = await log.slice(view, { ...slice, limit: PAGE })
  yield* page
  for (let last = page.at(-1); last && page.length === PAGE; last = page.at(-1)) {
    page = await log.slice(view, { ...slice, limit: PAGE, behind: last.position })
    yield* page
  }
}
