import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Position } from '../history/position.ts'
import type { LogItem } from '../history/project.ts'
import type { LogView } from '../history/tracked.ts'
import { ApiError, toErrorBody } from '../wire/errors.ts'
import { formatErrorEvent } from '../wire/sse.ts'
import { authenticate } from './auth.ts'
import type { ApiContext } from './context.ts'
import { FrameWriter } from './frame-writer.ts'
import { createPreviews } from './previews.ts'
import { readRow, toUnread } from './read-log.ts'
import { itemsBehind, parseLastEventId } from './resume.ts'
import { SessionStream, createFramer, frameOf } from './session-stream.ts'
import { demandThread } from './threads.ts'
import type { PartStores } from './whole.ts'
import { toWhole } from './whole.ts'

/** Silence on a stream is bounded, for proxies' sake; and so is how long a revoked key goes on reading. */
const KEEP_ALIVE_MS = 15_000
const HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-cache, no-transform',
  'x-accel-buffering': 'no',
}

type Reading = { Params: { id: string; thread?: string } }

export function streamRoutes(app: FastifyInstance, context: ApiContext): void {
  const framesOf = createFramer()

  app.get<Reading>('/v1/sessions/:id/events/stream', (request, reply) => openStream(request, reply))
  app.get<Reading>('/v1/sessions/:id/threads/:thread/stream', (request, reply) => openStream(request, reply))

  async function openStream(request: FastifyRequest<Reading>, reply: FastifyReply): Promise<void> {
    const { 'event_deltas[]': types = [] } = context.validator.parseQuery('events.stream', request.query)
    const place = parseLastEventId(request.headers['last-event-id'])
    const row = await readRow(context, request.caller, request.params.id)
    demandThread(row.id, request.params.thread)
    const { raw } = reply
    const writer = new FrameWriter(raw, { farewell: () => farewell(request), over: stop })
    const stream = new SessionStream(writer, createPreviews(new Set(types)), {
      of: framesOf,
      ofLarge: (item) => frameLarge(context, row.id, item),
      ofFailure(error) {
        request.log.warn({ err: error, session: row.id }, 'a stream could not go on')
        return formatErrorEvent(toErrorBody(error, request.id))
      },
    })
    const keepAlive = setInterval(() => {
      stream.keepAlive()
      void endIfRevoked()
    }, KEEP_ALIVE_MS)
    async function endIfRevoked(): Promise<void> {
      // What cannot be asked now is asked again in a while.
      const error: unknown = await authenticate(request.headers, context.callers).catch((reason: unknown) => reason)
      if (error instanceof ApiError) writer.end()
    }
    let cancel = (): void => undefined
    let unlisten = (): void => undefined
    function stop(): void {
      clearInterval(keepAlive)
      unlisten()
      cancel()
    }
    // What cannot be written any more is noticed by the close that follows.
    raw.on('error', () => undefined)

    async function readMissed(view: LogView, from: Position): Promise<AsyncIterable<readonly LogItem[]>> {
      try {
        return await itemsBehind(context.log, view, from)
      } catch (error) {
        stop()
        throw error
      }
    }
    // Both before the headers: whoever sees the stream open misses nothing that follows.
    if (types.length > 0) unlisten = context.previews.listen(row.id, (batch) => stream.preview(batch))
    const { view, cancel: unsubscribe } = await context.log.subscribe(row.id, stream).catch((error: unknown) => {
      stop()
      throw toUnread(row.id, error)
    })
    // Not the whole answer: the view would live as long as the stream.
    cancel = unsubscribe
    // A client that left meanwhile has closed before anybody listened for it.
    if (raw.destroyed || writer.isOver) stop()
    const missed = place && (await readMissed(view, place))
    reply.hijack()
    for (const [name, value] of Object.entries({ ...reply.getHeaders(), ...HEADERS })) {
      if (value !== undefined) raw.setHeader(name, value)
    }
    raw.flushHeaders()
    void stream.open(missed)
  }
}

async function frameLarge(stores: PartStores, session: string, item: LogItem): Promise<string> {
  const { shown, position } = item
  return shown ? frameOf({ position, shown: await toWhole(stores, session, { ...item, shown }) }) : ''
}

/** Told to a reader for whom too much waits. */
function farewell(request: FastifyRequest): string {
  const message =
    'The stream was not read fast enough and ends here. Open it again, with the last `id:` as Last-Event-ID to go on from there.'
  return formatErrorEvent(toErrorBody(new ApiError('overloaded', message), request.id))
}
