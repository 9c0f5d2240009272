import type { FastifyInstance } from 'fastify'
import type { LogItem } from '../history/project.ts'
import { LogNotFound } from '../history/session-log.ts'
import { ApiError } from '../wire/errors.ts'
import { KEEP_ALIVE, formatEvent } from '../wire/sse.ts'
import type { ApiContext } from './context.ts'
import { readRow } from './read-log.ts'

/** Silence on a stream is bounded, for proxies' sake. */
const KEEP_ALIVE_MS = 15_000
/** What may pile up for a reader before it is cut off; it opens the stream again and lists what it missed. */
const BUFFER_BYTES = 8 * 1024 * 1024

export function streamRoutes(app: FastifyInstance, context: ApiContext): void {
  app.get<{ Params: { id: string } }>('/v1/sessions/:id/events/stream', async (request, reply) => {
    context.validator.parseQuery('events.stream', request.query)
    const row = await readRow(context, request.caller, request.params.id)
    const { raw } = reply

    function write(items: readonly LogItem[]): void {
      for (const { shown } of items) if (shown) raw.write(formatEvent(shown))
      if (raw.writableLength > BUFFER_BYTES) raw.destroy()
    }

    // Subscribed before the headers: whoever sees the stream open misses nothing that follows. What comes in between
    // is held back until they are written.
    let held: LogItem[] | null = []
    let isEnded = false
    const subscription = await context.log
      .subscribe(row.id, {
        added: (items) => (held ? held.push(...items) : write(items)),
        ended: () => (held ? (isEnded = true) : end()),
      })
      .catch((error: unknown) => {
        const kind = error instanceof LogNotFound ? 'api_error' : 'unavailable'
        throw new ApiError(kind, 'The log of the session cannot be read.', { cause: error })
      })
    const keepAlive = setInterval(() => raw.write(KEEP_ALIVE), KEEP_ALIVE_MS)
    function stop(): void {
      clearInterval(keepAlive)
      subscription.cancel()
    }
    function end(): void {
      stop()
      raw.end()
    }
    raw.once('close', stop)
    // A client that left meanwhile has closed before anybody listened for it.
    if (raw.destroyed) stop()
    reply.hijack()
    raw.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache, no-transform',
      'request-id': request.id,
      'x-accel-buffering': 'no',
    })
    raw.flushHeaders()
    const pending = held
    held = null
    write(pending)
    if (isEnded) end()
  })
}
