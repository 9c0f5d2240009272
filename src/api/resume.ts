import type { LogItem } from '../history/project.ts'
import type { SessionLog } from '../history/session-log.ts'
import type { LogView } from '../history/tracked.ts'
import type { Position } from '../history/position.ts'
import { formatPosition, parsePosition } from '../history/position.ts'
import { ApiError } from '../wire/errors.ts'

/**
 * The place named by a `Last-Event-ID` header: the `id:` line of a frame that the reader has. Null without one; an empty
 * one is how the standard spells none.
 * @throws ApiError 400 for what no `id:` line of ours says.
 */
export function parseLastEventId(header: string | readonly string[] | undefined): Position | null {
  if (header === undefined || header === '') return null
  const position = typeof header === 'string' ? parsePosition(header) : null
  if (!position) throw refusal('expected the `id:` of an event of this stream, such as 1.5.0')
  return position
}

/**
 * What of the log stands behind that place, in the order in which a stream shows it; whoever was shown what a reset gave
 * up goes on with what came in its stead. Rejects with an ApiError, 400, for a place that no stream of the session has
 * shown: never a guess at what the reader lacks.
 */
export async function itemsBehind(
  log: Pick<SessionLog, 'behind' | 'mayBeShown'>,
  view: LogView,
  place: Position,
): Promise<AsyncIterable<readonly LogItem[]>> {
  if (!(await log.mayBeShown(view, place))) throw unknownPlace(place)
  return log.behind(view, place)
}

function unknownPlace(place: Position): ApiError {
  return refusal(
    `this session has no event at ${formatPosition(place)}; open the stream without it and list the events`,
  )
}

function refusal(what: string): ApiError {
  return new ApiError('invalid_request', `last-event-id: ${what}`)
}
