import type { FastifyInstance } from 'fastify'
import { LogNotFound } from '../history/session-log.ts'
import { refuses } from '../session/settle.ts'
import type { SessionRow } from '../store/sessions.ts'
import { ApiError } from '../wire/errors.ts'
import { patchMetadata } from '../wire/metadata.ts'
import type { Session, SessionStatus } from '../wire/types.ts'
import { refuseUnsupported, unsupportedInUpdate } from '../wire/unsupported.ts'
import type { Verdict } from '../workflows/messages.ts'
import { admit, wasDone } from './admission.ts'
import type { ApiContext, Caller } from './context.ts'
import { createSession } from './create-session.ts'
import { readLog, readRow } from './read-log.ts'
import { listSessions } from './session-list.ts'
import { presentStatus, toSession } from './session-object.ts'

type ById = { Params: { id: string } }

export function sessionRoutes(app: FastifyInstance, context: ApiContext): void {
  app.post('/v1/sessions', (request, reply) => createSession(context, request, reply))
  app.get('/v1/sessions', ({ query, caller }) => listSessions(context, query, caller))
  app.get<ById>('/v1/sessions/:id', ({ params: { id }, caller }) => retrieve(context, caller, id))

  app.post<ById>('/v1/sessions/:id', async (request, reply) => {
    const {
      params: { id },
      caller,
    } = request
    const { title, metadata, budget, ...rest } = context.validator.parseBody('sessions.update', request.body)
    refuseUnsupported(unsupportedInUpdate(rest))
    const submission = { request, reply, target: id }
    if (await wasDone(context, submission)) return retrieve(context, caller, id)
    const { state } = await readLog(context, await readRow(context, caller, id))
    // The workflow applies the patch, so that two at once both count; here it is only checked.
    patchMetadata(state.metadata, metadata)
    const change = {
      ...(title === undefined ? {} : { title }),
      ...(metadata ? { metadata } : {}),
      ...(budget === undefined ? {} : { budget }),
    }
    demand(refuses(state, { type: 'configured', ...change }))
    const { id: updateId } = await admit(context, submission, () => [])
    demandDone(await context.workflows.configure(id, change, updateId))
    await context.ingress.accepted(updateId)
    return retrieve(context, caller, id)
  })

  app.post<ById>('/v1/sessions/:id/archive', async (request, reply) => {
    const {
      params: { id },
      caller,
    } = request
    const row = await readRow(context, caller, id)
    const { state } = await readLog(context, row)
    if (state.status !== 'terminated') {
      demand(refuses(state, { type: 'archived' }))
      const { id: updateId } = await admit(context, { request, reply, target: id }, () => [])
      const verdict = await context.workflows.archive(id, updateId)
      // Two at once: what the second one wanted has come true.
      if (verdict.refused !== null && (await readLog(context, row)).archivedAt === null) demandDone(verdict)
    }
    return retrieve(context, caller, id)
  })

  app.delete<ById>('/v1/sessions/:id', async ({ params: { id }, caller }) => {
    const status = await readStatus(context, await readRow(context, caller, id))
    if (status === 'running' || status === 'rescheduling') {
      throw new ApiError(
        'invalid_request',
        `The session is ${status}; interrupt it and wait until it is idle before deleting it.`,
      )
    }
    if (!(await context.sessions.bury(caller.workspaceId, id))) throw new ApiError('not_found', `No session ${id}.`)
    // The tombstone stands, so the session is deleted whatever follows: the sweeper finishes what fails here.
    await Promise.allSettled([context.workflows.terminate(id)])
    await Promise.allSettled([context.announceDeleted(id)])
    return { id, type: 'session_deleted' }
  })
}

/** Null for a session whose log is lost: it can still be deleted. */
async function readStatus(context: ApiContext, row: SessionRow): Promise<SessionStatus | null> {
  try {
    return presentStatus((await readLog(context, row)).state)
  } catch (error) {
    if (error instanceof ApiError && error.cause instanceof LogNotFound) return null
    throw error
  }
}

/** Reading a session folds its log and mends its row. */
async function retrieve(context: ApiContext, caller: Caller, id: string): Promise<Session> {
  const row = await readRow(context, caller, id)
  const [view, configuration] = await Promise.all([readLog(context, row), context.sessions.configuration(id)])
  if (!configuration) throw new ApiError('not_found', `No session ${id}.`)
  const { title, metadata, budget = null } = view.state
  const status = presentStatus(view.state)
  const archivedAt = view.archivedAt === null ? null : new Date(view.archivedAt)
  await context.sessions.repair(id, { status, title, metadata, budget, archivedAt })
  return toSession(row, configuration, view)
}

function demandDone({ refused, code }: Verdict): void {
  demand(refused === null ? null : { reason: refused, ...(code === undefined ? {} : { code }) })
}

function demand(refused: { readonly reason: string; readonly code?: string } | null): void {
  if (refused === null) return
  throw new ApiError('invalid_request', refused.reason, refused.code === undefined ? {} : { code: refused.code })
}
