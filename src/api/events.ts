import type { FastifyInstance } from 'fastify'
import type { LogView } from '../history/tracked.ts'
import type { Arrival } from '../session/entry.ts'
import { isQueued } from '../session/entry.ts'
import { check, wakes } from '../session/check.ts'
import { foldArrival } from '../session/fold.ts'
import type { IngressRow } from '../store/ingress.ts'
import type { SessionRow } from '../store/sessions.ts'
import { ApiError } from '../wire/errors.ts'
import { mintId } from '../wire/mint.ts'
import type { SessionEvent, UserEvent } from '../wire/types.ts'
import { refuseUnsupported, unsupportedInEvents } from '../wire/unsupported.ts'
import { admit, markAnswered, recall, refuseOversize } from './admission.ts'
import type { ApiContext } from './context.ts'
import { listEvents } from './event-list.ts'
import { createRateLimit } from './rate.ts'
import { readLog, readRow } from './read-log.ts'

type ById = { Params: { id: string } }

export function eventRoutes(app: FastifyInstance, context: ApiContext): void {
  const limit = createRateLimit(Date.now)

  app.post<ById>('/v1/sessions/:id/events', async (request, reply) => {
    const { events } = context.validator.parseBody('events.send', request.body)
    refuseUnsupported(unsupportedInEvents(events))
    refuseOversize(events)
    const row = await readRow(context, request.caller, request.params.id)
    limit(row.id)
    const submission = { request, reply, target: row.id }
    const earlier = await recall(context, submission)
    if (earlier && (await isLogged(context, row, earlier))) {
      markAnswered(context.ingress, submission, earlier)
      return { data: identify(events, earlier).map(toEcho) }
    }
    const view = await checkAll(context, row, events)
    const admitted = await admit(context, submission, () => events.map(() => mintId('sevt')))
    const arrivals = identify(events, admitted)
    await Promise.all([
      hintRunning(context, view, events),
      context.workflows.signal(row.id, { events: arrivals, by: request.caller.keyId }, admitted.id),
    ])
    await context.ingress.accepted(admitted.id)
    return { data: arrivals.map(toEcho) }
  })

  app.get<ById>('/v1/sessions/:id/events', async ({ params: { id }, query, caller }) => {
    const params = context.validator.parseQuery('events.list', query)
    const row = await readRow(context, caller, id)
    return listEvents(await readLog(context, row), params, caller.workspaceId)
  })
}

/** Whether what the row stands for is in the log: then it is answered as it was, whatever has happened since. */
async function isLogged(context: ApiContext, row: SessionRow, { state, ids }: IngressRow): Promise<boolean> {
  if (state !== 'begun') return true
  const { items } = await readLog(context, row)
  return items.some(({ shown }) => shown !== null && ids.includes(shown.id))
}

function identify(events: readonly UserEvent[], { ids }: IngressRow): readonly Arrival[] {
  return events.map((event, index) => ({ ...event, id: ids[index] ?? '' }))
}

/** Lists show a session as running from the moment its message is accepted; a hint, that the worker's own overtakes. */
async function hintRunning({ sessions }: ApiContext, view: LogView, events: readonly UserEvent[]): Promise<void> {
  let { state } = view
  for (const [index, event] of events.entries()) {
    if (wakes(state, event)) {
      return sessions.hint([{ id: view.session, run: 1, length: view.length + 1, status: 'running' }])
    }
    state = foldArrival(state, { ...event, id: `new ${index}` })
  }
}

/**
 * Accepts on what is known of the log, which later events can only make harmless; refuses only after catching up. A
 * batch is judged event by event, each after those before it.
 */
async function checkAll(context: ApiContext, row: SessionRow, events: readonly UserEvent[]): Promise<LogView> {
  const known = context.log.known(row.id)
  if (known && !refusalOf(known, events)) return known
  const view = await readLog(context, row)
  const refusal = refusalOf(view, events)
  if (!refusal) return view
  const message = `events[${refusal.index}]: ${refusal.reason}`
  throw refusal.busy ? new ApiError('rate_limit', message, { retryAfter: 1 }) : new ApiError('invalid_request', message)
}

function refusalOf(view: LogView, events: readonly UserEvent[]): { index: number; reason: string; busy?: true } | null {
  let { state } = view
  for (const [index, event] of events.entries()) {
    const refusal = check(state, event)
    if (refusal) return { index, ...refusal }
    state = foldArrival(state, { ...event, id: `new ${index}` })
  }
  return null
}

/** Inputs that wait for their turn have no time yet. */
function toEcho(event: Arrival): SessionEvent {
  const processedAt = isQueued(event) ? null : new Date().toISOString()
  // A user event with its id and time is the wire's event.
  return { ...event, processed_at: processedAt } as SessionEvent
}
