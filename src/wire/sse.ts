import type { ErrorBody } from './errors.ts'
import type { StreamEvent } from './types.ts'

/** A comment line: every client skips it, proxies see traffic. */
export const KEEP_ALIVE = ': keep-alive\n\n'

/**
 * One server-sent event. It is called `message` whatever its type: the only name that no released client drops.
 * JSON holds no line break, so the data is one line; U+2028 inside it is none to an SSE reader.
 * @param id sent as the `id:` line, for readers that resume; ours, never from a client.
 */
export function formatEvent(event: StreamEvent, id?: string): string {
  if (id !== undefined && /[\r\n\0]/.test(id)) throw new Error('expected an SSE id of one line')
  return `event: message\n${id === undefined ? '' : `id: ${id}\n`}data: ${JSON.stringify(event)}\n\n`
}

/** The frame that makes a client's iteration throw this error; the stream ends behind it. */
export function formatErrorEvent(body: ErrorBody): string {
  return `event: error\ndata: ${JSON.stringify(body)}\n\n`
}
