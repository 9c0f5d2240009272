import type { LogItem } from '../history/project.ts'
import type { LogView } from '../history/tracked.ts'
import type { Position } from '../history/position.ts'
import { comparePositions, formatPosition, parsePosition } from '../history/position.ts'
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
 * What of the log stands behind that place, in the order in which a stream shows it. Null for a place that no stream of
 * the session has shown: never a guess at what the reader lacks.
 */
export function itemsBehind({ items }: LogView, place: Position): readonly LogItem[] | null {
  const at = items.findIndex(({ position, shown }) => shown !== null && comparePositions(position, place) === 0)
  return at === -1 ? null : items.slice(at + 1)
}

export function unknownPlace(place: Position): ApiError {
  return refusal(
    `this session has no event at ${formatPosition(place)}; open the stream without it and list the events`,
  )
}

function refusal(what: string): ApiError {
  return new ApiError('invalid_request', `last-event-id: ${what}`)
}
