import type { FastifyInstance } from 'fastify'
import type { LogView } from '../history/tracked.ts'
import type { SessionRow } from '../store/sessions.ts'
import { ApiError } from '../wire/errors.ts'
import { toOnlyPage } from '../wire/pages.ts'
import type { SessionEventType, SessionThread } from '../wire/types.ts'
import { primaryThread } from '../workflows/messages.ts'
import type { ApiContext, Caller } from './context.ts'
import { listEvents } from './event-list.ts'
import { readLog, readRow } from './read-log.ts'
import { readSession } from './retrieve-session.ts'
import { toSession } from './session-object.ts'
import { toThread } from './thread-object.ts'

type ById = { Params: { id: string } }
type OfThread = { Params: { id: string; thread: string } }

/** Every session has its primary thread, which is the session seen as a thread: its log, its status, its figures. */
export function threadRoutes(app: FastifyInstance, context: ApiContext): void {
  const { validator } = context

  async function findThread({ id, thread }: OfThread['Params'], caller: Caller): Promise<SessionThread> {
    const row = await readRow(context, caller, id)
    demandThread(row.id, thread)
    return readThread(context, row)
  }

  app.get<ById>('/v1/sessions/:id/threads', async ({ params: { id }, query, caller }) => {
    const { 'statuses[]': statuses, page } = validator.parseQuery('threads.list', query)
    const threads = [await readThread(context, await readRow(context, caller, id))]
    return toOnlyPage(
      threads.filter(({ status }) => statuses === undefined || statuses.includes(status)),
      page,
    )
  })

  app.get<OfThread>('/v1/sessions/:id/threads/:thread', ({ params, caller }) => findThread(params, caller))

  app.post<OfThread>('/v1/sessions/:id/threads/:thread/archive', async ({ params, caller }) => {
    const thread = await findThread(params, caller)
    if (thread.status === 'terminated') return thread
    throw new ApiError(
      'invalid_request',
      thread.status === 'idle'
        ? 'The primary thread is archived with its session: archive the session instead.'
        : `The thread is ${thread.status}; interrupt it and wait until it is idle, then archive the session and the primary thread with it.`,
    )
  })

  app.get<OfThread>('/v1/sessions/:id/threads/:thread/events', async ({ params: { id, thread }, query, caller }) => {
    const params = validator.parseQuery('threads.events', query)
    const row = await readRow(context, caller, id)
    demandThread(row.id, thread)
    const view = await readLog(context, row)
    return listEvents(context.log, view, { query: params, workspaceId: caller.workspaceId, stores: context })
  })
}

/**
 * Nothing where no thread is named.
 * @throws ApiError 404 for every thread that the session has not, one of another session too.
 */
export function demandThread(session: string, thread: string | undefined): void {
  if (thread === undefined || thread === primaryThread(session)) return
  throw new ApiError('not_found', `No thread ${thread} in session ${session}.`)
}

async function readThread(context: ApiContext, row: SessionRow): Promise<SessionThread> {
  const { view, configuration } = await readSession(context, row)
  const [hasChanged, hasRested] = await Promise.all([
    holds(context, view, ['session.thread_status_running', 'session.thread_status_terminated']),
    holds(context, view, ['session.thread_status_idle']),
  ])
  return toThread(toSession(row, configuration, view), { hasChanged, hasRested })
}

/** What there is of these types comes early in a log. */
async function holds({ log }: ApiContext, view: LogView, types: SessionEventType[]): Promise<boolean> {
  return (await log.slice(view, { order: 'asc', limit: 1, audience: 'client', types })).length > 0
}
