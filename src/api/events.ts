import type { FastifyInstance } from 'fastify'
import type { LogView } from '../history/tracked.ts'
import type { Arrival } from '../session/entry.ts'
import { isQueued } from '../session/entry.ts'
import { check, wakes } from '../session/check.ts'
import { foldArrival } from '../session/fold.ts'
import type { SessionRow } from '../store/sessions.ts'
import { ApiError } from '../wire/errors.ts'
import { mintId } from '../wire/mint.ts'
import type { SessionEvent, UserEvent } from '../wire/types.ts'
import { refuseUnsupported, unsupportedInEvents } from '../wire/unsupported.ts'
import { admit, refuseOversize } from './admission.ts'
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
    const view = await checkAll(context, row, events)
    const { id, ids } = await admit(context, { request, reply, target: row.id }, () => events.map(() => mintId('sevt')))
    const arrivals = events.map((event, index): Arrival => ({ ...event, id: ids[index] ?? '' }))
    if (events.some((event) => wakes(view.state, event))) {
      await context.sessions.hint([{ id: row.id, run: 1, length: view.length, status: 'running' }])
    }
    await context.workflows.signal(row.id, { events: arrivals, by: request.caller.keyId }, id)
    await context.ingress.accepted(id)
    return { data: arrivals.map(toEcho) }
  })

  app.get<ById>('/v1/sessions/:id/events', async ({ params: { id }, query, caller }) => {
    const params = context.validator.parseQuery('events.list', query)
    const row = await readRow(context, caller, id)
    return listEvents(await readLog(context, row), params, caller.workspaceId)
  })
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
