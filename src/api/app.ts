import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { fastify } from 'fastify'
import { after } from '../wire/after.ts'
import { ApiError, toErrorResponse } from '../wire/errors.ts'
import { mintId } from '../wire/mint.ts'
import { agentRoutes } from './agents.ts'
import { createAttempts } from './attempts.ts'
import { authenticate } from './auth.ts'
import { BODY_LIMIT, NO_BODY, acceptJson } from './bodies.ts'
import type { ApiContext } from './context.ts'
import { environmentRoutes } from './environments.ts'
import { eventRoutes } from './events.ts'
import { fileRoutes } from './files.ts'
import { modelRoutes } from './models.ts'
import { notFound } from './not-found.ts'
import { steady } from './rate.ts'
import { demandReach } from './reach.ts'
import { refuseConnection, toKnown } from './refusals.ts'
import { resourceRoutes } from './resources.ts'
import { sessionRoutes } from './sessions.ts'
import { streamRoutes } from './stream.ts'
import { threadRoutes } from './threads.ts'
import { ARRIVAL_LIMITS, demandPlainHttp, guardServer } from './transport.ts'
import { workRoutes } from './work.ts'

const JSON_ROUTES = [
  agentRoutes,
  environmentRoutes,
  sessionRoutes,
  eventRoutes,
  streamRoutes,
  threadRoutes,
  resourceRoutes,
  modelRoutes,
  workRoutes,
] as const

export interface AppLog {
  error(details: object, message: string): void
}

/**
 * The HTTP application, not yet listening. Every answer has a `request-id`; every refusal is the standard error object;
 * whatever is not an `ApiError` is logged and answered as an internal error without a word of it.
 */
export function createApp(context: ApiContext, log: AppLog): FastifyInstance {
  const answer = (error: unknown, request: FastifyRequest, reply: FastifyReply): void => {
    const known = toKnown(error)
    if (!(known instanceof ApiError) || known.kind === 'api_error' || known.kind === 'unavailable') {
      log.error({ err: error, request_id: request.id, method: request.method, url: request.url }, 'request failed')
    }
    const { status, headers, body } = toErrorResponse(known, request.id)
    void reply.code(status).headers(headers).header('request-id', request.id).send(body)
  }
  const app = fastify({
    bodyLimit: BODY_LIMIT,
    requestTimeout: ARRIVAL_LIMITS.requestTimeout,
    // A missing host is answered by `demandPlainHttp`, in the API's words.
    http: { headersTimeout: ARRIVAL_LIMITS.headersTimeout, requireHostHeader: false },
    forceCloseConnections: true,
    // A HEAD of a stream would never end.
    exposeHeadRoutes: false,
    genReqId: () => mintId('req'),
    clientErrorHandler: refuseConnection,
    frameworkErrors: answer,
    routerOptions: { querystringParser: (text) => parseQuery(text) },
  })
  guardServer(app.server)
  const attempt = createAttempts({ now: steady, after })
  app.decorateRequest('caller')
  app.decorateRequest('attempt')
  app.decorateRequest('bodyHash', NO_BODY)
  app.addHook('onRequest', async (request, reply) => {
    reply.header('request-id', request.id)
    demandPlainHttp(request)
    request.caller = await authenticate(request.headers, context.callers)
    reply.header('anthropic-workspace-id', request.caller.workspaceId)
    demandReach(request.caller, request)
    refuseUnstorable(request)
  })
  app.addHook('preHandler', async (request, reply) => {
    request.attempt = attempt(request, reply)
    context.quota.request(request.caller.workspaceId)
  })
  app.removeAllContentTypeParsers()

  app.setNotFoundHandler((request) => {
    throw notFound(request)
  })
  app.setErrorHandler(answer)

  void app.register(async (scope) => {
    acceptJson(scope, { after, refused: (request, reply) => void (request.attempt = attempt(request, reply)) })
    for (const routes of JSON_ROUTES) routes(scope, context)
  })
  // What it takes is no JSON, and no body that is kept in memory.
  fileRoutes(app, context)
  return app
}

/** PostgreSQL takes no U+0000, not even to look for it; bodies are looked through by the validator. */
function refuseUnstorable({ params, query }: FastifyRequest): void {
  const holdsNul = (values: unknown): boolean =>
    Object.values(values ?? {}).some((value) => String(value).includes('\0'))
  if (holdsNul(params)) throw new ApiError('not_found', 'No id contains U+0000.')
  if (holdsNul(query)) throw new ApiError('invalid_request', 'query: holds U+0000')
}

/** Repeated keys become lists; everything else stays text for the validator to read. */
function parseQuery(text: string): Record<string, string | string[]> {
  const query: Record<string, string | string[]> = Object.create(null)
  for (const [key, value] of new URLSearchParams(text)) {
    const before = query[key]
    query[key] = before === undefined ? value : [...(Array.isArray(before) ? before : [before]), value]
  }
  return query
}
