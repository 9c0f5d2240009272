import type { FastifyInstance } from 'fastify'
import { LogNotFound } from '../history/session-log.ts'
import { refuses } from '../session/settle.ts'
import type { SessionRow } from '../store/sessions.ts'
import { ApiError } from '../wire/errors.ts'
import type { SessionStatus } from '../wire/types.ts'
import { admit } from './admission.ts'
import type { ApiContext } from './context.ts'
import { createSession } from './create-session.ts'
import { readLog, readRow } from './read-log.ts'
import { retrieveSession } from './retrieve-session.ts'
import { listSessions } from './session-list.ts'
import { presentStatus } from './session-object.ts'
import { demand, demandDone, updateSession } from './session-update.ts'

type ById = { Params: { id: string } }

export function sessionRoutes(app: FastifyInstance, context: ApiContext): void {
  app.post('/v1/sessions', (request, reply) => createSession(context, request, reply))
  app.get('/v1/sessions', ({ query, caller }) => listSessions(context, query, caller))
  app.get<ById>('/v1/sessions/:id', ({ params: { id }, caller }) => retrieveSession(context, caller, id))

  app.post<ById>('/v1/sessions/:id', (request, reply) => updateSession(context, request, reply))

  app.post<ById>('/v1/sessions/:id/archive', async (request, reply) => {
    const {
      params: { id },
      caller,
    } = request
    const row = await readRow(context, caller, id)
    const { state, archivedAt } = await readLog(context, row)
    // Its log takes no more, so it is archived in the index alone, unless that is how it ended.
    if (state.status === 'terminated') {
      if (archivedAt === null) await context.sessions.archiveEnded(id)
      return retrieveSession(context, caller, id)
    }
    demand(refuses(state, { type: 'archived' }))
    const { id: updateId } = await admit(context, { request, reply, target: id }, () => [])
    const verdict = await context.workflows.archive(id, updateId)
    // Two at once: what the second one wanted has come true.
    if (verdict.refused !== null && (await readLog(context, row)).archivedAt === null) demandDone(verdict)
    // Its worker is told by its next heartbeat all the same.
    await Promise.allSettled([context.work.endOf(id)])
    return retrieveSession(context, caller, id)
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
    await Promise.allSettled([context.workflows.terminate(id), context.work.endOf(id)])
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
