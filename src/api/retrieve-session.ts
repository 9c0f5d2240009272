import type { LogView } from '../history/tracked.ts'
import { toWireUsage } from '../session/wire-usage.ts'
import type { Configuration, SessionRow } from '../store/sessions.ts'
import { ApiError } from '../wire/errors.ts'
import type { Session } from '../wire/types.ts'
import type { ApiContext, Caller } from './context.ts'
import { readLog, readRow } from './read-log.ts'
import { presentStatus, toSession } from './session-object.ts'
import { readResources, showResource } from './session-resources.ts'

/** A session as its log has it, and the configuration that it has come to have. */
export interface SessionView {
  readonly view: LogView
  readonly configuration: Configuration
}

/** Reading a session folds its log and mends its row. */
export async function retrieveSession(context: ApiContext, caller: Caller, id: string): Promise<Session> {
  const row = await readRow(context, caller, id)
  const { view, configuration } = await readSession(context, row)
  const { title, metadata, budget = null } = view.state
  await context.sessions.repair(row.id, {
    configurationId: configuration.id,
    status: presentStatus(view.state),
    title,
    metadata,
    budget,
    archivedAt: view.archivedAt === null ? null : new Date(view.archivedAt),
    usage: toWireUsage(view.state),
  })
  const resources = (await readResources(context, id, view.state)).map(showResource)
  return toSession(row, { ...configuration, resources }, view)
}

/**
 * Reads both. A configuration that nobody stored, which a plain Temporal client may have named, leaves the one that is
 * known from before.
 * @throws ApiError 404 when the session was deleted meanwhile.
 */
export async function readSession(context: ApiContext, row: SessionRow): Promise<SessionView> {
  const { sessions } = context
  const [view, known] = await Promise.all([readLog(context, row), sessions.configuration(row.id)])
  const newest = view.state.configuration ?? row.configurationId
  const configuration = known?.id === newest ? known : ((await sessions.configuration(row.id, newest)) ?? known)
  if (!configuration) throw new ApiError('not_found', `No session ${row.id}.`)
  return { view, configuration }
}
