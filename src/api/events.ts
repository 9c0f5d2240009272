import type { FastifyInstance } from 'fastify'
import type { Kept } from '../history/blobs.ts'
import { storeParcel } from '../history/blobs.ts'
import type { LogView } from '../history/tracked.ts'
import { isAtBudget } from '../session/budget.ts'
import type { Arrival } from '../session/entry.ts'
import { isQueued } from '../session/entry.ts'
import type { Refusal } from '../session/check.ts'
import { check, isAnswer, wakes } from '../session/check.ts'
import { foldArrival } from '../session/fold.ts'
import type { IngressRow } from '../store/ingress.ts'
import type { SessionRow } from '../store/sessions.ts'
import { ApiError } from '../wire/errors.ts'
import { mintId } from '../wire/mint.ts'
import { mendResults } from '../wire/storable.ts'
import type { SessionEvent, UserEvent } from '../wire/types.ts'
import { refuseUnsupported, unsupportedInEvents } from '../wire/unsupported.ts'
import { refuseUrls } from '../wire/urls.ts'
import { primaryThread } from '../workflows/messages.ts'
import { admit, markAnswered, packEvents, recall } from './admission.ts'
import type { Backlog } from './backlog.ts'
import { createBacklog } from './backlog.ts'
import type { ApiContext, Caller } from './context.ts'
import { listEvents } from './event-list.ts'
import { referToFiles } from './file-sources.ts'
import { createRateLimit, steady } from './rate.ts'
import { demandResults } from './reach.ts'
import { missingFrom, readLog, readRow } from './read-log.ts'

type ById = { Params: { id: string } }

export function eventRoutes(app: FastifyInstance, context: ApiContext): void {
  const limit = createRateLimit(steady)
  // Whoever floods a session does not keep anybody from stopping it.
  const limitStops = createRateLimit(steady)
  const backlog = createBacklog(steady)

  app.post<ById>('/v1/sessions/:id/events', async (request, reply) => {
    const { events } = context.validator.parseBody('events.send', mendResults(request.body))
    demandResults(request.caller, events)
    refuseUnsupported(unsupportedInEvents(events))
    if (!context.takesUrls) refuseUrls('events', events)
    const row = await readRow(context, request.caller, request.params.id)
    if (events.every(({ type }) => type === 'user.interrupt')) limitStops(row.id)
    else limit(row.id)
    const submission = { request, reply, target: row.id }
    const earlier = await recall(context, submission)
    if (earlier && (await isLogged(context, row, earlier))) {
      markAnswered(context.ingress, submission, earlier)
      return { data: identify(events, earlier).map(toEcho) }
    }
    const parcel = await referToFiles(context, request.caller, { parcel: packEvents(events), field: 'events' })
    const { elements: packed, blobs } = parcel.kept
    const view = await checkAll(context, row, parcel.kept)
    if (await isIgnored(context, { row, view, events }))
      return { data: identify(events, { ids: events.map(() => mintId('sevt')) }).map(toEcho) }
    const starts = await letStart(context, request.caller, { row, view, events })
    const minted = events.map(() => mintId('sevt'))
    const wanted = identify(packed, { ids: minted }).map((event, index) => ({ ...event, blobs: blobs?.[index] ?? [] }))
    await demandRoom(context, backlog, { row, view, events: wanted })
    const admitted = await admit(context, submission, () => minted)
    const arrivals = identify(packed, admitted)
    if (admitted.ids[0] !== minted[0]) backlog.giveBack(row.id, wanted)
    await storeParcel(context.blobs, row.id, parcel)
    const beside = { ...(blobs ? { blobs } : {}), by: request.caller.keyId }
    await Promise.all([
      starts ? hintRunning(context, view) : undefined,
      context.workflows.signal(row.id, { events: arrivals, ...beside }, admitted.id),
    ])
    await context.ingress.accepted(admitted.id)
    return { data: identify(events, admitted).map(toEcho) }
  })

  app.get<ById>('/v1/sessions/:id/events', async ({ params: { id }, query, caller }) => {
    const params = context.validator.parseQuery('events.list', query)
    const row = await readRow(context, caller, id)
    const view = await readLog(context, row)
    return listEvents(context.log, view, { query: params, workspaceId: caller.workspaceId, stores: context })
  })
}

/** Whether what the row stands for is in the log: then it is answered as it was, whatever has happened since. */
async function isLogged(context: ApiContext, row: SessionRow, { state, ids }: IngressRow): Promise<boolean> {
  if (state !== 'begun') return true
  const missing = await missingFrom(context, await readLog(context, row), ids)
  return missing.length < ids.length
}

function identify(events: readonly UserEvent[], { ids }: Pick<IngressRow, 'ids'>): readonly Arrival[] {
  return events.map((event, index) => ({ ...event, id: ids[index] ?? '' }))
}

interface Wanted<Event> {
  readonly row: SessionRow
  readonly view: LogView
  readonly events: readonly Event[]
}

/** An interrupt of a session that stands still at its budget is taken and comes to nothing. */
async function isIgnored(context: ApiContext, { row, view, events }: Wanted<UserEvent>): Promise<boolean> {
  if (!isAtBudget(view.state) || !events.every(({ type }) => type === 'user.interrupt')) return false
  return isAtBudget((await readLog(context, row)).state)
}

/**
 * Whether the events start or resume a turn. What workers send resumes one that was let start, whatever runs by now:
 * they give up a result that waits for longer than their lease, and its command was run for nothing.
 * @throws ApiError 429 when the workspace has as many running sessions as it may, this one not among them.
 */
async function letStart(
  context: ApiContext,
  caller: Caller,
  { row, view, events }: Wanted<UserEvent>,
): Promise<boolean> {
  if (!startsTurn(view, events)) return false
  if (caller.type !== 'key') return true
  const refusal = await context.quota.running(row.workspaceId, row.id)
  if (!refusal) return true
  if (!startsTurn(await readLog(context, row), events)) return false
  throw refusal
}

function startsTurn(view: LogView, events: readonly UserEvent[]): boolean {
  let { state } = view
  for (const [index, event] of events.entries()) {
    if (wakes(state, event)) return true
    state = foldArrival(state, { ...event, id: `new ${index}` })
  }
  return false
}

/** Lists show a session as running from the moment its message is accepted; a hint, that the worker's own overtakes. */
function hintRunning({ sessions }: ApiContext, view: LogView): Promise<void> {
  return sessions.hint([{ id: view.session, run: view.run, length: view.length + 1, status: 'running' }])
}

/**
 * Accepts on what is known of the log, which later events can only make harmless; refuses only after catching up. So
 * are answers to calls, because a client that reads the log takes the last one for the verdict. A batch is judged event
 * by event, each after those before it.
 */
async function checkAll(context: ApiContext, row: SessionRow, events: Kept<UserEvent>): Promise<LogView> {
  const known = events.elements.some(isAnswer) ? null : context.log.known(row.id)
  if (known && !refusalOf(known, events)) return known
  const view = await readLog(context, row)
  const refusal = refusalOf(view, events)
  if (!refusal) return view
  const message = `events[${refusal.index}]: ${refusal.reason}`
  const { busy, code } = refusal
  throw busy
    ? new ApiError('rate_limit', message, { retryAfter: 1 })
    : new ApiError('invalid_request', message, code === undefined ? {} : { code })
}

/** @throws ApiError 429 when the queue has no room for all of the events, counted on the log as it is now. */
async function demandRoom(
  context: ApiContext,
  backlog: Backlog,
  { row, view, events }: Wanted<Arrival>,
): Promise<void> {
  if (backlog.take(view, events, false)) return
  if (backlog.take(await readLog(context, row), events, true)) return
  throw new ApiError('rate_limit', 'events: the session has as many waiting as it takes; try again.', { retryAfter: 1 })
}

function refusalOf(view: LogView, { elements, blobs }: Kept<UserEvent>): (Refusal & { readonly index: number }) | null {
  let { state } = view
  for (const [index, event] of elements.entries()) {
    const refusal = check(state, event, {
      blobs: blobs?.[index],
      before: elements.slice(0, index),
      thread: primaryThread(view.session),
    })
    if (refusal) return { index, ...refusal }
    state = foldArrival(state, { ...event, id: `new ${index}` }, blobs?.[index])
  }
  return null
}

/** Inputs that wait for their turn have no time yet. */
function toEcho(event: Arrival): SessionEvent {
  const processedAt = isQueued(event) ? null : new Date().toISOString()
  // A user event with its id and time is the wire's event.
  return { ...event, processed_at: processedAt } as SessionEvent
}
