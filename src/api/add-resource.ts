import type { FastifyReply, FastifyRequest } from 'fastify'
import type { ResourceEntry } from '../session/entry.ts'
import { MOST_RESOURCES } from '../session/resources.ts'
import { refuses } from '../session/settle.ts'
import type { LogState } from '../session/state.ts'
import { SessionBuried } from '../store/buried.ts'
import type { ResourceRow } from '../store/session-resources.ts'
import type { SessionRow } from '../store/sessions.ts'
import { dropContent } from '../store/new-content.ts'
import { ApiError } from '../wire/errors.ts'
import { conflictOf } from '../wire/mount-path.ts'
import { refusalOfSelfHosted, refuseLength } from '../wire/resources.ts'
import type { SessionResource } from '../wire/types.ts'
import { admit, markAnswered, recall } from './admission.ts'
import type { ApiContext } from './context.ts'
import { readLog, readRow } from './read-log.ts'
import type { Wanted } from './session-resources.ts'
import { copyFiles, judgeResources, readResources, showResource } from './session-resources.ts'
import { demand, demandDone } from './session-update.ts'

/** A row that the log has not taken up by then belongs to a request that is dead. */
const DEAD_MS = 60_000

/**
 * Adds a file to a session, whatever that does at the moment: its next call has it. The copy and the row of the index
 * come first, then the session's workflow puts it into the log, in order with everything else.
 */
export async function addResource(
  context: ApiContext,
  request: FastifyRequest<{ Params: { id: string } }>,
  reply: FastifyReply,
): Promise<SessionResource> {
  const {
    params: { id },
    caller,
  } = request
  const params = context.validator.parseBody('resources.add', request.body)
  const submission = { request, reply, target: id }
  const earlier = await recall(context, submission)
  const row = await readRow(context, caller, id)
  const { state } = await readLog(context, row)
  if (earlier && earlier.state !== 'begun') {
    markAnswered(context.ingress, submission, earlier)
    return showAdded(context, row, { state, id: idsOf(earlier.id).id })
  }
  if (state.selfHosted) throw refusalOfSelfHosted(row.environmentId)
  // Of a repeated request only the workflow knows whether it was done before, and the original may be gone by now.
  if (!earlier) {
    demand(refuses(state, { type: 'configured' }))
    await judgeResources(context, caller, [{ params, id: '', file: params.file_id, field: '' }])
  }
  const { id: updateId } = await admit(context, submission, () => [])
  const wanted = { params, ...idsOf(updateId), field: '' }
  const added = await carryOut(context, row, { state, updateId, wanted, isRepeated: earlier !== null })
  await context.ingress.accepted(updateId)
  return added
}

/** The same for every try of a request. The row's own ids are those of events, and these are none. */
function idsOf(ingress: string): Pick<Wanted, 'id' | 'file'> {
  const name = (prefix: string): string => ingress.replace(/^ingr/, prefix)
  return { id: name('sesrsc'), file: name('file') }
}

async function showAdded(
  context: ApiContext,
  session: SessionRow,
  { state, id }: { readonly state: LogState; readonly id: string },
): Promise<SessionResource> {
  const row = (await readResources(context, session.id, state)).find(({ resource }) => resource.id === id)
  if (!row) throw removedSince(session, { id })
  return showResource(row)
}

function removedSince({ id: session }: SessionRow, { id }: Pick<ResourceEntry, 'id'>): ApiError {
  return new ApiError('not_found', `The resource ${id} was removed from session ${session}.`)
}

interface Addition {
  readonly state: LogState
  /** A try before this one may have been heard, and what it added removed since. */
  readonly isRepeated: boolean
  readonly updateId: string
  readonly wanted: Wanted
}

async function carryOut(
  context: ApiContext,
  session: SessionRow,
  { state, updateId, wanted, isRepeated }: Addition,
): Promise<SessionResource> {
  const [copied] = await copyFiles(context, session, { wanted: [wanted], now: new Date().toISOString() })
  if (!copied) throw new Error('expected as many resources as were wanted')
  const row = await index(context, session, { resource: copied, state })
  const { resource } = row
  const verdict = await context.workflows.configure(session.id, { resources: { add: resource } }, updateId)
  // A try before this one may have been heard where this one was not.
  if (verdict.refused !== null && !(await isLogged(context, session, resource))) {
    await context.resources.remove(session.id, resource.id)
    await dropCopy(context, session, resource)
    demandDone(verdict)
  }
  if (isRepeated && !(await isLogged(context, session, resource))) {
    await context.resources.remove(session.id, resource.id)
    throw removedSince(session, resource)
  }
  await context.resources.settle(session.id, resource.id)
  return showResource(row)
}

interface Indexed {
  readonly state: LogState
  readonly resource: ResourceEntry
}

/** @throws ApiError 400 for what has no place beside the others; its copy is gone then. */
async function index(context: ApiContext, session: SessionRow, { state, resource }: Indexed): Promise<ResourceRow> {
  const { id: sessionId, workspaceId } = session
  await context.resources.removeDead(sessionId, { known: state.resources ?? [], ms: DEAD_MS })
  try {
    return await context.resources.add({ workspaceId, sessionId, resource }, (others) => judge(resource, others))
  } catch (error) {
    // Where it failed otherwise, a try before this one may have this copy in the log, or on its way there.
    const isRefused = error instanceof ApiError && !(await isLogged(context, session, resource))
    if (isRefused || error instanceof SessionBuried) await dropCopy(context, session, resource)
    throw error
  }
}

async function isLogged(context: ApiContext, session: SessionRow, { id }: ResourceEntry): Promise<boolean> {
  return (await readLog(context, session)).state.resources?.includes(id) === true
}

/** @throws ApiError 400 for what has no place beside the others. */
function judge({ mount_path: path }: ResourceEntry, others: readonly ResourceRow[]): void {
  const living = others.map(({ resource }) => resource.mount_path)
  refuseLength([{ mount_path: path }, ...others.map(({ resource }) => resource)])
  if (living.length >= MOST_RESOURCES) {
    const message = `resources: expected at most ${MOST_RESOURCES}, and the session has as many`
    throw new ApiError('invalid_request', message)
  }
  const taken = living.find((other) => conflictOf([other, path]) !== null)
  if (taken === path) throw new ApiError('invalid_request', `mount_path: ${path} is taken`)
  if (taken !== undefined)
    throw new ApiError('invalid_request', `mount_path: ${path} and ${taken}, which is there, exclude each other`)
}

async function dropCopy(context: ApiContext, { workspaceId }: SessionRow, resource: ResourceEntry): Promise<void> {
  if (resource.type !== 'file') return
  const deleted = await context.files.delete(workspaceId, resource.file_id)
  if (deleted?.content) await Promise.allSettled([dropContent(context, deleted.content)])
}
